#pragma once

// For tests: a plane that gives tokens, and joins the agent's data channel to a client that the test plays.

#include "agent/plane_client.h"
#include "io/test_loop.h"
#include "io/test_plane.h"

namespace fumidai::agent {

class TestPlane {
 public:
  explicit TestPlane(asio::any_io_executor executor) : plane_(executor), arrived_(executor) {
    plane_.answer = [this](wire::HttpRequest const&) {
      if (is_over) return io::json_answer(400, R"({"__type": "DoesNotExistException", "message": "over"})");
      return io::json_answer(201, "<Response><TokenValue>channel-token</TokenValue></Response>");
    };
    plane_.channel = [this](wire::HttpRequest request, std::unique_ptr<io::WebSocket> socket) {
      return hold(std::move(request), std::move(socket));
    };
  }

  PlaneClient agent_side() {
    using std::chrono_literals::operator""h;
    Identity identity;
    identity.url = plane_.url();
    identity.ca_pem = plane_.ca_pem();
    identity.region = "us-east-1";
    identity.instance_id = "mi-0123456789abcdef0";
    auto client = *PlaneClient::make(identity);
    auto now = SystemClock().now();
    client.use_credentials({{"ASIAEXAMPLE", Secret("secret"), "token"}, now, now + 1h});
    return client;
  }

  // The connection that the agent made, for the client's end. Error: not_found, when there is none any more.
  awaitable<Result<std::shared_ptr<io::WebSocket>>> client_side() {
    using std::chrono_literals::operator""ms;
    while (!waiting_ && !stopping_) co_await arrived_.wait_until(io::SteadyClock::now() + 20ms);
    if (!waiting_) co_return Error{Errc::not_found, "no agent"};
    socket_ = waiting_;
    co_return std::exchange(waiting_, nullptr);
  }

  void break_connection() {
    if (socket_) socket_->close_now();
  }

  awaitable<void> stop() {
    stopping_ = true;
    arrived_.notify();
    co_await plane_.stop();
  }

  bool is_over = false;
  std::vector<std::string> openings;

 private:
  // Holds the upgraded connection while the client uses it.
  awaitable<void> hold(wire::HttpRequest, std::unique_ptr<io::WebSocket> socket) {
    using std::chrono_literals::operator""ms;
    auto opening = co_await socket->read();
    if (!opening) co_return;
    openings.emplace_back(as_text(opening->payload));
    std::shared_ptr<io::WebSocket> shared = std::move(socket);
    std::weak_ptr<io::WebSocket> alive = shared;
    waiting_ = std::move(shared);
    arrived_.notify();
    while (!alive.expired()) co_await io::sleep_for(5ms);
  }

  io::TestPlane plane_;
  io::Signal arrived_;
  bool stopping_ = false;
  std::shared_ptr<io::WebSocket> waiting_, socket_;
};

}  // namespace fumidai::agent
