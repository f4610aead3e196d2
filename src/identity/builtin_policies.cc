#include "identity/builtin_policies.h"

#include "identity/managed_policies.h"
#include "identity/principal_policies.h"
#include "identity/roles.h"
#include "identity/users.h"

namespace fumidai::identity {

namespace {

constexpr char const* kAwsPolicyArn = "arn:aws:iam::aws:policy/";
constexpr char const* kAdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess";
constexpr char const* kManagedInstanceCore = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

struct AwsPolicy {
  char const* name;
  char const* version;
  char const* description;
  char const* document;
};

// The lists of actions are facts of AWS's interface (api-surface.md 2.5).
constexpr AwsPolicy kAwsPolicies[] = {
    {"AdministratorAccess", "v1", "Everything",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    {"AmazonSSMManagedInstanceCore", "v2", "What the agent on a host needs",
     R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Resource":"*","Action":["ssm:DescribeAssociation","ssm:GetDeployablePatchSnapshotForInstance",
        "ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest","ssm:GetParameter","ssm:GetParameters",
        "ssm:ListAssociations","ssm:ListInstanceAssociations","ssm:PutInventory","ssm:PutComplianceItems",
        "ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus","ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateInstanceInformation"]},
      {"Effect":"Allow","Resource":"*","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"]},
      {"Effect":"Allow","Resource":"*","Action":["ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage",
        "ec2messages:FailMessage","ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"]}]})"},
    {"AmazonSSMFullAccess", "v1", "Everything of Systems Manager",
     R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Resource":"*","Action":["ssm:*","ssmmessages:*","ec2messages:*"]}]})"},
    {"AmazonSSMReadOnlyAccess", "v1", "To look at Systems Manager",
     R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Resource":"*","Action":["ssm:Describe*","ssm:Get*","ssm:List*"]}]})"},
    {"AmazonEC2ReadOnlyAccess", "v1", "To look at instances and networks",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]})"},
    {"EC2InstanceConnect", "v1", "To push SSH keys to instances",
     R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"},
      {"Effect":"Allow","Action":"ec2-instance-connect:SendSSHPublicKey","Resource":"arn:aws:ec2:*:*:instance/*"}]})"},
    {"FumidaiServeEndpoint", "v1",
     "Fumidai's own: what the agent of a connect endpoint needs beside AmazonSSMManagedInstanceCore",
     R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Action":"fumidai:ServeEndpoint","Resource":"arn:aws:ec2:*:*:instance-connect-endpoint/*"}]})"},
};

constexpr char const* kTrustsAgents =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},"Action":"sts:AssumeRole"}]})";

}  // namespace

Result<void> put_builtin_policies(store::Transaction& transaction, Time now) {
  for (auto const& [name, version, description, document] : kAwsPolicies) {
    ManagedPolicy policy;
    policy.arn = std::string(kAwsPolicyArn) + name;
    policy.name = name;
    policy.version = version;
    policy.description = description;
    policy.document = document;
    CHECK(put_aws_policy(transaction, policy, now));
  }
  auto known = find_role(transaction, kInstanceRole);
  if (known) return success();
  if (known.error().code != Errc::not_found) return known.error();
  Role role;
  role.name = kInstanceRole;
  role.path = "/";
  role.trust_policy = kTrustsAgents;
  role.description = "What agents on registered hosts may do";
  CHECK(create_role(transaction, role, now));
  return attach_policy(transaction, role_key(kInstanceRole), kManagedInstanceCore);
}

Result<std::optional<NewAccessKey>> create_administrator(store::Transaction& transaction,
                                                         Deployment const& deployment, Time now) {
  TRY(auto somebody, transaction.first("select name from users"));
  if (somebody) return std::optional<NewAccessKey>();
  CHECK(create_user(transaction, kAdministrator, "/", now));
  CHECK(attach_policy(transaction, user_key(kAdministrator), kAdministratorAccess));
  TRY(auto key, create_access_key(transaction, deployment, kAdministrator, now));
  return std::optional(std::move(key));
}

}  // namespace fumidai::identity
