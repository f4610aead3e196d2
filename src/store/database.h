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
#include "store/transaction.h"

namespace fumidai::store {

class Database {
 public:
  virtual ~Database() = default;

  // Runs `change(Transaction&) -> Result<T>` as a transaction: an error rolls it back, and is returned. The
  // function runs on another thread, before this returns or never: it may refer to what its caller has.
  template <class Change>
  awaitable<std::invoke_result_t<Change, Transaction&>> write(Change change) {
    return outcome_of(&Database::submit_write, std::move(change));
  }

  // The same against a snapshot; nothing can be changed.
  template <class Look>
  awaitable<std::invoke_result_t<Look, Transaction&>> read(Look look) {
    return outcome_of(&Database::submit_read, std::move(look));
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

  using Submit = void (Database::*)(Job);
  // What `work` returned; or why nothing of it was kept.
  template <class Work>
  awaitable<std::invoke_result_t<Work, Transaction&>> outcome_of(Submit submit, Work work) {
    std::optional<std::invoke_result_t<Work, Transaction&>> outcome;
    std::function<bool(Transaction&)> body = [&](Transaction& transaction) {
      return outcome.emplace(work(transaction)).has_value();
    };
    auto failure = co_await run(submit, std::move(body));
    if (failure) co_return *std::move(failure);
    co_return *std::move(outcome);
  }
  // Returns when the job is over. What `body` refers to lives as long as the coroutine that waits.
  awaitable<std::optional<Error>> run(Submit submit, std::function<bool(Transaction&)> body);

  static constexpr std::size_t kMostKept = 10'000;
  std::mutex kept_mutex_;
  std::deque<Change> kept_;  // what could not be written yet, oldest first
  std::chrono::steady_clock::time_point retried_at_{};
};

}  // namespace fumidai::store
