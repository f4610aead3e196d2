#include "wire/data_channel.h"

#include <algorithm>
#include <cassert>

#include "wire/session_payloads.h"

namespace fumidai::wire {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

// How far ahead of a gap a peer may run, in messages. AWS's agent keeps 100,000, its plugin 10,000.
constexpr std::int64_t kMostAhead = 10'000;
// Acknowledgements that wait to be written before we stop reading: a peer that sends but does not read.
constexpr std::size_t kMostAcknowledgements = 4096;
// What each stored message costs besides its payload, so that many tiny ones are bounded too.
constexpr std::size_t kMessageOverhead = 128;
// Timing as in AWS's programs (session-manager.md 9.1).
constexpr milliseconds kClockGranularity = 10ms, kMostTimeout = 1s;

std::size_t cost_of(ByteView payload) {
  return payload.size() + kMessageOverhead;
}

milliseconds elapsed(DataChannel::Instant from, DataChannel::Instant to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

}  // namespace

std::string_view DataChannel::own_type() const {
  return options_.is_agent ? message_type::output_stream_data : message_type::input_stream_data;
}

std::string_view DataChannel::peer_type() const {
  return options_.is_agent ? message_type::input_stream_data : message_type::output_stream_data;
}

DataChannel::Outgoing* DataChannel::outgoing(std::int64_t sequence) {
  if (sequence < oldest_ || sequence >= next_sequence_) return nullptr;
  return &unacknowledged_[static_cast<std::size_t>(sequence - oldest_)];
}

void DataChannel::queue(std::int64_t sequence) {
  auto* entry = outgoing(sequence);
  if (entry == nullptr || entry->queued || entry->acknowledged) return;
  entry->queued = true;
  to_send_.push_back(sequence);
}

void DataChannel::send(PayloadType type, ByteView payload) {
  assert(!payload.empty());
  AgentMessage message;
  message.type = own_type();
  message.created_ms = static_cast<std::uint64_t>(to_millis(clock_.now()));
  message.sequence = next_sequence_;
  // AWS's agent marks its first message, its plugin none; no receiver looks.
  message.flags = options_.is_agent && next_sequence_ == 0 ? AgentMessage::kSyn : 0;
  message.payload_type = type;
  message.payload = payload;
  message.is_digested = !omits_digests_;

  Outgoing entry;
  entry.message = std::make_shared<Bytes const>(message.encode());
  entry.payload_size = payload.size();
  unacknowledged_.push_back(std::move(entry));
  unacknowledged_bytes_ += cost_of(payload);
  // Registered before it is written, so that no acknowledgement can come too early (session-manager.md 9.5).
  queue(next_sequence_++);
}

Result<bool> DataChannel::receive(AgentMessage const& message, Instant now) {
  if (message.type == message_type::acknowledge) {
    CHECK(on_acknowledge(message, now));
    return true;
  }
  if (message.type != peer_type()) return false;
  bool needs_digest = needs_digests_ || message.has_digest();
  if (needs_digest && !message.payload.empty() && !message.has_right_digest()) {
    return Error{Errc::malformed, "a message whose digest does not fit its payload"};
  }
  on_data(message);
  return true;
}

Result<void> DataChannel::on_acknowledge(AgentMessage const& message, Instant now) {
  TRY(auto ack, from_json_text<Acknowledge>(as_text(message.payload)));
  auto sequence = ack.acknowledged_message_sequence_number;
  auto* entry = outgoing(sequence);
  if (entry == nullptr || entry->acknowledged) return success();
  // Only a message sent once tells the round trip: of two copies one does not know which was acknowledged.
  if (entry->sends == 1 && !entry->queued) measure_round_trip(elapsed(entry->last_sent, now));
  bool was_resent = entry->sends > 1;
  entry->acknowledged = true;
  entry->message.reset();
  unacknowledged_bytes_ -= entry->payload_size + kMessageOverhead;
  while (!unacknowledged_.empty() && unacknowledged_.front().acknowledged) {
    unacknowledged_.pop_front();
    oldest_++;
  }
  // The repair of one gap is the moment to repair the next: recovery runs at the speed of acknowledgements.
  if (was_resent) resend_oldest_if_overdue(now);
  return success();
}

void DataChannel::measure_round_trip(milliseconds measured) {
  auto difference = round_trip_ > measured ? round_trip_ - measured : measured - round_trip_;
  variation_ = (3 * variation_ + difference) / 4;
  round_trip_ = (7 * round_trip_ + measured) / 8;
  timeout_ = std::min(kMostTimeout, round_trip_ + std::max(kClockGranularity, 4 * variation_));
}

milliseconds DataChannel::timeout_of(Outgoing const& oldest) const {
  auto doublings = std::min(oldest.sends - 1, 6);
  return std::min<milliseconds>(kMostTimeout, timeout_ * (1 << std::max(0, doublings)));
}

void DataChannel::resend_oldest_if_overdue(Instant now) {
  if (unacknowledged_.empty()) return;
  auto const& oldest = unacknowledged_.front();
  if (oldest.queued || oldest.sends == 0) return;
  if (now - oldest.last_sent >= timeout_of(oldest)) queue(oldest_);
}

DataChannel::Instant DataChannel::next_tick() const {
  if (unacknowledged_.empty()) return Instant::max();
  auto const& oldest = unacknowledged_.front();
  if (oldest.queued || oldest.sends == 0) return Instant::max();
  return oldest.last_sent + timeout_of(oldest);
}

void DataChannel::tick(Instant now) {
  resend_oldest_if_overdue(now);
}

void DataChannel::reconnected() {
  to_send_.clear();
  for (auto& entry : unacknowledged_) entry.queued = false;
  for (auto sequence = oldest_; sequence < next_sequence_; sequence++) queue(sequence);
}

DataChannel::Message DataChannel::take_output(Instant now) {
  if (!acknowledgements_.empty()) {
    auto message = std::move(acknowledgements_.front());
    acknowledgements_.pop_front();
    return message;
  }
  while (!to_send_.empty()) {
    auto* entry = outgoing(to_send_.front());
    to_send_.pop_front();
    if (entry == nullptr || entry->acknowledged) continue;
    entry->queued = false;
    entry->last_sent = now;
    entry->sends++;
    return entry->message;
  }
  return nullptr;
}

bool DataChannel::wants_input() const {
  if (acknowledgements_.size() >= kMostAcknowledgements) return false;
  return delivered_bytes_ < options_.receive_window || !can_send();
}

void DataChannel::on_data(AgentMessage const& message) {
  Received received{message.sequence, message.id};
  if (message.sequence < expected_) {
    if (!is_withheld(message.sequence)) acknowledge(received);  // its acknowledgement was lost
    return;
  }
  bool is_early = message.sequence > expected_;
  // What finds no room is neither stored nor acknowledged: the peer sends it again. The message that is
  // waited for needs less room than one beyond a gap, or a store full of early ones would keep it out for
  // ever.
  auto cost = cost_of(message.payload);
  bool has_room = is_early ? delivered_bytes_ + early_bytes_ + cost <= options_.receive_window
                           : delivered_bytes_ < options_.receive_window;
  if (!has_room || message.sequence - expected_ > kMostAhead) return;
  if (is_early) {
    auto [at, is_new] = early_.try_emplace(message.sequence);
    if (is_new) {
      at->second = {message.payload_type, to_bytes(message.payload)};
      early_bytes_ += cost;
    }
    return acknowledge(received);
  }
  if (delivered_bytes_ < options_.acknowledge_below) {
    acknowledge(received);
  } else {
    withheld_.push_back(received);
  }
  deliver({message.payload_type, to_bytes(message.payload)});
  for (auto next = early_.begin(); next != early_.end() && next->first == expected_;
       next = early_.erase(next)) {
    early_bytes_ -= cost_of(next->second.payload);
    deliver(std::move(next->second));
  }
}

void DataChannel::deliver(Delivery delivery) {
  expected_++;
  delivered_bytes_ += cost_of(delivery.payload);
  deliveries_.push_back(std::move(delivery));
}

std::optional<DataChannel::Delivery> DataChannel::take_delivery() {
  if (deliveries_.empty()) return std::nullopt;
  auto delivery = std::move(deliveries_.front());
  deliveries_.pop_front();
  delivered_bytes_ -= cost_of(delivery.payload);
  auto taken = expected_ - static_cast<std::int64_t>(deliveries_.size());  // all before it
  while (!withheld_.empty() &&
         (withheld_.front().sequence < taken || delivered_bytes_ < options_.acknowledge_below)) {
    acknowledge(withheld_.front());
    withheld_.pop_front();
  }
  return delivery;
}

bool DataChannel::is_withheld(std::int64_t sequence) const {
  return std::ranges::binary_search(withheld_, sequence, {}, &Received::sequence);
}

void DataChannel::acknowledge(Received const& received) {
  Acknowledge ack;
  ack.acknowledged_message_type = peer_type();
  ack.acknowledged_message_id = received.id.text();
  ack.acknowledged_message_sequence_number = received.sequence;
  auto flags = AgentMessage::kSyn | AgentMessage::kFin;
  acknowledgements_.push_back(std::make_shared<Bytes const>(
      make_message(message_type::acknowledge, to_json_text(ack), clock_.now(), flags)));
}

}  // namespace fumidai::wire
