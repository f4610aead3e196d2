#include "io/tunnel_client.h"

#include <limits>

#include "wire/session_payloads.h"

namespace fumidai::io {

using namespace std::chrono_literals;
using wire::PayloadType;

namespace {

// Both directions of a tunnel that stands still hold less than a mebibyte, with all that is on the way.
constexpr std::size_t kWindow = 384 * 1024, kLittleWindow = 192 * 1024;
// In a wide one that is what is sent and not acknowledged, as much that came and is acknowledged, and as much
// that came and is not.
constexpr std::size_t kWideWindow = 208 * 1024, kLittleWideWindow = 128 * 1024;
// An end of the usual room sends so much more than is acknowledged, and a message beyond.
constexpr std::size_t kMostUnacknowledged = kWideWindow + tunnel_payload(true);
constexpr std::size_t kSpareRoom = 64 * 1024 * 1024;
constexpr std::size_t kStockPayload = 1024;

}  // namespace

wire::DataChannelOptions tunnel_channel(bool is_agent, TunnelRoom room) {
  static wire::SpareRoom spare(kSpareRoom);  // of all tunnels of the process
  auto window = room == TunnelRoom::usual ? kWindow : kLittleWindow;
  return {.is_agent = is_agent,
          .send_window = window,
          .receive_window = window,
          .acknowledge_below = std::numeric_limits<std::size_t>::max(),
          .spare = &spare};
}

wire::DataChannelOptions wide_tunnel_channel(bool is_agent, TunnelRoom room) {
  auto options = tunnel_channel(is_agent, room);
  options.send_window = room == TunnelRoom::usual ? kWideWindow : kLittleWideWindow;
  options.acknowledge_below = options.send_window;
  options.receive_window = options.acknowledge_below + kMostUnacknowledged;
  return options;
}

TunnelClient::TunnelClient(asio::any_io_executor executor, Clock const& clock, std::string version,
                           DataLink::Connect connect, TunnelRoom room)
    : version_(std::move(version)),
      room_(room),
      link_(executor,
            {.channel = tunnel_channel(false, room), .ping_every = 3s, .dead_after = 8s, .most_outage = 5min},
            clock, std::move(connect), [this](wire::AgentMessage const& message) { on_control(message); }) {
  link_.on_connection = [this](bool connected, std::string const& why) { on_connection(connected, why); };
}

awaitable<Result<void>> TunnelClient::run() {
  auto ended = co_await link_.run();
  if (!ended && farewell_.empty()) farewell_ = ended.error().detail;
  co_return ended;
}

void TunnelClient::on_connection(bool connected, std::string const& why) {
  if (heard_goodbye_ || !on_notice) return;
  if (!connected) on_notice("connection lost (" + why + "); connecting again");
  if (connected && was_lost_) on_notice("connected again; nothing was lost");
  was_lost_ = !connected;
}

void TunnelClient::on_control(wire::AgentMessage const& message) {
  if (message.type == wire::message_type::session_notice) {
    auto notice = wire::from_json_text<wire::SessionNotice>(as_text(message.payload));
    if (notice && on_notice) on_notice(escaped(notice->text, 300));
    return;
  }
  if (message.type != wire::message_type::channel_closed) return;
  if (auto closed = wire::from_json_text<wire::ChannelClosed>(as_text(message.payload)))
    farewell_ = escaped(closed->output, 1024);
  heard_goodbye_ = true;
  link_.close();
}

Error TunnelClient::why_over() const {
  return {Errc::unavailable, farewell_.empty() ? "the tunnel is over" : farewell_};
}

awaitable<Result<void>> TunnelClient::open(SteadyTime deadline) {
  bool answered = false;
  for (;;) {
    auto next = co_await link_.receive_until(deadline);
    if (!next) co_return why_over();
    auto const& delivery = *next;
    if (!delivery)
      co_return Error{Errc::deadline_exceeded, "the agent that carries the tunnel did not answer in time"};
    if (delivery->type == PayloadType::handshake_request) {
      CO_CHECK(co_await answer_handshake(delivery->payload));
      answered = true;
    } else if (delivery->type == PayloadType::handshake_complete && answered) {
      if (is_undigested_) link_.omit_digests();
      co_return success();
    } else {
      co_return Error{Errc::unavailable, "the agent broke off the handshake"};
    }
  }
}

awaitable<Result<void>> TunnelClient::answer_handshake(ByteView text) {
  CO_TRY(auto request, wire::from_json_text<wire::HandshakeRequest>(as_text(text)));
  is_native_ = request.find(wire::action::native_stream) != nullptr;
  is_undigested_ = request.find(wire::action::no_digests) != nullptr;
  if (is_undigested_) link_.accept_no_digests();
  if (request.find(wire::action::wide_window) != nullptr) link_.widen(wide_tunnel_channel(false, room_));
  is_large_ = request.find(wire::action::large_messages) != nullptr;
  wire::HandshakeResponse response;
  response.client_version = version_;
  for (auto const& action : request.requested_client_actions) {
    using Processed = wire::ProcessedClientAction;
    bool known =
        action.action_type == wire::action::session_type ||
        action.action_type == wire::action::native_stream || action.action_type == wire::action::no_digests ||
        action.action_type == wire::action::wide_window || action.action_type == wire::action::large_messages;
    Processed processed{action.action_type, known ? Processed::kSuccess : Processed::kUnsupported, nullptr,
                        known ? "" : "this client does not know it"};
    response.processed_client_actions.push_back(std::move(processed));
  }
  auto answer = wire::to_json_text(response);
  co_return co_await link_.send(PayloadType::handshake_response, as_bytes(answer));
}

awaitable<Result<Bytes>> TunnelClient::read() {
  for (;;) {
    auto delivery = co_await link_.receive();
    if (!delivery && heard_goodbye_ && farewell_.empty()) co_return Bytes();
    if (!delivery) co_return why_over();
    if (delivery->is_flag(wire::flag::end_of_input)) co_return Bytes();
    if (delivery->type == PayloadType::output && !delivery->payload.empty())
      co_return std::move(delivery->payload);
  }
}

awaitable<Result<void>> TunnelClient::write(ByteView bytes) {
  auto most = is_native_ ? tunnel_payload(is_large_) : kStockPayload;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), most)))
    CO_CHECK(co_await link_.send(PayloadType::output, bytes.first(std::min(bytes.size(), most))));
  co_return success();
}

awaitable<Result<void>> TunnelClient::finish_writing() {
  if (!is_native_) co_return success();
  auto flag = wire::encode_flag(wire::flag::end_of_input);
  co_return co_await link_.send(PayloadType::flag, flag);
}

awaitable<void> TunnelClient::close(SteadyClock::duration patience) {
  link_.stop_receiving();
  // Else the other end would wait for our return.
  auto over = wire::encode_flag(wire::flag::terminate_session);
  bool is_said = false, is_drained = true;
  for (int i = 0; i < 2 && is_drained && !is_said;
       i++) {  // behind what the window is full of, if that gets through
    is_said = heard_goodbye_ || link_.can_send();
    if (is_said && !heard_goodbye_) co_await link_.send(PayloadType::flag, over);
    is_drained = co_await link_.drain(patience);
  }
  link_.close();
}

}  // namespace fumidai::io
