#include "identity/access_keys.h"

#include "identity/principal_policies.h"
#include "identity/test_store.h"
#include "identity/users.h"

namespace fumidai::identity {
namespace {

using store::Transaction;

class AccessKeys : public TestStore {
 protected:
  AccessKeys() {
    for (auto name : {"hana", "ken"})
      with([&](Transaction& transaction) { return create_user(transaction, name, "/", kTestTime); });
  }
  Result<NewAccessKey> make(std::string user) {
    return with([&](Transaction& transaction) {
      return create_access_key(transaction, deployment, user, kTestTime);
    });
  }
  bool is_good(std::string id) {
    return with([&](Transaction& transaction) { return find_access_key(transaction, deployment, id); })
        ->has_value();
  }
  Result<void> set(std::string user, std::string id, std::string status) {
    return with(
        [&](Transaction& transaction) { return set_access_key_status(transaction, user, id, status); });
  }
  Result<void> remove(std::string user, std::string id) {
    return with([&](Transaction& transaction) { return delete_access_key(transaction, user, id); });
  }
};

TEST_F(AccessKeys, a_user_has_two_at_most) {
  auto first = make("hana");
  EXPECT_TRUE(make("hana"));
  EXPECT_EQ(aws_name(make("hana")), "LimitExceeded");
  set("hana", first->id, "Inactive");
  EXPECT_EQ(aws_name(make("hana")), "LimitExceeded") << "an inactive key is a key";
  EXPECT_TRUE(remove("hana", first->id));
  EXPECT_TRUE(make("hana"));
}

TEST_F(AccessKeys, only_an_active_key_is_good) {
  auto key = make("hana");
  EXPECT_TRUE(is_good(key->id));
  EXPECT_TRUE(set("hana", key->id, "Inactive"));
  EXPECT_FALSE(is_good(key->id));
  EXPECT_TRUE(set("hana", key->id, "Active"));
  EXPECT_TRUE(is_good(key->id));
  EXPECT_TRUE(remove("hana", key->id));
  EXPECT_FALSE(is_good(key->id));
}

TEST_F(AccessKeys, anothers_key_is_unknown) {
  auto key = make("hana");
  EXPECT_EQ(aws_name(set("ken", key->id, "Inactive")), "NoSuchEntity");
  EXPECT_EQ(aws_name(remove("ken", key->id)), "NoSuchEntity");
  EXPECT_TRUE(is_good(key->id));
}

TEST_F(AccessKeys, a_user_with_keys_or_policies_stays) {
  auto key = make("hana");
  auto remove_user = [](Transaction& transaction) { return delete_user(transaction, "hana"); };
  EXPECT_EQ(aws_name(with(remove_user)), "DeleteConflict");
  remove("hana", key->id);
  with([](Transaction& transaction) {
    return put_inline_policy(transaction, user_key("hana"), "own", "{}", kTestTime);
  });
  EXPECT_EQ(aws_name(with(remove_user)), "DeleteConflict");
  with([](Transaction& transaction) { return delete_inline_policy(transaction, user_key("hana"), "own"); });
  EXPECT_TRUE(with(remove_user));
  EXPECT_EQ(aws_name(with(remove_user)), "NoSuchEntity");
}

TEST_F(AccessKeys, the_administrator_is_made_for_a_deployment_without_users_only) {
  auto make_administrator = [&](Transaction& transaction) {
    return create_administrator(transaction, deployment, kTestTime);
  };
  EXPECT_FALSE(with(make_administrator)->has_value());
  for (auto name : {"hana", "ken"})
    with([&](Transaction& transaction) { return delete_user(transaction, name); });
  EXPECT_TRUE(with(make_administrator)->has_value());
  EXPECT_FALSE(with(make_administrator)->has_value());
}

}  // namespace
}  // namespace fumidai::identity
