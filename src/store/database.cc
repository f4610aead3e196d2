#include "store/database.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

#include "base/log.h"

namespace fumidai::store {

awaitable<std::optional<Error>> Database::run(Submit submit, std::function<bool(Transaction&)> body) {
  std::optional<Error> bug;
  // A bug in one job must not end the thread that serves all.
  auto guarded = [&](Transaction& transaction) {
    try {
      return body(transaction);
    } catch (std::exception const& thrown) {
      bug = Error{Errc::system, std::string("internal error: ") + thrown.what()};
      return false;
    }
  };
  auto initiate = [&](auto handler) {
    // The loop must not run out of work while an answer is still to come.
    auto executor =
        asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto done = [shared, executor](std::optional<Error> failure) {
      asio::post(executor,
                 [shared, failure = std::move(failure)]() mutable { (*shared)(std::move(failure)); });
    };
    (this->*submit)({guarded, std::move(done)});
  };
  auto failure = co_await asio::async_initiate<asio::use_awaitable_t<> const, void(std::optional<Error>)>(
      initiate, asio::use_awaitable);
  co_return failure ? std::move(failure) : std::move(bug);
}

void Database::write_soon(Change change) {
  {
    std::lock_guard lock(kept_mutex_);
    // Behind those that wait: a later change must not be overtaken by an earlier one.
    if (!kept_.empty()) return keep(std::move(change));
  }
  submit_deferred(std::move(change));
}

void Database::on_written() {
  {
    std::lock_guard lock(kept_mutex_);
    bool is_due = std::chrono::steady_clock::now() - retried_at_ >= std::chrono::seconds(1);
    if (kept_.empty() || !is_due) return;
  }
  retry_kept();
}

void Database::retry_kept() {
  std::deque<Change> kept;
  {
    std::lock_guard lock(kept_mutex_);
    kept.swap(kept_);
    retried_at_ = std::chrono::steady_clock::now();
  }
  for (auto& change : kept) submit_deferred(std::move(change));
}

void Database::submit_deferred(Change change) {
  auto shared = std::make_shared<Change>(std::move(change));
  auto verdict = std::make_shared<Result<void>>(success());
  submit_write({[shared, verdict](Transaction& transaction) {
                  *verdict = (*shared)(transaction);
                  return verdict->has_value();
                },
                [this, shared, verdict](std::optional<Error> failure) {
                  if (!failure && *verdict) return;
                  auto error = failure ? *failure : verdict->error();
                  if (error.code == Errc::system) {
                    std::lock_guard lock(kept_mutex_);
                    return keep(std::move(*shared));
                  }
                  log_error("a deferred change was not written", {{"error", error.detail}});
                }});
}

void Database::keep(Change change) {
  if (kept_.empty()) log_error("deferred changes wait until the store can write again");
  if (kept_.size() >= kMostKept) {
    kept_.pop_front();
    log_error("the oldest of the deferred changes is lost: too many wait");
  }
  kept_.push_back(std::move(change));
}

namespace {

Result<void> wait_for(std::function<Result<void>(Transaction&)> work, auto submit) {
  std::promise<Result<void>> promise;
  auto verdict = std::make_shared<Result<void>>(success());
  submit(
      [work = std::move(work), verdict](Transaction& transaction) {
        *verdict = work(transaction);
        return verdict->has_value();
      },
      [&promise, verdict](std::optional<Error> failure) {
        promise.set_value(failure ? Result<void>(std::move(*failure)) : *verdict);
      });
  return promise.get_future().get();
}

}  // namespace

Result<void> Database::write_now(std::function<Result<void>(Transaction&)> change) {
  return wait_for(std::move(change), [this](auto body, auto done) {
    submit_write({std::move(body), std::move(done)});
  });
}

Result<void> Database::read_now(std::function<Result<void>(Transaction&)> look) {
  return wait_for(std::move(look), [this](auto body, auto done) {
    submit_read({std::move(body), std::move(done)});
  });
}

}  // namespace fumidai::store
