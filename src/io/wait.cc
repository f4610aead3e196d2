#include "io/wait.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace fumidai::io {

awaitable<void> sleep_for(SteadyClock::duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> let_others_run() {
  return asio::post(asio::use_awaitable);
}

// Whether a cancelled coroutine throws holds for all of the caller's, so it has to be put back: a loop that
// ends by the throw would never end.
awaitable<void> to_the_end(awaitable<void> work) {
  bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(work);
  co_await asio::this_coro::throw_if_cancelled(throws);
}

awaitable<void> Signal::wait() {
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  // A wait that ended because this coroutine was cancelled must end the coroutine, too.
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
}

awaitable<void> Signal::wait_until(SteadyTime deadline) {
  if (deadline == SteadyTime::max()) {
    co_await wait();
    co_return;
  }
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  co_await (wait() || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
}

awaitable<Turnstile::Turn> Turnstile::enter() {
  if (!busy_) {
    busy_ = true;
    co_return Turn(*this);
  }
  auto waiter = std::make_shared<Waiter>(Waiter{asio::steady_timer(executor_, SteadyTime::max())});
  waiting_.push_back(waiter);
  co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!waiter->granted) {
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), waiter));
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return Turn(*this);
}

void Turnstile::leave() {
  if (waiting_.empty()) {
    busy_ = false;
    return;
  }
  auto next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->timer.cancel();
}

}  // namespace fumidai::io
