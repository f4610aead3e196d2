#pragma once

// For tests: two ends of a data channel, and what passes between them by hand. Time is a number.

#include <gtest/gtest.h>

#include "wire/data_channel.h"
#include "wire/session_payloads.h"

namespace fumidai::wire {

class Ends : public testing::Test {
 protected:
  // Gives all that `from` wants to write to `to`.
  void carry(DataChannel& from, DataChannel& to) {
    while (auto message = from.take_output(now)) EXPECT_TRUE(to.receive(*AgentMessage::parse(*message), now));
  }
  static std::string text(std::optional<DataChannel::Delivery> const& delivery) {
    return delivery ? std::string(as_text(delivery->payload)) : "(nothing)";
  }
  static Bytes stream_message(std::int64_t sequence, std::string_view payload,
                              std::string_view type = message_type::input_stream_data) {
    AgentMessage message;
    message.type = type;
    message.created_ms = 1;
    message.sequence = sequence;
    message.payload_type = PayloadType::output;
    message.payload = as_bytes(payload);
    return message.encode();
  }
  static int acknowledgements_in(DataChannel& channel, DataChannel::Instant at) {
    int count = 0;
    while (auto message = channel.take_output(at))
      count += AgentMessage::parse(*message)->type == message_type::acknowledge;
    return count;
  }

  FixedClock clock{from_millis(1)};
  DataChannel agent{{.is_agent = true, .send_window = 1000, .receive_window = 2000}, clock};
  DataChannel client{{.send_window = 1000, .receive_window = 2000}, clock};
  DataChannel::Instant now{std::chrono::hours(1)};
};

}  // namespace fumidai::wire
