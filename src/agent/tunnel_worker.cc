#include "agent/tunnel_worker.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/cidr.h"
#include "base/log.h"
#include "io/linger.h"
#include "io/tcp.h"
#include "io/tunnel_client.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using wire::PayloadType;

namespace {

constexpr auto kDial = 8s;
constexpr auto kMostOutage = 5min;  // as long as the plane waits
constexpr auto kDrain = 5min;       // a client of ours may be slow, or away
// Of a tunnel that is over: its target may be slow, but must take what is being written in that time, and
// then each piece of what is left.
constexpr auto kLastPiece = 10s;
constexpr std::size_t kPiece = 16 * 1024;
// AWS's plugin takes far more than it sends.
constexpr std::size_t kStockPayload = 16 * 1024;

}  // namespace

bool is_network_host(std::string_view text) {
  auto address = Address::parse(text);
  if (!address) return false;
  constexpr char const* kNone[] = {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
                                   "::/127",    "fe80::/10",   "ff00::/8"};
  for (auto const* block : kNone)
    if (Cidr::parse(block)->contains(*address)) return false;
  return true;
}

bool is_own_address(std::string_view text) {
  auto address = Address::parse(text);
  if (!address || !is_network_host(text)) return false;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  bool is_ours = false;
  for (auto const* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    int family = each->ifa_addr->sa_family;
    char written[INET6_ADDRSTRLEN];
    void const* bytes =
        family == AF_INET
            ? static_cast<void const*>(&reinterpret_cast<sockaddr_in const*>(each->ifa_addr)->sin_addr)
        : family == AF_INET6
            ? static_cast<void const*>(&reinterpret_cast<sockaddr_in6 const*>(each->ifa_addr)->sin6_addr)
            : nullptr;
    if (bytes != nullptr && ::inet_ntop(family, bytes, written, sizeof written) != nullptr)
      is_ours = is_ours || Address::parse(written) == address;
  }
  ::freeifaddrs(all);
  return is_ours;
}

TunnelWorker::TunnelWorker(asio::any_io_executor executor, PlaneClient plane, std::string session_id,
                           SessionOrder::Destination to)
    : executor_(executor),
      channel_(std::move(plane), std::move(session_id)),
      to_(std::move(to)),
      link_(
          executor,
          {.channel = io::tunnel_channel(true),
           .ping_every = 54s,
           .dead_after = 120s,
           .most_outage = kMostOutage},
          channel_.clock(), [this] { return channel_.connect(); },
          [this](wire::AgentMessage const& message) { on_control(message); }),
      listening_(executor, "from the target"),
      most_payload_(kStockPayload) {}

void TunnelWorker::on_control(wire::AgentMessage const& message) {
  if (message.type == wire::message_type::channel_closed) stop();
}

void TunnelWorker::stop() {
  stopping_ = true;
  link_.close();
  // A target that reads nothing must not keep a tunnel that is over.
  if (target_) target_->expire_after(kLastPiece);
}

awaitable<SessionResult> TunnelWorker::run() {
  io::TaskGroup group(executor_, "data link");
  auto keep = [](TunnelWorker& self) -> awaitable<void> {
    auto ended = co_await self.link_.run();
    if (!ended) self.stop();
  };
  group.spawn(keep(*this));
  auto verdict = co_await converse();
  bool is_taken = true;
  if (!stopping_) is_taken = co_await drain();
  co_await channel_.say_goodbye(link_);
  link_.close();
  co_await group.join();
  if (verdict && !is_taken && !stopping_)
    co_return SessionResult{"Failed", "the client took nothing more for " + in_words(kDrain)};
  if (!verdict && !stopping_) co_return SessionResult{"Failed", verdict.error().detail};
  co_return SessionResult{};
}

// Waits for the client to take all, unless it leaves meanwhile.
awaitable<bool> TunnelWorker::drain() {
  io::TaskGroup listener(executor_, "goodbye");
  listener.spawn(hear_goodbye());
  bool is_taken = co_await link_.drain(kDrain);
  listener.cancel();
  co_await listener.join();
  co_return is_taken;
}

awaitable<void> TunnelWorker::hear_goodbye() {
  for (;;) {
    auto next = co_await link_.receive();
    if (!next) co_return;
    if (next->is_flag(wire::flag::terminate_session)) co_return stop();
  }
}

awaitable<Result<void>> TunnelWorker::converse() {
  auto socket = co_await io::connect_tcp(to_.host, to_.port, kDial);
  if (!socket) co_return cannot_dial(socket.error());
  io::set_socket_options(*socket, kSessionKeepAlive);
  io::set_patient(*socket);
  target_ = io::make_tcp_stream(*std::move(socket));
  auto shaken = co_await shake_hands();
  if (!shaken) {
    target_->close();  // nothing was written to it
    co_return shaken;
  }
  io::TaskGroup writer(executor_, "to the target");
  writer.spawn(write_target());
  listening_.spawn(listen_to_target());
  co_await listening_.join();
  auto ended = target_ended_;
  if (ended && broken_) ended = broken(*broken_);
  target_has_ended_ = true;
  // The target may still read: the client is told, and goes on until its own end.
  if (ended && is_native_ && !stopping_ && !client_has_ended_) {
    auto flag = wire::encode_flag(wire::flag::end_of_input);
    co_await link_.send(PayloadType::flag, flag);
  } else if (!stopping_) {
    writer.cancel();
  }
  co_await writer.join();
  if (stopping_) {
    target_->finish_writing();  // it may not have taken all yet: linger()
  } else {
    target_->close();
  }
  co_return ended;
}

awaitable<Result<void>> TunnelWorker::shake_hands() {
  boost::json::object properties{{"portNumber", std::to_string(to_.port)}};
  auto request = handshake_request("Port", std::move(properties));
  CO_CHECK(co_await link_.send(PayloadType::handshake_request, request));
  CO_TRY(auto answer, co_await link_.receive());
  if (answer.type != PayloadType::handshake_response)
    co_return Error{Errc::unsupported, "the client knows no handshake, which sessions of type Port need"};
  CO_TRY(auto response, wire::from_json_text<wire::HandshakeResponse>(as_text(answer.payload)));
  is_native_ = response.succeeded(wire::action::native_stream);
  if (is_native_) most_payload_ = io::tunnel_payload(response.succeeded(wire::action::large_messages));
  if (response.succeeded(wire::action::wide_window)) link_.widen(io::wide_tunnel_channel(true));
  if (response.succeeded(wire::action::no_digests)) {
    link_.omit_digests();
    link_.accept_no_digests();
  }
  auto done = wire::to_json_text(wire::HandshakeComplete{});
  co_return co_await link_.send(PayloadType::handshake_complete, as_bytes(done));
}

// To the end of what the client says, also of what came before stop().
awaitable<void> TunnelWorker::write_target() {
  for (;;) {
    auto next = co_await link_.receive();
    if (!next) break;
    if (next->is_flag(wire::flag::terminate_session)) break;
    if (next->is_flag(wire::flag::end_of_input)) {
      client_has_ended_ = true;
      target_->finish_writing();
      if (target_has_ended_) co_return;
    } else if (next->type == PayloadType::output && !client_has_ended_) {
      auto work = stopping_ ? write_in_pieces(next->payload) : target_->write(next->payload);
      auto written = co_await std::move(work);
      if (!written) {
        broken_ = written.error();  // what it had said before comes first
        co_return;
      }
    }
  }
  stop();
  listening_.cancel();
}

awaitable<Result<void>> TunnelWorker::write_in_pieces(ByteView bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kPiece))) {
    target_->expire_after(kLastPiece);
    CO_CHECK(co_await target_->write(bytes.first(std::min(bytes.size(), kPiece))));
  }
  co_return success();
}

awaitable<Result<void>> TunnelWorker::read_target() {
  std::unique_ptr<std::uint8_t[]> chunk;
  auto room = [&] { return MutableByteView(chunk.get(), most_payload_); };
  for (;;) {
    std::optional<Result<std::size_t>> come;
    if (chunk) come = target_->try_read(room());
    if (!come) {
      chunk.reset();  // an idle tunnel holds no buffer
      auto ready = co_await target_->wait_readable();
      if (!ready) co_return broken(ready.error());
      chunk = std::make_unique_for_overwrite<std::uint8_t[]>(most_payload_);
      come = co_await target_->read_some(room());
    }
    if (!*come) co_return broken(come->error());
    if (**come == 0) break;
    auto sent = co_await link_.send(PayloadType::output, room().first(**come));
    if (!sent) break;
  }
  co_return success();
}

awaitable<void> TunnelWorker::listen_to_target() {
  target_ended_ = co_await read_target();
}

awaitable<void> TunnelWorker::linger() {
  if (target_) co_await io::linger(*target_, kLastPiece);
}

// Whoever reads it sits elsewhere, where 127.0.0.1 is another host.
Error TunnelWorker::cannot_dial(Error const& error) const {
  if (to_.host != "127.0.0.1") return error;
  return {error.code, "the target's own agent " + error.detail + "; does anything listen there?"};
}

Error TunnelWorker::broken(Error const& error) const {
  return {error.code, to_.host + " port " + std::to_string(to_.port) + ": " + error.detail};
}

}  // namespace fumidai::agent
