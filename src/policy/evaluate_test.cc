#include "policy/evaluate.h"

#include <gtest/gtest.h>

#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

char const kAllowAll[] = R"({"Effect": "Allow", "Action": "*", "Resource": "*"})";
char const kDenyAll[] = R"({"Sid": "Stop", "Effect": "Deny", "Action": "*", "Resource": "*"})";
char const kAllowEc2[] = R"({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})";
char const kEndpointAllowAll[] = R"({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})";
char const kEndpointDenyAll[] = R"({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"})";

using List = std::vector<NamedPolicy>;

List one(std::string_view statements) {
  return {named("one", document(statements))};
}
List endpoint_policy(std::string_view statements) {
  return {named("vpce-1", document(statements), PolicyKind::resource)};
}

TEST(Layers, every_limit_that_is_there_must_allow) {
  auto request = start_session();
  EXPECT_TRUE(decide({.identity = one(kAllowAll)}, request).allowed());
  EXPECT_TRUE(decide({.identity = one(kAllowAll),
                      .boundary = one(kAllowAll),
                      .session = one(kAllowAll),
                      .endpoint = endpoint_policy(kEndpointAllowAll)},
                     request)
                  .allowed());
  PolicySet limited{
      .identity = one(kAllowAll), .boundary = one(kAllowEc2), .session = one(kAllowEc2), .endpoint = List{}};
  auto decision = decide(limited, request);
  EXPECT_EQ(decision.outcome, Outcome::implicit_deny);
  EXPECT_EQ(decision.lacking, (std::vector{Layer::boundary, Layer::session, Layer::endpoint}));
}

TEST(Layers, a_limit_without_a_policy_lets_nothing_through) {
  EXPECT_FALSE(decide({.identity = one(kAllowAll), .boundary = List{}}, start_session()).allowed());
  EXPECT_FALSE(decide({.identity = one(kAllowAll), .session = List{}}, start_session()).allowed());
  EXPECT_FALSE(decide({.identity = one(kAllowAll), .endpoint = List{}}, start_session()).allowed());
}

TEST(Layers, a_limit_grants_nothing) {
  auto decision = decide(
      {.boundary = one(kAllowAll), .session = one(kAllowAll), .endpoint = endpoint_policy(kEndpointAllowAll)},
      start_session());
  EXPECT_EQ(decision.outcome, Outcome::implicit_deny);
  EXPECT_EQ(decision.lacking, std::vector{Layer::identity});
}

TEST(Layers, a_deny_in_any_of_them_is_final_and_is_named) {
  for (auto layer : {Layer::identity, Layer::boundary, Layer::session}) {
    PolicySet set{.identity = one(kAllowAll), .boundary = one(kAllowAll), .session = one(kAllowAll)};
    auto& policies = layer == Layer::identity   ? set.identity
                     : layer == Layer::boundary ? *set.boundary
                                                : *set.session;
    policies.push_back(
        named("inline policy 'x' of user alice", document(std::string(kAllowAll) + "," + kDenyAll)));
    auto decision = decide(set, start_session());
    EXPECT_EQ(decision.outcome, Outcome::explicit_deny);
    EXPECT_EQ(decision.ground, (Ground{layer, "inline policy 'x' of user alice", 2, "Stop"}));
  }
  PolicySet set{.identity = one(kAllowAll),
                .endpoint = endpoint_policy(std::string(kEndpointAllowAll) + "," + kEndpointDenyAll)};
  EXPECT_EQ(decide(set, start_session()).ground->layer, Layer::endpoint);
}

TEST(Layers, the_account_root_needs_no_identity_policy_but_minds_every_other) {
  auto request = start_session(root());
  EXPECT_TRUE(decide({}, request).allowed());
  EXPECT_FALSE(decide({}, request).ground);
  EXPECT_FALSE(decide({.session = one(kAllowEc2)}, request).allowed());
  EXPECT_TRUE(decide({.session = one(kAllowAll)}, request).allowed());
  EXPECT_EQ(decide({.session = one(kDenyAll)}, request).outcome, Outcome::explicit_deny);
  EXPECT_EQ(decide({.endpoint = endpoint_policy(kEndpointDenyAll)}, request).outcome, Outcome::explicit_deny);
  EXPECT_FALSE(decide({.endpoint = List{}}, request).allowed());
  EXPECT_EQ(decide({.identity = one(kDenyAll)}, request).outcome, Outcome::explicit_deny);
}

TEST(Layers, a_name_that_looks_like_root_is_not_root) {
  auto pretender = start_session();
  pretender.principal.arn = "arn:aws:iam::123456789012:root";
  EXPECT_FALSE(decide({}, pretender).allowed());
}

TEST(Layers, a_resource_policy_grants_to_principals_of_its_account_that_it_names) {
  auto granting = [](std::string_view principal) {
    return PolicySet{
        .resource = endpoint_policy(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": )" +
                                    std::string(principal) + "}")};
  };
  auto by_user = granting(R"({"AWS": "arn:aws:iam::123456789012:user/alice"})");
  auto by_account = granting(R"({"AWS": "arn:aws:iam::123456789012:root"})");
  EXPECT_TRUE(decide(by_user, start_session()).allowed());
  EXPECT_EQ(decide(by_user, start_session()).ground->layer, Layer::resource);
  EXPECT_TRUE(decide(granting("\"*\""), start_session()).allowed());
  EXPECT_FALSE(decide(by_account, start_session()).allowed()) << "it leaves the grant to the account";
  EXPECT_FALSE(decide(by_user, start_session(dev_session())).allowed());
  EXPECT_FALSE(
      decide(by_user, start_session(alice(), "arn:aws:ec2:us-east-1:999999999999:instance/i-1")).allowed());
  EXPECT_FALSE(decide(by_user, start_session(alice(), "arn:aws:ec2:us-east-1::image/ami-1")).allowed());
  by_user.boundary = one(kAllowEc2);
  EXPECT_FALSE(decide(by_user, start_session()).allowed());
}

TEST(Layers, several_resources_must_all_be_allowed_and_the_one_that_was_not_is_named) {
  PolicySet set{
      .identity = one(
          R"({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:*:instance/i-0123456789abcdef0"},
                                   {"Effect": "Deny", "Action": "*",
                                     "Resource": "arn:aws:ec2:*:*:instance/i-bad"})")};
  auto good = start_session(), other = start_session(alice(), kOtherNode);
  auto bad = start_session(alice(), "arn:aws:ec2:us-east-1:123456789012:instance/i-bad");
  auto ask = [&](std::vector<Request> requests) { return decide_all(set, requests); };
  EXPECT_TRUE(ask({good, good}).allowed());
  EXPECT_EQ(ask({good, other}).outcome, Outcome::implicit_deny);
  EXPECT_EQ(ask({good, other}).resource, kOtherNode);
  EXPECT_EQ(ask({good, other}).index, 1u);
  EXPECT_EQ(ask({good, other, bad}).outcome, Outcome::explicit_deny);
  EXPECT_EQ(ask({bad, good}).resource, bad.resource);
  EXPECT_FALSE(ask({}).allowed()) << "nothing to decide is not allowed";
}

TEST(Statements, a_request_without_a_resource_is_matched_only_by_the_star) {
  auto listing = start_session(alice(), "*");
  auto on = [&](std::string_view resource) {
    return outcome(R"({"Effect": "Allow", "Action": "*", "Resource": ")" + std::string(resource) + "\"}",
                   listing);
  };
  EXPECT_EQ(on("*"), Outcome::allow);
  EXPECT_EQ(on("arn:*"), Outcome::implicit_deny);
  EXPECT_EQ(on("arn:*:*:*:*:*"), Outcome::implicit_deny);
  EXPECT_EQ(outcome(R"({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"})", listing),
            Outcome::allow);
  EXPECT_EQ(outcome(R"({"Effect": "Allow", "Action": "*", "NotResource": "*"})", listing),
            Outcome::implicit_deny);
}

TEST(Statements, a_variable_nobody_can_resolve_never_widens_a_statement) {
  auto by_role = start_session(dev_session());
  EXPECT_EQ(
      outcome(R"({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:*:instance/${aws:username}"})",
              by_role),
      Outcome::implicit_deny);
  EXPECT_EQ(
      outcome(
          R"({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ec2:*:*:instance/${aws:username}"})",
          by_role),
      Outcome::implicit_deny);
  EXPECT_EQ(
      outcome(
          R"({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:ec2:*:*:instance/${aws:username}"})",
          by_role),
      Outcome::explicit_deny);
  EXPECT_EQ(
      outcome(
          R"({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ssm:*:*:session/${aws:username}"})",
          by_role),
      Outcome::allow)
      << "another service is not meant, whatever the variable is";
}

TEST(Statements, trust_policies_let_in_whom_the_table_says) {
  struct Row {
    char const* principal;
    bool alice, dev, root, service;
  };
  for (auto& row : std::vector<Row>{
           {R"("*")", true, true, true, true},
           {R"({"AWS": "*"})", true, true, true, true},
           {R"({"AWS": "123456789012"})", true, true, true, false},
           {R"({"AWS": "arn:aws:iam::123456789012:root"})", true, true, true, false},
           {R"({"AWS": "999999999999"})", false, false, false, false},
           {R"({"AWS": "arn:aws:iam::123456789012:user/alice"})", true, false, false, false},
           {R"({"AWS": "arn:aws:iam::123456789012:user/Alice"})", false, false, false, false},
           {R"({"AWS": "arn:aws:iam::123456789012:role/Dev"})", false, true, false, false},
           {R"({"AWS": "arn:aws:sts::123456789012:assumed-role/Dev/bob"})", false, true, false, false},
           {R"({"AWS": "arn:aws:sts::123456789012:assumed-role/Dev/eve"})", false, false, false, false},
           {R"({"Service": "ec2.amazonaws.com"})", false, false, false, true},
           {R"({"Service": "ssm.amazonaws.com"})", false, false, false, false},
           {R"({"Service": ["ssm.amazonaws.com", "ec2.amazonaws.com"],
                 "AWS": "arn:aws:iam::123456789012:user/alice"})",
            true, false, false, true},
       }) {
    auto trust = named("trust policy of role x",
                       document(R"({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": )" +
                                std::string(row.principal) + "}"),
                       PolicyKind::trust);
    auto lets_in = [&](Principal principal) {
      return decide_trust(trust,
                          {std::move(principal), "sts:AssumeRole", "arn:aws:iam::123456789012:role/x", {}})
          .allowed();
    };
    EXPECT_EQ(lets_in(alice()), row.alice) << row.principal;
    EXPECT_EQ(lets_in(dev_session()), row.dev) << row.principal;
    EXPECT_EQ(lets_in(root()), row.root) << row.principal;
    EXPECT_EQ(lets_in(ec2_service()), row.service) << row.principal;
  }
}

TEST(Statements, a_trust_policy_can_deny_and_minds_action_and_condition) {
  auto trust = named(
      "t", document(R"({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"},
                                       "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}},
                                      {"Sid": "NotBob", "Effect": "Deny", "Action": "sts:*",
                                       "Principal": {"AWS": "arn:aws:iam::123456789012:role/Dev"}})"),
      PolicyKind::trust);
  Request request{alice(), "sts:AssumeRole", "arn:aws:iam::123456789012:role/x", {}};
  EXPECT_EQ(decide_trust(trust, request).lacking, std::vector{Layer::trust});
  request.context.set("sts:ExternalId", "secret");
  EXPECT_TRUE(decide_trust(trust, request).allowed());
  request.action = "sts:TagSession";
  EXPECT_FALSE(decide_trust(trust, request).allowed());
  request.principal = dev_session();
  EXPECT_EQ(decide_trust(trust, request).ground, (Ground{Layer::trust, "t", 2, "NotBob"}));
}

TEST(Statements, a_deny_for_all_but_some_principals_spares_only_those) {
  PolicySet set{.identity = one(kAllowAll),
                .endpoint = endpoint_policy(std::string(kEndpointAllowAll) +
                                            R"(, {"Effect": "Deny", "Action": "*", "Resource": "*",
                    "NotPrincipal": {"AWS": ["arn:aws:iam::123456789012:user/alice"]}})")};
  EXPECT_TRUE(decide(set, start_session()).allowed());
  EXPECT_EQ(decide(set, start_session(dev_session())).outcome, Outcome::explicit_deny);
}

}  // namespace
}  // namespace fumidai::policy
