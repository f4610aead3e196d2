#pragma once

// A thread for what blocks. Work is a plain function; its result comes back to the loop of the coroutine that
// asked.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/awaitable.h"
#include "base/result.h"

namespace fumidai::io {

class Worker {
 public:
  using Job = std::function<void()>;

  explicit Worker(std::string name, std::size_t threads = 1);
  ~Worker();  // finishes what was submitted
  Worker(Worker const&) = delete;

  void submit(Job job);
  std::size_t waiting() const;  // jobs that no thread has taken

  // Runs `work` on the thread and resumes with what it returned. It may refer to what its caller has, which
  // must leave that alone until then.
  template <class Work>
  awaitable<std::invoke_result_t<Work>> run(Work work) {
    using Value = std::invoke_result_t<Work>;
    // The loop must not run out of work while an answer is still to come.
    auto initiate = [this, work = std::move(work)](auto handler) mutable {
      auto executor =
          asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      submit([work = std::move(work), shared, executor]() mutable {
        auto value = std::make_shared<Value>(work());
        asio::post(executor, [shared, value] { (*shared)(std::move(*value)); });
      });
    };
    return asio::async_initiate<asio::use_awaitable_t<> const, void(Value)>(std::move(initiate),
                                                                            asio::use_awaitable);
  }

 private:
  void loop();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fumidai::io
