#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "inventory/activations.h"
#include "inventory/instances.h"
#include "inventory/tags.h"
#include "store/sqlite_database.h"

namespace fumidai::inventory {
namespace {

using namespace std::chrono_literals;
using store::Transaction;

constexpr auto kNow = Time(std::chrono::milliseconds(1'800'000'000'000));

class Inventory : public testing::Test {
 protected:
  Inventory() {
    std::filesystem::create_directory(directory);
    database = std::move(*store::open_sqlite(directory / "test.db"));
  }
  ~Inventory() override {
    database.reset();
    std::filesystem::remove_all(directory);
  }
  template <class Work>
  auto with(Work work) {
    using Outcome = std::invoke_result_t<Work, Transaction&>;
    std::optional<Outcome> outcome;
    auto done = database->write_now([&](Transaction& transaction) -> Result<void> {
      outcome = work(transaction);
      return *outcome ? success() : Result<void>(outcome->error());
    });
    EXPECT_EQ(done.has_value(), outcome && outcome->has_value());
    return *std::move(outcome);
  }
  NewActivation activate(std::int64_t limit = 1, std::chrono::hours lifetime = 24h) {
    Activation activation;
    activation.iam_role = "SSMServiceRole";
    activation.registration_limit = limit;
    activation.expires_at = kNow + lifetime;
    return *with([&](Transaction& transaction) { return create_activation(transaction, activation, kNow); });
  }
  Result<Activation> redeem(std::string const& id, Secret const& code, Time now = kNow) {
    return with([&](Transaction& transaction) { return redeem_activation(transaction, id, code, now); });
  }
  InstanceId host(std::string name) {
    Instance instance;
    instance.id = random_managed_instance_id();
    instance.name = std::move(name);
    instance.registered_at = kNow;
    EXPECT_TRUE(with([&](Transaction& transaction) { return add_instance(transaction, instance); }));
    return instance.id;
  }
  Instance find(InstanceId const& id) {
    return *with([&](Transaction& transaction) { return find_instance(transaction, id); });
  }

  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("fumidai-inventory-" + random_hex(12));
  std::unique_ptr<store::Database> database;
};

TEST_F(Inventory, an_activation_is_good_for_as_many_hosts_as_it_says) {
  auto made = activate(2);
  EXPECT_TRUE(redeem(made.activation.id, made.code));
  EXPECT_TRUE(redeem(made.activation.id, made.code));
  auto third = redeem(made.activation.id, made.code);
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().detail.find("2"), std::string::npos) << third.error().detail;
}

TEST_F(Inventory, an_activation_ends_in_time) {
  auto made = activate(1, 1h);
  EXPECT_TRUE(redeem(made.activation.id, made.code, kNow + 59min));
  auto other = activate(1, 1h);
  EXPECT_FALSE(redeem(other.activation.id, other.code, kNow + 1h));
}

TEST_F(Inventory, a_wrong_code_registers_nobody_and_uses_nothing_up) {
  auto made = activate();
  EXPECT_FALSE(redeem(made.activation.id, Secret("a guess")));
  EXPECT_FALSE(redeem(random_hex(16), made.code));
  EXPECT_TRUE(redeem(made.activation.id, made.code));
}

TEST_F(Inventory, a_deleted_activation_is_unknown) {
  auto made = activate();
  auto remove = [&](Transaction& transaction) { return delete_activation(transaction, made.activation.id); };
  EXPECT_TRUE(with(remove));
  EXPECT_FALSE(redeem(made.activation.id, made.code));
  auto again = with(remove);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::not_found);
}

TEST_F(Inventory, the_code_is_not_in_the_store) {
  auto made = activate();
  EXPECT_TRUE(database->read_now([&](Transaction& transaction) -> Result<void> {
    TRY(auto rows, transaction.query("select code_digest from activations"));
    EXPECT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].text(0).find(made.code.reveal()), std::string::npos);
    return success();
  }));
}

TEST_F(Inventory, a_host_is_online_while_it_reports_or_is_connected) {
  auto id = host("web-1");
  EXPECT_NE(find(id).ping_status(kNow), "Online");
  with([&](Transaction& transaction) {
    return report_instance(transaction, id, {.agent_version = "3.3.1.0"}, kNow);
  });
  EXPECT_EQ(find(id).ping_status(kNow + 1min), "Online");
  EXPECT_EQ(find(id).agent_version, "3.3.1.0");
  EXPECT_EQ(find(id).ping_status(kNow + 24h), "ConnectionLost");
}

TEST_F(Inventory, a_host_whose_control_channel_ended_is_lost_until_it_reports_or_connects) {
  auto id = host("web-1");
  with([&](Transaction& transaction) { return mark_connected(transaction, id, "3.3.1.0", kNow); });
  EXPECT_EQ(find(id).ping_status(kNow + 24h), "Online");
  with([&](Transaction& transaction) { return mark_disconnected(transaction, id, kNow + 1min); });
  EXPECT_EQ(find(id).ping_status(kNow + 1min), "ConnectionLost");
  with([&](Transaction& transaction) { return report_instance(transaction, id, {}, kNow + 2min); });
  EXPECT_EQ(find(id).ping_status(kNow + 3min), "Online");
  with([&](Transaction& transaction) { return mark_connected(transaction, id, "3.3.1.0", kNow + 4min); });
  EXPECT_EQ(find(id).ping_status(kNow + 24h), "Online");
}

TEST_F(Inventory, a_new_process_knows_of_no_connection) {
  auto id = host("web-1");
  with([&](Transaction& transaction) { return mark_connected(transaction, id, "3.3.1.0", kNow); });
  EXPECT_TRUE(find(id).is_connected());
  with([&](Transaction& transaction) { return mark_all_disconnected(transaction, kNow + 5s); });
  EXPECT_FALSE(find(id).is_connected());
  EXPECT_EQ(find(id).disconnected_at, kNow + 5s);
}

TEST_F(Inventory, a_report_keeps_what_it_does_not_mention) {
  auto id = host("web-1");
  with([&](Transaction& transaction) {
    return report_instance(transaction, id, {.ip_address = "10.0.0.7"}, kNow);
  });
  with([&](Transaction& transaction) {
    return report_instance(transaction, id, {.computer_name = "web"}, kNow);
  });
  EXPECT_EQ(find(id).ip_address, "10.0.0.7");
  EXPECT_EQ(find(id).computer_name, "web");
}

TEST_F(Inventory, hosts_are_found_by_id_name_and_tag) {
  auto web = host("web-1"), other = host("db-1");
  with([&](Transaction& transaction) {
    return add_tags(transaction, kManagedInstance, web.text(), {{"Name", "front"}});
  });
  auto match = [&](std::string text) {
    std::vector<std::string> ids;
    for (auto const& each :
         *with([&](Transaction& transaction) { return match_instances(transaction, text); }))
      ids.push_back(each.id.text());
    return ids;
  };
  EXPECT_EQ(match(web.text()), std::vector{web.text()});
  EXPECT_EQ(match("db-1"), std::vector{other.text()});
  EXPECT_EQ(match("nobody"), std::vector<std::string>{});
  EXPECT_EQ(match("%"), std::vector<std::string>{}) << "no pattern";
}

TEST_F(Inventory, a_removed_host_is_gone_with_its_tags) {
  auto id = host("web-1");
  with([&](Transaction& transaction) {
    return add_tags(transaction, kManagedInstance, id.text(), {{"a", "b"}});
  });
  EXPECT_TRUE(with([&](Transaction& transaction) { return remove_instance(transaction, id); }));
  EXPECT_FALSE(with([&](Transaction& transaction) { return find_instance(transaction, id); }));
  EXPECT_TRUE(with([&](Transaction& transaction) {
                return tags_of(transaction, kManagedInstance, id.text());
              })->empty());
  EXPECT_FALSE(with([&](Transaction& transaction) { return remove_instance(transaction, id); }));
}

TEST_F(Inventory, a_tag_is_replaced_removed_and_limited) {
  auto id = host("web-1").text();
  auto add = [&](Tags tags) {
    return with([&](Transaction& transaction) { return add_tags(transaction, kManagedInstance, id, tags); });
  };
  auto now = [&] {
    return *with([&](Transaction& transaction) { return tags_of(transaction, kManagedInstance, id); });
  };
  EXPECT_TRUE(add({{"team", "web"}}));
  EXPECT_TRUE(add({{"team", "db"}, {"stage", ""}}));
  EXPECT_EQ(now(), (Tags{{"stage", ""}, {"team", "db"}}));
  EXPECT_TRUE(with([&](Transaction& transaction) {
    return remove_tags(transaction, kManagedInstance, id, {"team", "never"});
  }));
  EXPECT_EQ(now(), (Tags{{"stage", ""}}));

  EXPECT_FALSE(add({{"aws:mine", "x"}}));
  EXPECT_FALSE(add({{std::string(129, 'k'), "x"}}));
  Tags many;
  for (int i = 0; i < 50; i++) many["key-" + std::to_string(i)] = "x";
  auto refused = add(many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().aws, "TooManyTagsError");
  EXPECT_EQ(now().size(), 1u) << "all or nothing";
}

}  // namespace
}  // namespace fumidai::inventory
