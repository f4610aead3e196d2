// Two ends of a data channel over a network that the input drives: each byte is one event. Nothing may arrive
// twice, altered or out of order; neither end may hold more than its windows; and once the network behaves,
// everything arrives. An input that begins with an odd byte adds a third party that says whatever it likes,
// which may spoil the content but neither crash nor fill an end.

#include <algorithm>
#include <set>
#include <vector>

#include "input.h"
#include "wire/data_channel.h"
#include "wire/session_payloads.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;
using namespace std::chrono_literals;

constexpr std::size_t kSendWindow = 2048, kReceiveWindow = 3072, kMostPayload = 600, kOverhead = 128;

std::uint8_t content(std::size_t at) {
  return static_cast<std::uint8_t>(at * 2654435761u >> 13);
}

class Network {
 public:
  explicit Network(bool hostile) : hostile_(hostile) {}

  void run(fuzz::Input& script) {
    while (!script.empty()) {
      event(script);
      check_windows();
    }
  }

  // The network behaves from now on: whatever was accepted arrives.
  void settle() {
    for (int round = 0; round < 4000 && !(is_done(0) && is_done(1)); round++) {
      for (int end = 0; end < 2; end++) {
        consume(end);
        write_all(end);
      }
      for (int end = 0; end < 2; end++) {
        while (!wire_[end].empty()) arrive(end, 0);
      }
      advance(50ms);
    }
    require(is_done(0) && is_done(1));
  }

 private:
  struct End {
    DataChannel channel;
    std::vector<std::size_t> sent_sizes;  // by sequence number
    std::size_t sent = 0, got = 0;
    std::set<std::int64_t> stored;  // what this end acknowledged
    std::size_t stored_bytes = 0;
  };

  void event(fuzz::Input& script) {
    auto code = script.byte();
    int end = code & 1;
    switch (code >> 1 & 7) {
      case 0:
      case 1: return send(end, 1 + script.byte() * 2 % kMostPayload);
      case 2: return write_all(end);
      case 3: return arrive(end, script.byte());
      case 4: return lose_or_repeat(end, script.byte());
      case 5: return consume(end);
      case 6: return advance(std::chrono::milliseconds(script.byte()));
      default: return (code & 0x10) != 0 && hostile_ ? interfere(end, script) : reconnect();
    }
  }

  void send(int end, std::size_t size) {
    auto& from = ends_[end];
    if (!from.channel.can_send()) return;
    Bytes payload(size);
    for (auto& byte : payload) byte = content(from.sent++);
    from.channel.send(PayloadType::output, payload);
    from.sent_sizes.push_back(size);
  }

  void write_all(int end) {
    while (auto message = ends_[end].channel.take_output(now_)) {
      note_acknowledgement(end, *message);
      wire_[1 - end].push_back(*message);
    }
  }

  // An acknowledgement means that the end keeps the message until it is consumed.
  void note_acknowledgement(int end, Bytes const& bytes) {
    auto message = AgentMessage::parse(bytes).value();
    if (message.type != message_type::acknowledge || hostile_) return;
    auto sequence =
        from_json_text<Acknowledge>(as_text(message.payload)).value().acknowledged_message_sequence_number;
    auto const& sizes = ends_[1 - end].sent_sizes;
    require(sequence >= 0 && static_cast<std::size_t>(sequence) < sizes.size());
    if (ends_[end].stored.insert(sequence).second)
      ends_[end].stored_bytes += sizes[static_cast<std::size_t>(sequence)];
  }

  // Whatever lies on the wire may arrive next: that is reordering.
  void arrive(int end, std::size_t which) {
    auto& wire = wire_[end];
    if (wire.empty() || !ends_[end].channel.wants_input()) return consume(end);
    auto at = wire.begin() + static_cast<std::ptrdiff_t>(which % wire.size());
    auto bytes = std::move(*at);
    wire.erase(at);
    auto verdict = ends_[end].channel.receive(AgentMessage::parse(bytes).value(), now_);
    require(verdict && *verdict);
  }

  void lose_or_repeat(int end, std::uint8_t which) {
    auto& wire = wire_[end];
    if (wire.empty()) return;
    auto at = wire.begin() + static_cast<std::ptrdiff_t>((which >> 1) % wire.size());
    if ((which & 1) != 0) {
      wire.erase(at);
    } else if (wire.size() < 64) {
      wire.push_back(Bytes(*at));
    }
  }

  void consume(int end) {
    while (auto delivery = ends_[end].channel.take_delivery()) {
      if (hostile_) continue;
      require(!delivery->payload.empty() && delivery->type == PayloadType::output);
      for (auto byte : delivery->payload) require(byte == content(ends_[end].got++));
    }
    require(hostile_ || ends_[end].got <= ends_[1 - end].sent);
  }

  void advance(std::chrono::milliseconds by) {
    now_ += by;
    clock_.advance(by);
    for (auto& end : ends_) {
      if (end.channel.next_tick() <= now_) end.channel.tick(now_);
    }
  }

  void reconnect() {
    for (auto& wire : wire_) wire.clear();
    for (auto& end : ends_) end.channel.reconnected();
  }

  void interfere(int end, fuzz::Input& script) {
    static constexpr std::string_view kTypes[] = {message_type::input_stream_data,
                                                  message_type::output_stream_data, message_type::acknowledge,
                                                  message_type::channel_closed};
    auto code = script.byte();
    Acknowledge ack;
    ack.acknowledged_message_sequence_number = static_cast<std::int8_t>(script.byte());
    auto payload = (code & 4) != 0 ? to_json_text(ack) : std::string(script.byte(), 'x');
    AgentMessage message;
    message.type = kTypes[code & 3];
    message.sequence = static_cast<std::int8_t>(script.byte());
    if ((code & 8) != 0) message.sequence <<= 56;
    message.payload_type = PayloadType::output;
    message.payload = as_bytes(payload);
    if ((code & 16) == 0) message.digest = sha256(message.payload);
    if (ends_[end].channel.wants_input()) static_cast<void>(ends_[end].channel.receive(message, now_));
  }

  void check_windows() const {
    for (auto const& end : ends_) {
      require(end.channel.unacknowledged_bytes() <= kSendWindow + kMostPayload + kOverhead);
      require(end.stored_bytes <= end.got + kReceiveWindow + kMostPayload + kOverhead || hostile_);
    }
  }

  bool is_done(int end) const {
    return ends_[end].channel.all_acknowledged() && ends_[1 - end].got == ends_[end].sent;
  }

  bool hostile_;
  FixedClock clock_{from_millis(1'700'000'000'000)};
  DataChannel::Instant now_{1h};
  End ends_[2] = {
      {{{.is_agent = true, .send_window = kSendWindow, .receive_window = kReceiveWindow}, clock_}},
      {{{.is_agent = false, .send_window = kSendWindow, .receive_window = kReceiveWindow}, clock_}}};
  std::vector<Bytes> wire_[2];  // what travels towards each end
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz::Input script(data, std::min<std::size_t>(size, 1024));
  bool hostile = (script.byte() & 1) != 0;
  Network network(hostile);
  network.run(script);
  if (!hostile) network.settle();
  return 0;
}
