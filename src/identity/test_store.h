#pragma once

// For tests: a store in memory with a deployment in it, and what every deployment has from its first start.

#include <gtest/gtest.h>

#include "identity/builtin_policies.h"
#include "store/sqlite_database.h"

namespace fumidai::identity {

inline constexpr auto kTestTime = Time(std::chrono::milliseconds(1'800'000'000'000));

class TestStore : public testing::Test {
 protected:
  // In a transaction of its own, which is undone when the work fails.
  template <class Work>
  auto with(Work work) {
    using Outcome = std::invoke_result_t<Work, store::Transaction&>;
    std::optional<Outcome> outcome;
    auto done = database->write_now([&](store::Transaction& transaction) -> Result<void> {
      outcome = work(transaction);
      return *outcome ? success() : Result<void>(outcome->error());
    });
    EXPECT_EQ(done.has_value(), outcome && outcome->has_value());
    return *std::move(outcome);
  }

  TestStore() {
    with([&](store::Transaction& transaction) -> Result<bool> {
      TRY(deployment, load_deployment(transaction, Secret("a deployment secret that is long enough"),
                                      "us-east-1", kTestTime));
      CHECK(put_builtin_policies(transaction, kTestTime));
      return true;
    });
  }

  std::unique_ptr<store::Database> database = std::move(*store::open_sqlite(":memory:"));
  Deployment deployment;
};

// The name that AWS gives to a failure; "" for none.
template <class T>
std::string aws_name(Result<T> const& result) {
  return result ? "" : std::string(result.error().aws);
}

}  // namespace fumidai::identity
