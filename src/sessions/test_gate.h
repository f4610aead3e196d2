#pragma once

// For tests: a gate over a store and a deployment of its own.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "io/test_directory.h"
#include "sessions/gate.h"
#include "store/sqlite_database.h"

namespace fumidai::sessions {

class GateTest : public testing::Test {
 protected:
  GateTest() {
    write([&](store::Transaction& transaction) -> Result<void> {
      TRY(deployment, identity::load_deployment(transaction, secret, "us-east-1", clock.now()));
      return success();
    });
    trail.emplace(secret);
    gate.emplace(*database, networks, deployment, *trail, clock, SessionLimits{});
  }
  // What is written soon is written by the trail, which goes before the store otherwise.
  ~GateTest() override { database.reset(); }

  void write(std::function<Result<void>(store::Transaction&)> change) {
    auto done = database->write_now(std::move(change));
    ASSERT_TRUE(done) << done.error().detail;
  }

  asio::io_context loop;  // outlives the store, whose threads hold on to it
  io::TestDirectory directory;
  FixedClock clock{Time(std::chrono::milliseconds(1'800'000'000'000))};
  Secret secret{"a deployment secret of a test, 32+ bytes"};
  std::unique_ptr<store::Database> database = std::move(*store::open_sqlite(directory / "test.db"));
  networks::Keeper networks{"us-east-1"};
  identity::Deployment deployment;
  std::optional<audit::Trail> trail;
  std::optional<Gate> gate;
};

}  // namespace fumidai::sessions
