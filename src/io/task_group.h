#pragma once

// Child coroutines that end before their owner does. Belongs to one loop.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <string>

#include "base/awaitable.h"

namespace fumidai::io {

class TaskGroup {
 public:
  // `name` is for the log, when a child ends by an exception that is no cancellation: a bug.
  TaskGroup(boost::asio::any_io_executor executor, std::string name);
  ~TaskGroup();
  TaskGroup(TaskGroup const&) = delete;

  void spawn(awaitable<void> child);
  std::size_t size() const { return children_.size(); }

  // Asks every child to end; they do so at the co_await in which they are, or at their next one.
  void cancel();
  // Returns when the last child has ended. Cancelling the join cancels the children, and still waits.
  awaitable<void> join();

 private:
  awaitable<void> join_now();

  boost::asio::any_io_executor executor_;
  std::string name_;
  boost::asio::steady_timer idle_;
  std::list<boost::asio::cancellation_signal> children_;
};

}  // namespace fumidai::io
