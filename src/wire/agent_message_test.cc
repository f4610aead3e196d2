#include "wire/agent_message.h"

#include <gtest/gtest.h>

#include "wire/test_vectors.h"

namespace fumidai::wire {
namespace {

// Messages made by AWS's own Go code, see the notes in the file.
TEST(AgentMessage, foreign_messages_parse_and_encode_to_the_same_bytes) {
  int checked = 0;
  auto file = read_vectors("agent-message.json");
  for (auto const& vector : file.at("vectors").as_array()) {
    if (vector.as_object().contains("expect_serialize_error")) continue;
    auto name = text_of(vector.at("name"));
    auto const& decoded = vector.at("decoded");
    auto bytes = *from_hex(text_of(vector.at("message_hex")));
    auto message = AgentMessage::parse(bytes);
    ASSERT_TRUE(message) << name << ": " << message.error().detail;
    EXPECT_EQ(message->type, text_of(decoded.at("message_type"))) << name;
    EXPECT_EQ(message->schema_version, decoded.at("schema_version").to_number<std::uint32_t>()) << name;
    EXPECT_EQ(message->created_ms, decoded.at("created_date").to_number<std::uint64_t>()) << name;
    EXPECT_EQ(message->sequence, decoded.at("sequence_number").to_number<std::int64_t>()) << name;
    EXPECT_EQ(message->flags, decoded.at("flags").to_number<std::uint64_t>()) << name;
    EXPECT_EQ(message->id.text(), text_of(decoded.at("message_id"))) << name;
    EXPECT_EQ(to_hex(message->digest), text_of(decoded.at("payload_digest_hex"))) << name;
    EXPECT_EQ(static_cast<std::uint32_t>(message->payload_type),
              decoded.at("payload_type").to_number<std::uint32_t>())
        << name;
    EXPECT_EQ(to_hex(message->payload), text_of(decoded.at("payload_hex"))) << name;
    EXPECT_EQ(message->has_right_digest(), vector.at("digest_matches_payload").as_bool()) << name;
    if (message->has_right_digest() && message->created_ms != 0) {
      EXPECT_EQ(message->encode(), bytes) << name;
    }
    checked++;
  }
  EXPECT_EQ(checked, 24);
}

TEST(AgentMessage, refuses_every_truncation_of_its_header) {
  auto bytes = make_message(message_type::channel_closed, "{}", from_millis(1));
  for (std::size_t length = 0; length < AgentMessage::kPayloadOffset; length++) {
    EXPECT_FALSE(AgentMessage::parse(ByteView(bytes).first(length))) << length;
  }
  EXPECT_TRUE(AgentMessage::parse(bytes));
}

TEST(AgentMessage, refuses_what_makes_other_implementations_stumble) {
  auto good = make_message(message_type::acknowledge, "{}", from_millis(1));
  auto with = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    return bytes;
  };
  EXPECT_FALSE(
      AgentMessage::parse(with(3, 117)));  // a header length beyond the message makes AWS's agent panic
  EXPECT_FALSE(AgentMessage::parse(with(0, 0xff)));
  auto no_type = good;
  std::fill(no_type.begin() + 4, no_type.begin() + 36, ' ');
  EXPECT_FALSE(AgentMessage::parse(no_type));
  auto no_date = good;
  std::fill(no_date.begin() + 40, no_date.begin() + 48, 0);
  EXPECT_FALSE(AgentMessage::parse(no_date));
}

}  // namespace
}  // namespace fumidai::wire
