#pragma once

// The few ways in which a coroutine waits: for a time, for a deadline, for another coroutine of the same
// loop.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <list>
#include <memory>

#include "base/awaitable.h"
#include "base/result.h"

namespace fumidai::io {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

awaitable<void> sleep_for(SteadyClock::duration duration);

// Goes on after what the loop has to do already. A long piece of work lets the next one begin with its first
// part, instead of when all is done.
awaitable<void> let_others_run();

// The result of `work`, or deadline_exceeded. Over the limit the work is cancelled, and has unwound when this
// returns.
template <class T>
awaitable<Result<T>> within(SteadyClock::duration limit, awaitable<Result<T>> work) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, limit);
  auto first = co_await (std::move(work) || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return Error{Errc::deadline_exceeded, "no answer in time"};
}

// Does all of the work also when the caller is cancelled meanwhile, who is then told after it.
awaitable<void> to_the_end(awaitable<void> work);

// Wakes coroutines of one loop that wait for a condition. Check the condition, wait, check again.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor) : timer_(std::move(executor), SteadyTime::max()) {}

  void notify() { timer_.cancel(); }
  // Returns after a notify() that comes later than the call.
  awaitable<void> wait();
  // The same, but at `deadline` at the latest.
  awaitable<void> wait_until(SteadyTime deadline);

 private:
  asio::steady_timer timer_;
};

// Lets coroutines of one loop do something one after another, in the order of their coming.
class Turnstile {
 public:
  // Holds the turn; the next one enters when it goes away.
  class Turn {
   public:
    explicit Turn(Turnstile& turnstile) : turnstile_(&turnstile) {}
    Turn(Turn&& other) noexcept : turnstile_(std::exchange(other.turnstile_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turnstile_ != nullptr) turnstile_->leave();
    }

   private:
    Turnstile* turnstile_;
  };

  explicit Turnstile(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  awaitable<Turn> enter();
  bool is_busy() const { return busy_; }

 private:
  struct Waiter {
    asio::steady_timer timer;
    bool granted = false;
  };
  void leave();

  asio::any_io_executor executor_;
  bool busy_ = false;
  std::list<std::shared_ptr<Waiter>> waiting_;  // an empty deque would keep half a kilobyte
};

}  // namespace fumidai::io
