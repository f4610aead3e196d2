#include "store/database.h"

#include <future>

#include "base/log.h"

namespace fumidai::store {

void Database::write_soon(std::function<Result<void>(Transaction&)> change) {
  auto verdict = std::make_shared<Result<void>>(success());
  submit_write({[change = std::move(change), verdict](Transaction& transaction) {
                  *verdict = change(transaction);
                  return verdict->has_value();
                },
                [verdict](std::optional<Error> failure) {
                  if (!failure && *verdict) return;
                  log_error("a deferred change was not written",
                            {{"error", failure ? failure->detail : verdict->error().detail}});
                }});
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
