#include "identity/roles.h"

#include "identity/instance_profiles.h"
#include "identity/principal_policies.h"
#include "identity/test_store.h"

namespace fumidai::identity {
namespace {

using store::Transaction;

class Roles : public TestStore {
 protected:
  Result<Role> make(std::string name, std::string path = "/") {
    return with([&](Transaction& transaction) {
      Role role;
      role.name = name;
      role.path = path;
      role.trust_policy = "{}";
      return create_role(transaction, role, kTestTime);
    });
  }
  Result<void> remove(std::string name) {
    return with([&](Transaction& transaction) { return delete_role(transaction, name, kTestTime); });
  }
  Result<InstanceProfile> make_profile(std::string name) {
    return with(
        [&](Transaction& transaction) { return create_instance_profile(transaction, name, "/", kTestTime); });
  }
  Result<void> put(std::string profile, std::string role) {
    return with([&](Transaction& transaction) { return put_role_into(transaction, profile, role); });
  }
  Result<void> take(std::string profile, std::string role) {
    return with([&](Transaction& transaction) { return take_role_from(transaction, profile, role); });
  }
};

TEST_F(Roles, a_role_is_made_once_and_found_until_it_is_deleted) {
  auto made = make("ops", "/eu/");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->id.starts_with("AROA"));
  EXPECT_EQ(aws_name(make("ops")), "EntityAlreadyExists");
  auto found = with([](Transaction& transaction) { return find_role(transaction, "ops"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, "/eu/");
  EXPECT_EQ(found->longest_session, std::chrono::hours(1));
  EXPECT_TRUE(remove("ops"));
  EXPECT_EQ(aws_name(remove("ops")), "NoSuchEntity");
}

TEST_F(Roles, names_and_paths_have_a_form) {
  for (auto name : {"", "a b", "a/b", "a*", "ü"}) EXPECT_EQ(aws_name(make(name)), "ValidationError") << name;
  EXPECT_EQ(aws_name(make(std::string(65, 'a'))), "ValidationError");
  EXPECT_TRUE(make(std::string(64, 'a')));
  for (auto path : {"", "x", "/x", "x/", "//", "/a//b/", "/*/"})
    EXPECT_EQ(aws_name(make("ok", path)), "ValidationError") << path;
}

TEST_F(Roles, are_listed_by_path) {
  make("a", "/eu/");
  make("b", "/eu/west/");
  make("c", "/us/");
  auto listed = with([](Transaction& transaction) { return list_roles(transaction, "/eu/"); });
  EXPECT_EQ(listed->size(), 2u);
}

TEST_F(Roles, a_role_with_policies_stays) {
  make("ops");
  auto attach = [](Transaction& transaction) {
    return attach_policy(transaction, role_key("ops"), "arn:aws:iam::aws:policy/AdministratorAccess");
  };
  auto detach = [](Transaction& transaction) {
    return detach_policy(transaction, role_key("ops"), "arn:aws:iam::aws:policy/AdministratorAccess");
  };
  EXPECT_TRUE(with(attach));
  EXPECT_EQ(aws_name(remove("ops")), "DeleteConflict");
  EXPECT_TRUE(with(detach));
  EXPECT_EQ(aws_name(with(detach)), "NoSuchEntity");
  with([](Transaction& transaction) {
    return put_inline_policy(transaction, role_key("ops"), "own", "{}", kTestTime);
  });
  EXPECT_EQ(aws_name(remove("ops")), "DeleteConflict");
  with([](Transaction& transaction) { return delete_inline_policy(transaction, role_key("ops"), "own"); });
  EXPECT_TRUE(remove("ops"));
}

TEST_F(Roles, a_role_that_hosts_have_or_can_get_stays) {
  make("agents");
  auto activate = [](Transaction& transaction) -> Result<bool> {
    CHECK(
        transaction.run("insert into activations (id, code_digest, iam_role, description,"
                        " default_instance_name, registration_limit, registrations_count, expires_at,"
                        " created_at) values ('a', '', 'agents', '', '', 1, 0, $1, 0)",
                        kTestTime + std::chrono::hours(1)));
    return true;
  };
  EXPECT_TRUE(with(activate));
  EXPECT_EQ(aws_name(remove("agents")), "DeleteConflict");
  auto later = [](Transaction& transaction) {
    return delete_role(transaction, "agents", kTestTime + std::chrono::hours(2));
  };
  EXPECT_TRUE(with(later)) << "the activation is over by then";
}

TEST_F(Roles, an_instance_profile_has_one_role_at_most) {
  make("one");
  make("two");
  ASSERT_TRUE(make_profile("profile"));
  EXPECT_EQ(aws_name(make_profile("profile")), "EntityAlreadyExists");
  EXPECT_EQ(aws_name(put("profile", "nobody")), "NoSuchEntity");
  EXPECT_EQ(aws_name(put("nothing", "one")), "NoSuchEntity");
  EXPECT_TRUE(put("profile", "one"));
  EXPECT_EQ(aws_name(put("profile", "two")), "LimitExceeded");
  EXPECT_EQ(aws_name(put("profile", "one")), "LimitExceeded");
  EXPECT_EQ(aws_name(take("profile", "two")), "NoSuchEntity");
}

TEST_F(Roles, a_profile_and_its_role_hold_each_other) {
  make("one");
  make_profile("profile");
  put("profile", "one");
  auto remove_profile = [](Transaction& transaction) {
    return delete_instance_profile(transaction, "profile");
  };
  EXPECT_EQ(aws_name(with(remove_profile)), "DeleteConflict");
  EXPECT_EQ(aws_name(remove("one")), "DeleteConflict");
  EXPECT_TRUE(take("profile", "one"));
  EXPECT_TRUE(with(remove_profile));
  EXPECT_TRUE(remove("one"));
}

}  // namespace
}  // namespace fumidai::identity
