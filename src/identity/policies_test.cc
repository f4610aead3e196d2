#include "identity/managed_policies.h"
#include "identity/principal_policies.h"
#include "identity/test_store.h"
#include "identity/users.h"

namespace fumidai::identity {
namespace {

using store::Transaction;

constexpr char const* kAdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess";

class Policies : public TestStore {
 protected:
  Policies() {
    with([](Transaction& transaction) { return create_user(transaction, "hana", "/", kTestTime); });
  }
  Result<ManagedPolicy> make(std::string name, std::string path = "/") {
    return with([&](Transaction& transaction) {
      ManagedPolicy policy;
      policy.name = name;
      policy.path = path;
      policy.document = "{}";
      return create_policy(transaction, deployment.region, policy, kTestTime);
    });
  }
  Result<void> attach(std::string arn) {
    return with([&](Transaction& transaction) { return attach_policy(transaction, user_key("hana"), arn); });
  }
  Result<void> put(std::string name, std::string document) {
    return with([&](Transaction& transaction) {
      return put_inline_policy(transaction, user_key("hana"), name, document, kTestTime);
    });
  }
};

TEST_F(Policies, of_aws_are_there_and_stay) {
  for (auto name : {"AdministratorAccess", "AmazonSSMManagedInstanceCore", "AmazonSSMFullAccess",
                    "AmazonEC2ReadOnlyAccess", "EC2InstanceConnect"}) {
    auto found = with([&](Transaction& transaction) {
      return find_policy(transaction, std::string("arn:aws:iam::aws:policy/") + name);
    });
    ASSERT_TRUE(found) << name;
    EXPECT_TRUE(found->is_of_aws);
  }
  auto remove = [](Transaction& transaction) { return delete_policy(transaction, kAdministratorAccess); };
  EXPECT_EQ(aws_name(with(remove)), "AccessDenied");
}

TEST_F(Policies, of_aws_keep_their_id_at_every_start) {
  auto id = [&] {
    return with([](Transaction& transaction) { return find_policy(transaction, kAdministratorAccess); })->id;
  };
  auto before = id();
  EXPECT_TRUE(before.starts_with("ANPA"));
  EXPECT_TRUE(with([](Transaction& transaction) { return put_builtin_policies(transaction, kTestTime); }));
  EXPECT_EQ(id(), before);
}

TEST_F(Policies, of_aws_from_the_first_schema_get_an_id) {
  auto find = [](Transaction& transaction) { return find_policy(transaction, kAdministratorAccess); };
  with([](Transaction& transaction) {
    return transaction.run("update policies set id = arn where arn = $1", kAdministratorAccess);
  });
  with([](Transaction& transaction) { return put_builtin_policies(transaction, kTestTime); });
  EXPECT_TRUE(with(find)->id.starts_with("ANPA"));
}

TEST_F(Policies, of_the_account_have_a_name_of_their_own) {
  auto made = make("team", "/eu/");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->arn, "arn:aws:iam::" + deployment.region.account + ":policy/eu/team");
  EXPECT_EQ(aws_name(make("team", "/us/")), "EntityAlreadyExists");
  EXPECT_TRUE(make("AdministratorAccess")) << "AWS's is in another account";
}

TEST_F(Policies, that_are_attached_stay) {
  auto arn = make("team")->arn;
  auto remove = [&](Transaction& transaction) { return delete_policy(transaction, arn); };
  EXPECT_TRUE(attach(arn));
  EXPECT_TRUE(attach(arn)) << "twice is fine";
  EXPECT_EQ(with([&](Transaction& transaction) { return find_policy(transaction, arn); })->attachments, 1);
  EXPECT_EQ(aws_name(with(remove)), "DeleteConflict");
  with([&](Transaction& transaction) { return detach_policy(transaction, user_key("hana"), arn); });
  EXPECT_TRUE(with(remove));
  EXPECT_EQ(aws_name(with(remove)), "NoSuchEntity");
  EXPECT_EQ(aws_name(attach(arn)), "NoSuchEntity");
}

TEST_F(Policies, ten_can_be_attached) {
  for (int i = 0; i < 10; i++) EXPECT_TRUE(attach(make("p" + std::to_string(i))->arn));
  EXPECT_EQ(aws_name(attach(make("one-too-many")->arn)), "LimitExceeded");
  auto listed =
      with([](Transaction& transaction) { return attached_policies(transaction, user_key("hana")); });
  EXPECT_EQ(listed->size(), 10u);
}

TEST_F(Policies, inline_ones_are_replaced_and_deleted_by_name) {
  EXPECT_TRUE(put("a", "first"));
  EXPECT_TRUE(put("a", "second"));
  auto find = [](Transaction& transaction) { return find_inline_policy(transaction, user_key("hana"), "a"); };
  EXPECT_EQ(*with(find), "second");
  auto remove = [](Transaction& transaction) {
    return delete_inline_policy(transaction, user_key("hana"), "a");
  };
  EXPECT_TRUE(with(remove));
  EXPECT_EQ(aws_name(with(remove)), "NoSuchEntity");
  EXPECT_EQ(aws_name(with(find)), "NoSuchEntity");
}

TEST_F(Policies, inline_ones_have_room_together) {
  EXPECT_TRUE(put("a", std::string(10000, 'x') + std::string(5000, ' ')));
  EXPECT_TRUE(put("b", std::string(240, 'x')));
  EXPECT_EQ(aws_name(put("c", "x")), "LimitExceeded");
}

TEST_F(Policies, what_decides_says_where_it_comes_from) {
  put("sessions", "{}");
  attach(kAdministratorAccess);
  auto policies = with([](Transaction& transaction) { return policies_of(transaction, user_key("hana")); });
  ASSERT_EQ(policies->size(), 2u);
  EXPECT_EQ((*policies)[0].name, "inline policy 'sessions' of user hana");
  EXPECT_EQ((*policies)[1].name, "managed policy 'AdministratorAccess' of user hana");
}

}  // namespace
}  // namespace fumidai::identity
