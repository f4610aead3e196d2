#pragma once

// The store of a deployment. Changes of many callers share a commit and its flush to disk; each caller
// continues when what it changed is durable, or learns that nothing of it was kept.

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/awaitable.h"
#include "io/worker.h"
#include "store/transaction.h"

namespace fumidai::store {

class Database {
 public:
  virtual ~Database() = default;

  // Runs `change(Transaction&) -> Result<T>` as a transaction: an error rolls it back, and is returned. The
  // function runs on another thread and must own what it uses.
  template <class Change>
  awaitable<std::invoke_result_t<Change, Transaction&>> write(Change change) {
    using Outcome = std::invoke_result_t<Change, Transaction&>;
    auto initiate = [this, change = std::move(change)](auto handler) mutable {
      auto [body, done] = make_job<Outcome>(std::move(change), std::move(handler));
      submit_write({std::move(body), std::move(done)});
    };
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(Outcome)>(
        std::move(initiate), boost::asio::use_awaitable);
  }

  // The same against a snapshot; nothing can be changed.
  template <class Look>
  awaitable<std::invoke_result_t<Look, Transaction&>> read(Look look) {
    using Outcome = std::invoke_result_t<Look, Transaction&>;
    auto initiate = [this, look = std::move(look)](auto handler) mutable {
      auto [body, done] = make_job<Outcome>(std::move(look), std::move(handler));
      submit_read({std::move(body), std::move(done)});
    };
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(Outcome)>(
        std::move(initiate), boost::asio::use_awaitable);
  }

  // A change that nobody waits for: it is in the next commit, with those of others. When the disk is full it
  // is kept, and tried again in order, when something else could be written or by retry_kept().
  void write_soon(std::function<Result<void>(Transaction&)> change);
  void retry_kept();

  // The same two for a thread of its own: start-up, tools, tests. Must not be called from the database's
  // threads.
  Result<void> write_now(std::function<Result<void>(Transaction&)> change);
  Result<void> read_now(std::function<Result<void>(Transaction&)> look);

  // Called on the writing thread after each commit that changed something.
  virtual void on_commit(std::function<void(Transaction&)> hook) = 0;

 protected:
  struct Job {
    std::function<bool(Transaction&)> body;          // false: roll back
    std::function<void(std::optional<Error>)> done;  // with an error: nothing was kept
  };
  virtual void submit_write(Job job) = 0;
  virtual void submit_read(Job job) = 0;
  // For the driver, after a commit: what was kept may work now.
  void on_written();

 private:
  using Change = std::function<Result<void>(Transaction&)>;
  void submit_deferred(Change change);
  void keep(Change change);  // with the mutex held

  static constexpr std::size_t kMostKept = 10'000;
  std::mutex kept_mutex_;
  std::deque<Change> kept_;  // what could not be written yet, oldest first
  std::chrono::steady_clock::time_point retried_at_{};

  template <class Outcome, class Change, class Handler>
  static std::pair<std::function<bool(Transaction&)>, std::function<void(std::optional<Error>)>> make_job(
      Change change, Handler handler) {
    auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                        boost::asio::execution::outstanding_work.tracked);
    auto outcome = std::make_shared<std::optional<Outcome>>();
    auto shared_change = std::make_shared<Change>(std::move(change));
    auto shared_handler = std::make_shared<Handler>(std::move(handler));
    // A bug in one job must not end the thread that serves all.
    auto body = [outcome, shared_change](Transaction& transaction) {
      try {
        outcome->emplace((*shared_change)(transaction));
      } catch (std::exception const& bug) {
        outcome->emplace(Error{Errc::system, std::string("internal error: ") + bug.what()});
      }
      return (*outcome)->has_value();
    };
    auto done = [outcome, shared_handler, executor](std::optional<Error> failure) {
      boost::asio::post(executor, [outcome, shared_handler, failure = std::move(failure)]() mutable {
        if (failure) outcome->emplace(std::move(*failure));
        (*shared_handler)(std::move(**outcome));
      });
    };
    return {std::move(body), std::move(done)};
  }
};

}  // namespace fumidai::store
