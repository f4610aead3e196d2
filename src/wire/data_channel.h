#pragma once

// One end of a data channel: sequence numbers, acknowledgements and retransmission of the session-manager
// protocol (docs/wire/session-manager.md, "Order and loss"), without a socket and without a clock. Lives as
// long as its session: when the connection breaks, the same object goes on over the next one, and nothing is
// lost or repeated.
//
// The owner moves bytes: each arriving stream message or acknowledge goes to receive(), whatever
// take_output() gives is written in order, take_delivery() yields the peer's payloads in order, tick() is
// called at next_tick().
//
// Memory is bounded by the options whatever the peer does. When the consumer is slow, wants_input() says to
// stop reading from the connection, and when the peer is slow, can_send() says to stop reading from the
// source.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/agent_message.h"
#include "wire/spare_room.h"

namespace fumidai::wire {

struct DataChannelOptions {
  // What this end sends: an agent output_stream_data, a client input_stream_data.
  bool is_agent = false;
  // Unacknowledged payload that we keep for retransmission.
  std::size_t send_window = 256 * 1024;
  // Payload received and not yet taken, in order or not.
  std::size_t receive_window = 512 * 1024;
  // What arrives while more than this waits to be taken is acknowledged only when it is taken itself, or less
  // waits. Between the two a whole send window of our own programs has room, so that a consumer that lags
  // loses none of their messages.
  std::size_t acknowledge_below = 160 * 1024;
  // What both windows of a wide channel grow into; nothing: they do not.
  SpareRoom* spare = nullptr;
};

class DataChannel {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Message = std::shared_ptr<Bytes const>;

  struct Delivery {
    PayloadType type;
    Bytes payload;
    bool is_flag(std::uint32_t value) const;
  };

  DataChannel(DataChannelOptions options, Clock const& clock)
      : options_(options), clock_(clock), sending_(options.spare), receiving_(options.spare) {}

  // Sending. Payloads are never empty: AWS's programs cannot read such a message.
  bool can_send() const {
    auto window = options_.send_window + std::min(beyond_, sending_.most());
    return unacknowledged_bytes_ < window && unacknowledged_.size() < kMostUnacknowledged;
  }
  void send(PayloadType type, ByteView payload);
  bool all_acknowledged() const { return unacknowledged_.empty(); }
  std::size_t unacknowledged_bytes() const { return unacknowledged_bytes_; }

  // Between ends that agreed that TLS is enough: what is sent from now on has no digest, or what comes may
  // have none.
  void omit_digests() { omits_digests_ = true; }
  void accept_no_digests() { needs_digests_ = false; }

  // Between ends that agreed on it. The window follows what flows: what was acknowledged in two round trips
  // may be under way. One acknowledgement stands for several messages: it comes when their sender asks for
  // one, and is owed no longer than kLongestOwed.
  void widen(DataChannelOptions const& wide) {
    options_ = wide;
    is_wide_ = true;
  }
  bool owes_acknowledgement() const { return owed_.has_value(); }
  void acknowledge_owed();
  static constexpr std::chrono::milliseconds kLongestOwed{10};

  // A stream message of the peer, or an acknowledge. Anything else is not for this class: false.
  // Error: malformed, when an acknowledge is not one, or a digest is wrong.
  Result<bool> receive(AgentMessage const& message, Instant now);
  std::optional<Delivery> take_delivery();
  bool has_delivery() const { return !deliveries_.empty(); }

  // Should the owner go on reading from the connection? Not while the consumer lags, unless what we wait for
  // is an acknowledgement: a peer that echoes would otherwise be stuck with us for ever.
  bool wants_input() const;

  // The next message to write, now. An acknowledgement may overtake the write: the bytes stay valid all the
  // same.
  Message take_output(Instant now);
  bool has_output() const { return !acknowledgements_.empty() || !to_send_.empty(); }

  // Nothing to do before this; max() when nothing is in flight.
  Instant next_tick() const;
  void tick(Instant now);

  // A new connection carries the channel, or its other end has one: everything unacknowledged goes again,
  // oldest first.
  void reconnected();

 private:
  struct Outgoing {
    Message message;
    std::size_t payload_size = 0;
    Instant last_sent{};
    int sends = 0;
    bool queued = false;
    bool acknowledged = false;
  };

  // Fewer than a relay or a receiver follows.
  static constexpr std::size_t kMostUnacknowledged = 4096;

  bool asks_for_acknowledgement(PayloadType type, ByteView payload);
  std::string_view own_type() const;
  std::string_view peer_type() const;
  Outgoing* outgoing(std::int64_t sequence);
  void queue(std::int64_t sequence);
  std::chrono::milliseconds timeout_of(Outgoing const& oldest) const;
  void measure_round_trip(Instant::duration round_trip);
  void release(Outgoing& outgoing);
  void resend_overdue(std::size_t bytes, Instant now);
  void take_room_to_send();
  void follow_flow(std::size_t acknowledged, Instant now);
  void follow_consumer();
  Result<void> on_acknowledge(AgentMessage const& message, Instant now);
  struct Received {
    std::int64_t sequence;
    Uuid id;
    bool is_asked = false;  // for an acknowledgement, at once
  };

  void on_data(AgentMessage const& message);
  bool is_withheld(std::int64_t sequence) const;
  void acknowledge(Received const& received);
  void acknowledge_in_order(Received const& received);
  void acknowledge_again(Received const& received);
  void push_acknowledgement(Received const& received, bool covers_all_before);
  void deliver(Delivery delivery);

  DataChannelOptions options_;
  Clock const& clock_;
  bool omits_digests_ = false, needs_digests_ = true;
  bool is_wide_ = false;
  SpareRoom::Share sending_, receiving_;

  std::int64_t next_sequence_ = 0;
  std::int64_t oldest_ = 0;              // sequence number of unacknowledged_.front()
  std::deque<Outgoing> unacknowledged_;  // acknowledged ones in the middle stay until the oldest goes
  std::size_t unacknowledged_bytes_ = 0;
  std::size_t unasked_bytes_ = 0;     // sent since an acknowledgement was asked for
  std::deque<std::int64_t> to_send_;  // sequence numbers, in order of writing
  std::deque<Message> acknowledgements_;
  std::chrono::milliseconds round_trip_{100}, variation_{0}, timeout_{200};
  Instant::duration shortest_round_trip_ = Instant::duration::max();
  Instant flow_since_{};  // when what follows began to be counted
  std::size_t flown_ = 0;
  std::size_t beyond_ = 0;  // the window, as far as there is room

  std::int64_t expected_ = 0;
  std::map<std::int64_t, Delivery> early_;  // beyond a gap
  std::deque<Delivery> deliveries_;
  std::deque<Received> withheld_;   // delivered and not acknowledged, in order
  std::optional<Received> owed_;    // to be acknowledged with all before it
  std::optional<Received> latest_;  // acknowledged with all before it, or owed
  std::size_t early_bytes_ = 0;
  std::size_t delivered_bytes_ = 0;
};

}  // namespace fumidai::wire
