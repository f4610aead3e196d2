#include "networks/keeper.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "base/ssh_key.h"
#include "network/method.h"
#include "networks/example.h"
#include "networks/settle.h"
#include "networks/test_region.h"
#include "store/sqlite_database.h"

namespace fumidai::networks {
namespace {

// A state with a part of every kind.
State rich_state() {
  State state;
  auto key = generate_ssh_key(SshKeyType::ed25519).public_key;
  ExampleWish wish{"example", *Address::parse("198.51.100.1"), "ssm-profile", "amazonaws.com", key, key};
  EXPECT_TRUE(make_example(state, wish, kTestTime));
  settle(state, kTestTime + std::chrono::seconds(5));
  state.client_tokens.put({ClientTokenId("RunInstances:one"), "digest", {"i-1", "i-2"}, kTestTime});
  return state;
}

// A store on disk: one in memory has nobody who only reads.
struct Folder {
  Folder() { std::filesystem::create_directory(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("fumidai-test-" + random_hex(16));
};

class TheKeeper : public testing::Test {
 protected:
  template <class Work>
  Result<void> write(Work work) {
    return database->write_now(
        [&](store::Transaction& transaction) -> Result<void> { return work(transaction); });
  }
  State read(Keeper& by) {
    State state;
    EXPECT_TRUE(database->read_now([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto found, by.read(transaction));
      state = *found;
      return success();
    }));
    return state;
  }
  Result<void> replace(Keeper& by, State const& with) {
    return write([&](store::Transaction& transaction) {
      return by.change(transaction, [&](State& state) -> Result<void> {
        state = with;
        return success();
      });
    });
  }

  Folder directory;
  std::unique_ptr<store::Database> database = std::move(*store::open_sqlite(directory.path / "test.db"));
  Keeper keeper{"us-east-1"};
};

TEST_F(TheKeeper, gives_back_every_part_as_it_was) {
  auto state = rich_state();
  ASSERT_TRUE(replace(keeper, state));
  Keeper another("us-east-1");
  EXPECT_TRUE(read(another) == state);
  EXPECT_TRUE(read(keeper) == state);
}

TEST_F(TheKeeper, forgets_what_was_taken_out) {
  ASSERT_TRUE(replace(keeper, rich_state()));
  ASSERT_TRUE(replace(keeper, State()));
  Keeper another("us-east-1");
  EXPECT_TRUE(read(another) == State());
}

TEST_F(TheKeeper, keeps_nothing_of_a_change_that_was_rolled_back) {
  auto failed = write([&](store::Transaction& transaction) -> Result<void> {
    auto made = keeper.change(transaction, [](State& state) { return create_vpc(state, "10.0.0.0/16"); });
    EXPECT_TRUE(made);
    return Error{Errc::system, "the disk is full"};
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(read(keeper).network.vpcs.size(), 0u);
  auto refused = write([&](store::Transaction& transaction) -> Result<void> {
    CHECK(keeper.change(transaction, [](State& state) -> Result<void> {
      CHECK(create_vpc(state, "10.0.0.0/16"));
      return Error{Errc::invalid, "no"};
    }));
    return success();
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(read(keeper).network.vpcs.size(), 0u);
}

TEST_F(TheKeeper, sees_what_another_wrote) {
  Keeper another("us-east-1");
  EXPECT_EQ(read(another).network.vpcs.size(), 0u);
  auto state = rich_state();
  ASSERT_TRUE(replace(keeper, state));
  EXPECT_TRUE(read(another) == state);
}

TEST_F(TheKeeper, does_not_take_what_it_cannot_read_for_nothing) {
  for (auto const* row : {"('vpc', 'vpc-1', '{')", "('vpc', 'vpc-1', '[]')", "('moon', 'x', '{}')",
                          R"(('route-table', 'rtb-1', '{"routes":[{"target":[9,null]}]}'))"}) {
    SCOPED_TRACE(row);
    Folder other;
    database = std::move(*store::open_sqlite(other.path / "test.db"));
    ASSERT_TRUE(write([&](store::Transaction& transaction) -> Result<void> {
      std::string_view text(row);
      bool moon = text.starts_with("('moon"), table = text.starts_with("('route");
      auto body = text.substr(text.rfind(", '") + 3);
      body = body.substr(0, body.rfind('\''));
      CHECK(transaction.run("insert into network_parts (kind, id, body) values ($1, $2, $3)",
                            moon    ? "moon"
                            : table ? "route-table"
                                    : "vpc",
                            "x", body));
      return success();
    }));
    Keeper fresh("us-east-1");
    auto verdict = database->read_now([&](store::Transaction& transaction) -> Result<void> {
      CHECK(fresh.read(transaction));
      return success();
    });
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, Errc::corrupt);
  }
}

// A member that a value gained since is at its default in a record that lacks it.
TEST_F(TheKeeper, reads_records_of_older_versions) {
  ASSERT_TRUE(write([&](store::Transaction& transaction) -> Result<void> {
    CHECK(transaction.run("insert into network_parts (kind, id, body) values ('vpc', 'vpc-1', $1)",
                          R"({"id":"vpc-1","cidr":"10.0.0.0/16","colour":"blue"})"));
    return success();
  }));
  auto state = read(keeper);
  EXPECT_TRUE(state.network.vpcs.find(network::VpcId("vpc-1"))->dns_support);
}

TEST(Example, has_an_instance_for_each_method_and_is_found_again) {
  auto state = rich_state();
  auto example = find_example(state, "example");
  ASSERT_TRUE(example);
  EXPECT_FALSE(find_example(state, "another"));
  for (auto const& id : {example->bastion, example->behind_bastion, example->by_endpoints, example->by_nat})
    state.network.instances.find(id)->state = network::InstanceState::running;
  for (auto const& id : {example->by_endpoints, example->by_nat}) {
    state.network.instances.find(id)->profile =
        network::InstanceProfile{"ssm-profile", "ssm-role", true, true};
    state.network.instances.find(id)->agent = {true, true, true};
  }
  auto works = [&](network::Method method, InstanceId const& id) {
    network::Visit visit{id, *Address::parse("198.51.100.1")};
    auto assessment = network::assess(state.network, method, visit);
    return assessment && assessment->works() ? "" : assessment->text();
  };
  EXPECT_EQ(works(network::Method::bastion, example->behind_bastion), "");
  EXPECT_EQ(works(network::Method::session_manager_endpoints, example->by_endpoints), "");
  EXPECT_EQ(works(network::Method::session_manager_nat, example->by_nat), "");
}

}  // namespace
}  // namespace fumidai::networks
