#include "identity/instance_identity.h"

#include "identity/authenticator.h"
#include "identity/principal_policies.h"
#include "identity/test_store.h"

namespace fumidai::identity {
namespace {

using InstanceIdentity = TestStore;

TEST_F(InstanceIdentity, is_the_principal_that_aws_calls_so) {
  auto session = instance_identity(deployment, InstanceId("i-0123456789abcdef0"));
  auto principal = role_principal(deployment, instance_identity_role(deployment), session);
  auto account = deployment.region.account;
  EXPECT_EQ(principal.arn, "arn:aws:sts::" + account + ":assumed-role/aws:ec2-instance/i-0123456789abcdef0");
  EXPECT_EQ(principal.id, account + ":aws:ec2-instance:i-0123456789abcdef0");
  EXPECT_EQ(principal.account, account);
  EXPECT_FALSE(principal.instance) << "it speaks for no agent";
}

TEST_F(InstanceIdentity, can_get_no_policy) {
  Role role;
  role.name = kInstanceIdentityRole;
  role.path = "/";
  auto made =
      with([&](store::Transaction& transaction) { return create_role(transaction, role, kTestTime); });
  EXPECT_EQ(aws_name(made), "ValidationError");
  auto policies =
      with([&](store::Transaction& transaction) { return policies_of(transaction, role_key(role.name)); });
  ASSERT_TRUE(policies);
  EXPECT_TRUE(policies->empty());
}

}  // namespace
}  // namespace fumidai::identity
