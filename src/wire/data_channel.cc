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
// How much a wide channel may have under way, or waiting, beyond its window.
constexpr std::size_t kMostBeyond = 4 * 1024 * 1024;
// What more than its window leaves room for: a message of the largest kind.
constexpr std::size_t kStep = 128 * 1024;
// Ends that are near wait for each other's processors longer than for the network.
constexpr auto kLeastFlow = 10ms;
// What takes longer waits for a consumer.
constexpr auto kMostFlow = 1s;
// Of a wide channel: a peer may withhold acknowledgements for long, and what is repeated meanwhile is large.
// Not longer: nobody says when there is room again for what found none.
constexpr milliseconds kMostWideTimeout = 5s;
// At first, and when that was acknowledged.
constexpr std::size_t kMostRepeated = 64 * 1024, kMostRepeatedAfter = 256 * 1024;
// How often acknowledgements are asked for: the window never closes while all is well.
constexpr int kAsksInWindow = 4;
// Timing as in AWS's programs (session-manager.md 9.1).
constexpr milliseconds kClockGranularity = 10ms, kMostTimeout = 1s;

std::size_t excess(std::size_t value, std::size_t over) {
  return value - std::min(value, over);
}

std::size_t cost_of(ByteView payload) {
  return payload.size() + kMessageOverhead;
}

}  // namespace

bool DataChannel::Delivery::is_flag(std::uint32_t value) const {
  if (type != PayloadType::flag) return false;
  auto flag = parse_flag(payload);
  return flag && *flag == value;
}

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
  if (asks_for_acknowledgement(type, payload)) message.flags |= AgentMessage::kAcknowledge;
  message.payload_type = type;
  message.payload = payload;
  message.is_digested = !omits_digests_;

  Outgoing entry;
  entry.message = std::make_shared<Bytes const>(message.encode());
  entry.payload_size = payload.size();
  unacknowledged_.push_back(std::move(entry));
  unacknowledged_bytes_ += cost_of(payload);
  take_room_to_send();
  // Registered before it is written, so that no acknowledgement can come too early (session-manager.md 9.5).
  queue(next_sequence_++);
}

bool DataChannel::asks_for_acknowledgement(PayloadType type, ByteView payload) {
  if (!is_wide_) return false;
  unasked_bytes_ += cost_of(payload);
  bool asks = type != PayloadType::output ||
              unasked_bytes_ >= (options_.send_window + beyond_) / kAsksInWindow ||
              (next_sequence_ + 1) % (kMostUnacknowledged / kAsksInWindow) == 0;
  if (asks) unasked_bytes_ = 0;
  return asks;
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
  if (entry == nullptr) return success();
  // Only a message sent once tells the round trip: of two copies one does not know which was acknowledged.
  bool tells_round_trip = !entry->acknowledged && entry->sends == 1 && !entry->queued;
  if (tells_round_trip) measure_round_trip(now - entry->last_sent);
  bool was_resent = !entry->acknowledged && entry->sends > 1;
  auto before = unacknowledged_bytes_;
  auto first = ack.covers_all_before.value_or(false) ? oldest_ : sequence;
  for (auto each = first; each <= sequence; each++) release(*outgoing(each));
  follow_flow(before - unacknowledged_bytes_, now);
  take_room_to_send();
  while (!unacknowledged_.empty() && unacknowledged_.front().acknowledged) {
    unacknowledged_.pop_front();
    oldest_++;
  }
  // The repair of one gap is the moment to repair the next: recovery runs at the speed of acknowledgements.
  if (was_resent) resend_overdue(is_wide_ ? kMostRepeatedAfter : 1, now);
  return success();
}

void DataChannel::release(Outgoing& entry) {
  if (std::exchange(entry.acknowledged, true)) return;
  entry.message.reset();
  unacknowledged_bytes_ -= entry.payload_size + kMessageOverhead;
}

// What is acknowledged in two round trips may be under way: a flow that its window holds back doubles with
// each of them, and one that its consumer holds back gets no more than that takes.
void DataChannel::follow_flow(std::size_t acknowledged, Instant now) {
  if (!is_wide_ || shortest_round_trip_ == Instant::duration::max()) return;
  flown_ += acknowledged;
  auto span = std::clamp<Instant::duration>(2 * shortest_round_trip_, kLeastFlow, kMostFlow);
  auto took = now - flow_since_;
  if (took < span) return;
  auto flow = static_cast<std::size_t>(static_cast<double>(flown_) * (span / 1.0s) / (took / 1.0s));
  beyond_ = std::min(excess(flow, options_.send_window), kMostBeyond);
  flow_since_ = now;
  flown_ = 0;
}

void DataChannel::take_room_to_send() {
  if (is_wide_) sending_.resize(excess(unacknowledged_bytes_, options_.send_window));
}

void DataChannel::measure_round_trip(Instant::duration exactly) {
  shortest_round_trip_ = std::min(shortest_round_trip_, exactly);
  auto measured = std::chrono::duration_cast<milliseconds>(exactly);
  auto difference = round_trip_ > measured ? round_trip_ - measured : measured - round_trip_;
  variation_ = (3 * variation_ + difference) / 4;
  round_trip_ = (7 * round_trip_ + measured) / 8;
  auto owed = is_wide_ ? 2 * kLongestOwed : 0ms;
  timeout_ = std::min(kMostTimeout, round_trip_ + owed + std::max(kClockGranularity, 4 * variation_));
}

milliseconds DataChannel::timeout_of(Outgoing const& oldest) const {
  auto doublings = std::min(oldest.sends - 1, is_wide_ ? 12 : 6);
  return std::min<milliseconds>(is_wide_ ? kMostWideTimeout : kMostTimeout,
                                timeout_ * (1 << std::max(0, doublings)));
}

// The oldest, and of those after it what is overdue, too: about so many bytes.
void DataChannel::resend_overdue(std::size_t bytes, Instant now) {
  std::size_t resent = 0;
  for (auto sequence = oldest_; sequence < next_sequence_ && resent < bytes; sequence++) {
    auto const& each = *outgoing(sequence);
    if (each.acknowledged) continue;
    if (each.queued || each.sends == 0 || now - each.last_sent < timeout_of(each)) return;
    queue(sequence);
    resent += each.payload_size + kMessageOverhead;
  }
}

DataChannel::Instant DataChannel::next_tick() const {
  if (unacknowledged_.empty()) return Instant::max();
  auto const& oldest = unacknowledged_.front();
  if (oldest.queued || oldest.sends == 0) return Instant::max();
  return oldest.last_sent + timeout_of(oldest);
}

void DataChannel::tick(Instant now) {
  resend_overdue(is_wide_ ? kMostRepeated : 1, now);
}

void DataChannel::reconnected() {
  to_send_.clear();
  for (auto& entry : unacknowledged_) {
    entry.queued = false;
    entry.sends = std::min(entry.sends, 1);  // soon again, if need be
  }
  shortest_round_trip_ = Instant::duration::max();  // by another way, perhaps
  if (is_wide_) owed_ = latest_;                    // whose acknowledgement may have been lost
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
  return delivered_bytes_ < options_.receive_window + receiving_.size() || !can_send();
}

void DataChannel::on_data(AgentMessage const& message) {
  Received received{message.sequence, message.id, (message.flags & AgentMessage::kAcknowledge) != 0};
  if (message.sequence < expected_) {
    if (!is_withheld(message.sequence)) acknowledge_again(received);  // its acknowledgement was lost
    return;
  }
  bool is_early = message.sequence > expected_;
  // What finds no room is neither stored nor acknowledged: the peer sends it again. The message that is
  // waited for needs less room than one beyond a gap, or a store full of early ones would keep it out for
  // ever.
  auto cost = cost_of(message.payload);
  auto room = options_.receive_window + receiving_.size();
  bool has_room = is_early ? delivered_bytes_ + early_bytes_ + cost <= room : delivered_bytes_ < room;
  if (!has_room || message.sequence - expected_ > kMostAhead) return;
  if (is_early) {
    auto [at, is_new] = early_.try_emplace(message.sequence);
    if (is_new) {
      at->second = {message.payload_type, to_bytes(message.payload)};
      early_bytes_ += cost;
      follow_consumer();
    }
    return acknowledge(received);
  }
  if (delivered_bytes_ < options_.acknowledge_below) {
    acknowledge_in_order(received);
  } else {
    withheld_.push_back(received);
  }
  deliver({message.payload_type, to_bytes(message.payload)});
  if (!early_.empty()) acknowledge_owed();  // the sender has more to repeat
  for (auto next = early_.begin(); next != early_.end() && next->first == expected_;
       next = early_.erase(next)) {
    early_bytes_ -= cost_of(next->second.payload);
    deliver(std::move(next->second));
  }
  follow_consumer();
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
    acknowledge_in_order(withheld_.front());
    withheld_.pop_front();
  }
  follow_consumer();
  return delivery;
}

// Whatever a wide peer has under way finds room, as long as the process has it.
void DataChannel::follow_consumer() {
  if (!is_wide_) return;
  auto wanted = delivered_bytes_ + early_bytes_ + kStep;
  receiving_.resize(std::min(excess(wanted, options_.receive_window), kMostBeyond + kStep));
}

bool DataChannel::is_withheld(std::int64_t sequence) const {
  return std::ranges::binary_search(withheld_, sequence, {}, &Received::sequence);
}

void DataChannel::acknowledge(Received const& received) {
  push_acknowledgement(received, false);
}

void DataChannel::acknowledge_in_order(Received const& received) {
  if (!is_wide_) return acknowledge(received);
  owed_ = latest_ = received;
  if (received.is_asked) acknowledge_owed();
}

// At once with all that is known to have come: each would be repeated by itself otherwise.
void DataChannel::acknowledge_again(Received const& received) {
  if (!latest_ || received.sequence > latest_->sequence) return acknowledge(received);
  owed_ = latest_;
  acknowledge_owed();
}

void DataChannel::acknowledge_owed() {
  if (owed_) push_acknowledgement(*owed_, true);
  owed_.reset();
}

void DataChannel::push_acknowledgement(Received const& received, bool covers_all_before) {
  Acknowledge ack;
  ack.acknowledged_message_type = peer_type();
  ack.acknowledged_message_id = received.id.text();
  ack.acknowledged_message_sequence_number = received.sequence;
  if (covers_all_before) ack.covers_all_before = true;
  auto flags = AgentMessage::kSyn | AgentMessage::kFin;
  acknowledgements_.push_back(std::make_shared<Bytes const>(
      make_message(message_type::acknowledge, to_json_text(ack), clock_.now(), flags)));
}

}  // namespace fumidai::wire
