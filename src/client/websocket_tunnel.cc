#include "client/websocket_tunnel.h"

#include "io/http_client.h"
#include "io/task_group.h"
#include "io/websocket.h"
#include "wire/await_target.h"

namespace fumidai::client {

using namespace std::chrono_literals;

namespace {

constexpr auto kOpening = 10s, kUrlLife = 60s;
// Of the plane that the target did not: to tell that from a plane that is silent.
constexpr auto kAnswer = 500ms;
// The plane reads nothing while the target does not.
constexpr io::KeepAlive kPatience{.is_patient = true};
constexpr std::size_t kMostMessage = 128 * 1024, kMostFrame = 64'000;

// The name of the endpoint is what is signed; the connection goes to the plane's own address, which answers
// for all of its names.
awaitable<Result<std::unique_ptr<io::WebSocket>>> connect(Plane& plane, wire::OpenTunnel asked,
                                                          std::string dns_name, io::SteadyTime deadline) {
  auto const& profile = plane.profile();
  CO_TRY(auto url, wire::parse_url(profile.endpoint));
  wire::HttpRequest request;
  request.method = "GET";
  request.target = wire::presign(wire::open_tunnel_target(asked), dns_name, profile.credentials,
                                 profile.region, "ec2-instance-connect", SystemClock().now(), kUrlLife);
  request.headers.set("Host", dns_name);
  CO_TRY(auto stream, co_await io::connect(plane.outbound(), std::move(url), kOpening, kPatience));
  auto patience = std::chrono::floor<std::chrono::seconds>(deadline - io::SteadyClock::now() - kAnswer);
  request.headers.set(std::string(wire::kAwaitTarget), std::to_string(std::max(patience, 1s).count()));
  co_return co_await io::upgrade_client(std::move(stream), std::move(request), kMostMessage, kOpening);
}

awaitable<Result<void>> receive(io::WebSocket& tunnel, NearEnd& near) {
  for (;;) {
    auto message = co_await tunnel.read();
    if (!message) {
      auto const& closed = tunnel.closed_by_peer();
      if (!closed) co_return message.error();
      if (closed->code == 1000) co_return success();
      co_return Error{Errc::closed, closed->text.empty() ? "the tunnel was closed" : closed->text};
    }
    bool taken = co_await near.write(to_bytes(message->payload));
    if (!taken) co_return success();
  }
}

awaitable<void> finish(io::WebSocket& tunnel, io::TaskGroup& sender) {
  co_await tunnel.close(1000, "");
  sender.cancel();
  co_await sender.join();
}

awaitable<Result<void>> carry_on(io::WebSocket& tunnel, NearEnd near) {
  auto send = [](io::WebSocket& to, NearEnd& from) -> awaitable<void> {
    for (;;) {
      auto bytes = co_await from.read();
      if (bytes.empty()) break;
      for (ByteView left = bytes; !left.empty(); left = left.subspan(std::min(left.size(), kMostFrame))) {
        auto written = co_await to.write(wire::Opcode::binary, left.first(std::min(left.size(), kMostFrame)));
        if (!written) co_return;
      }
    }
    // As the AWS CLI says that its input has ended, but only as often as it takes.
    for (int i = 0; i < wire::EmptyFrames::kMost; i++) {
      auto written = co_await to.write(wire::Opcode::binary, ByteView());
      if (!written) co_return;
    }
  };
  io::TaskGroup sender(co_await asio::this_coro::executor, "tunnel input");
  sender.spawn(send(tunnel, near));
  Result<void> outcome = success();
  std::exception_ptr cancelled;
  try {
    outcome = co_await receive(tunnel, near);
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await io::to_the_end(finish(tunnel, sender));
  if (cancelled) std::rethrow_exception(cancelled);
  co_return outcome;
}

class WebSocketTunnel : public Tunnel {
 public:
  explicit WebSocketTunnel(std::unique_ptr<io::WebSocket> socket) : socket_(std::move(socket)) {}
  awaitable<Result<void>> carry(NearEnd near) override { return carry_on(*socket_, std::move(near)); }
  void hang_up() override { socket_->close_now(); }

 private:
  std::unique_ptr<io::WebSocket> socket_;
};

}  // namespace

awaitable<Result<std::unique_ptr<Tunnel>>> open_websocket_tunnel(Plane& plane, wire::OpenTunnel asked,
                                                                 std::string dns_name,
                                                                 io::SteadyTime deadline) {
  auto connecting = connect(plane, std::move(asked), std::move(dns_name), deadline);
  CO_TRY(auto socket, co_await plane.until(deadline, std::move(connecting)));
  co_return std::make_unique<WebSocketTunnel>(std::move(socket));
}

}  // namespace fumidai::client
