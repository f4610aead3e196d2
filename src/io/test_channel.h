#pragma once

// For tests: the WebSockets that come in at a TestPlane, for who plays the other end of a data channel.

#include "io/test_plane.h"
#include "io/wait.h"

namespace fumidai::io {

class TestChannel {
 public:
  explicit TestChannel(asio::any_io_executor executor) : arrived_(executor) {}

  // What came last, held until nobody uses it any more; its first message is one of the openings.
  awaitable<void> hold(std::unique_ptr<WebSocket> socket) {
    auto opening = co_await socket->read();
    if (!opening) co_return;
    openings.emplace_back(as_text(opening->payload));
    std::shared_ptr<WebSocket> shared = std::move(socket);
    std::weak_ptr<WebSocket> alive = shared;
    waiting_ = std::move(shared);
    arrived_.notify();
    while (!alive.expired()) co_await sleep_for(std::chrono::milliseconds(5));
  }

  // The next that comes. Error: not_found, after stop().
  awaitable<Result<std::shared_ptr<WebSocket>>> take() {
    while (!waiting_ && !is_stopped_)
      co_await arrived_.wait_until(SteadyClock::now() + std::chrono::milliseconds(20));
    if (!waiting_) co_return Error{Errc::not_found, "nobody comes"};
    taken_ = waiting_;
    co_return std::exchange(waiting_, nullptr);
  }

  void break_connection() {
    if (taken_) taken_->close_now();
  }
  void stop() {
    is_stopped_ = true;
    arrived_.notify();
  }

  std::vector<std::string> openings;

 private:
  Signal arrived_;
  bool is_stopped_ = false;
  std::shared_ptr<WebSocket> waiting_, taken_;
};

}  // namespace fumidai::io
