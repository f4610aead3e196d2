#pragma once

// For tests: a plane that gives tokens, and joins the agent's data channel to a client that the test plays.

#include "agent/plane_client.h"
#include "io/test_channel.h"
#include "io/test_loop.h"

namespace fumidai::agent {

class TestPlane : public io::TestChannel {
 public:
  explicit TestPlane(asio::any_io_executor executor) : TestChannel(executor), plane_(executor) {
    plane_.answer = [this](wire::HttpRequest const&) {
      if (is_over) return io::json_answer(400, R"({"__type": "DoesNotExistException", "message": "over"})");
      return io::json_answer(201, "<Response><TokenValue>channel-token</TokenValue></Response>");
    };
    plane_.channel = [this](wire::HttpRequest, std::unique_ptr<io::WebSocket> socket) {
      return hold(std::move(socket));
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
  awaitable<Result<std::shared_ptr<io::WebSocket>>> client_side() { return take(); }

  awaitable<void> stop() {
    TestChannel::stop();
    co_await plane_.stop();
  }

  bool is_over = false;

 private:
  io::TestPlane plane_;
};

}  // namespace fumidai::agent
