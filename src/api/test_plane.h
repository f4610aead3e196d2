#pragma once

// For tests: a plane whose actions are called as a user with one policy calls them, without a network.

#include <gtest/gtest.h>

#include "api/action.h"
#include "identity/principal_policies.h"
#include "identity/test_store.h"
#include "identity/users.h"
#include "io/test_directory.h"
#include "io/test_loop.h"

namespace fumidai::api {

class TestPlane : public testing::Test {
 protected:
  TestPlane() {
    write([&](store::Transaction& transaction) -> Result<void> {
      TRY(deployment, identity::load_deployment(transaction, secret, "us-east-1", clock.now()));
      CHECK(identity::put_builtin_policies(transaction, clock.now()));
      CHECK(identity::create_user(transaction, "hana", "/", clock.now()));
      return success();
    });
    trail.emplace(secret);
    gate.emplace(*database, networks, deployment, *trail, clock, sessions::SessionLimits{});
    registry.emplace(loop.get_executor(), *database, deployment, *gate, sessions::SessionPatience{});
    checkpoints = *audit::CheckpointFile::open(directory.path() / "audit-checkpoint", *trail);
    plane.emplace(Plane{*gate, *registry, networks, prices, deployment, clock, *checkpoints, worker});
    allow(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  }
  // What is written soon is written by the trail, which goes before the store otherwise.
  ~TestPlane() override { database.reset(); }

  void write(std::function<Result<void>(store::Transaction&)> change) {
    auto done = database->write_now(std::move(change));
    ASSERT_TRUE(done) << done.error().detail;
  }
  void allow(std::string const& statements) {
    write([&](store::Transaction& transaction) {
      return identity::put_inline_policy(transaction, identity::user_key("hana"), "test",
                                         R"({"Version":"2012-10-17","Statement":[)" + statements + "]}",
                                         clock.now());
    });
  }

  model::Caller hana() const {
    model::Caller caller;
    caller.principal.arn = model::user_arn(deployment.region, "/", "hana");
    caller.principal.id = "AIDATEST";
    caller.principal.name = "hana";
    caller.principal.account = deployment.region.account;
    caller.source_address = "192.0.2.7";
    caller.request_id = "00000000-0000-0000-0000-000000000001";
    caller.at = clock.now();
    return caller;
  }
  // Nothing, when no answer comes in ten seconds.
  std::optional<Result<wire::HttpResponse>> answer(Addressed const& addressed, model::Caller caller,
                                                   std::string body) {
    std::optional<Result<wire::HttpResponse>> outcome;
    auto const* action = find_action(*addressed.service, addressed.operation);
    asio::co_spawn(loop, action->run({*plane, addressed, std::move(caller)}, std::move(body)),
                   [&](std::exception_ptr failure, Result<wire::HttpResponse> response) {
                     if (failure) std::rethrow_exception(failure);
                     outcome = std::move(response);
                     loop.stop();
                   });
    loop.restart();
    loop.run_for(std::chrono::seconds(10));
    if (outcome && !*outcome) said = outcome->error().detail;
    return outcome;
  }

  FixedClock clock{from_millis(1'800'000'000'000)};
  Secret secret{"a deployment secret that is long enough"};
  asio::io_context loop;
  io::TestDirectory directory;  // a store in memory has nobody who only reads
  std::unique_ptr<store::Database> database = std::move(*store::open_sqlite(directory / "test.db"));
  networks::Keeper networks{"us-east-1"};
  identity::Deployment deployment;
  std::optional<audit::Trail> trail;
  std::optional<sessions::Gate> gate;
  std::optional<sessions::Registry> registry;
  network::PriceTable prices;
  std::unique_ptr<audit::CheckpointFile> checkpoints;
  io::Worker worker{"worker"};
  std::optional<Plane> plane;
  std::string said;  // of the last failure
};

}  // namespace fumidai::api
