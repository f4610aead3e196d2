#include "io/task_group.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>

#include "base/log.h"
#include "io/wait.h"

namespace fumidai::io {

namespace asio = boost::asio;

namespace {

void log_unless_cancelled(std::string const& group, std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (boost::system::system_error const& error) {
    if (error.code() == asio::error::operation_aborted) return;
    log_error("a task failed", {{"group", group}, {"error", error.what()}});
  } catch (std::exception const& error) {
    log_error("a task failed", {{"group", group}, {"error", error.what()}});
  }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor, std::string name)
    : executor_(std::move(executor)),
      name_(std::move(name)),
      idle_(executor_, asio::steady_timer::time_point::max()) {}

TaskGroup::~TaskGroup() {
  assert(children_.empty() && "join() the group before it goes away");
}

void TaskGroup::spawn(awaitable<void> child) {
  auto self = children_.emplace(children_.end());
  asio::co_spawn(executor_, std::move(child),
                 asio::bind_cancellation_slot(self->slot(), [this, self](std::exception_ptr failure) {
                   children_.erase(self);
                   log_unless_cancelled(name_, failure);
                   if (children_.empty()) idle_.cancel();
                 }));
}

void TaskGroup::cancel() {
  for (auto child = children_.begin(); child != children_.end();)
    (child++)->emit(asio::cancellation_type::terminal);
}

awaitable<void> TaskGroup::join() {
  co_await to_the_end(join_now());
}

awaitable<void> TaskGroup::join_now() {
  while (!children_.empty()) {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) cancel();
    idle_.expires_at(asio::steady_timer::time_point::max());
    co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace fumidai::io
