#pragma once

// For tests: runs one coroutine on a loop of its own, to its end, and fails the test after ten seconds. What
// has threads that answer to the loop (a database) ends within the coroutine: the loop does not outlive it.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "io/wait.h"

namespace fumidai::io {

template <class Make>
void run_on_loop(Make make) {
  asio::io_context loop;
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(loop, make(loop.get_executor()), [&](std::exception_ptr thrown) {
    failure = thrown;
    done = true;
    loop.stop();
  });
  loop.run_for(std::chrono::seconds(10));
  ASSERT_TRUE(done) << "the coroutine did not end";
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fumidai::io
