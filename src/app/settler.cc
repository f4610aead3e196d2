#include "app/settler.h"

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "networks/settle.h"

namespace fumidai::app {

using namespace std::chrono_literals;

namespace {

// The longest sleep, since the clock may be set; and after a failure, as when the disk is full.
constexpr std::chrono::milliseconds kLongest = 1min, kAfterFailure = 5s;

}  // namespace

void Settler::on_commit(store::Transaction& transaction) {
  auto state = networks_.read(transaction);
  if (!state || *state == seen_) return;
  seen_ = *state;
  asio::post(executor_, [this] {
    changes_++;
    changed_.notify();
  });
}

awaitable<Result<std::optional<Time>>> Settler::next() {
  auto look = [this](store::Transaction& transaction) -> Result<std::optional<Time>> {
    TRY(auto state, networks_.read(transaction));
    return networks::next_settling(*state);
  };
  co_return co_await database_.read(std::move(look));
}

awaitable<Result<void>> Settler::settle() {
  auto change = [this, now = clock_.now()](store::Transaction& transaction) -> Result<void> {
    TRY(bool changed, networks_.change(transaction, [now](networks::State& state) -> Result<bool> {
      return networks::settle(state, now);
    }));
    (void)changed;
    return success();
  };
  co_return co_await database_.write(std::move(change));
}

awaitable<void> Settler::run() {
  for (;;) {
    auto seen = changes_;
    auto due = co_await next();
    auto pause = kLongest;
    if (due && *due) pause = std::min(pause, **due - clock_.now());
    if (due && pause <= 0ms) {
      auto settled = co_await settle();
      if (settled) continue;
      log_error("the networks could not be settled", {{"error", settled.error().detail}});
      pause = kAfterFailure;
    } else if (!due) {
      log_error("the networks could not be read", {{"error", due.error().detail}});
      pause = kAfterFailure;
    }
    if (seen == changes_) co_await changed_.wait_until(io::SteadyClock::now() + pause);
  }
}

}  // namespace fumidai::app
