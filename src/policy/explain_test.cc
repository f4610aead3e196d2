#include "policy/explain.h"

#include <gtest/gtest.h>

#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

Explanation explained(std::string_view statements, Request const& request) {
  return explain({.identity = {named("inline policy 'x' of user alice", document(statements))}}, request);
}

TEST(Explain, an_implicit_deny_says_what_would_allow) {
  EXPECT_EQ(
      explain({}, start_session()).text(),
      "denied: no statement of a policy of arn:aws:iam::123456789012:user/alice allows ssm:StartSession on "
      "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0; an Allow statement for that action "
      "and "
      "resource would.");
}

TEST(Explain, an_explicit_deny_names_its_statement) {
  auto text = explained(R"({"Effect": "Allow", "Action": "*", "Resource": "*"},
                           {"Sid": "NoProd", "Effect": "Deny", "Action": "ssm:*", "Resource": "*"})",
                        start_session())
                  .text();
  EXPECT_TRUE(
      text.starts_with("denied explicitly by statement 2 ('NoProd') of inline policy 'x' of user alice for "
                       "ssm:StartSession on "));
  EXPECT_TRUE(text.ends_with("; no Allow outweighs it, so that statement has to change.")) << text;
}

TEST(Explain, an_allow_names_its_statement_and_root_needs_none) {
  auto text = explained(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})", start_session()).text();
  EXPECT_TRUE(
      text.starts_with("allowed: statement 1 of inline policy 'x' of user alice allows ssm:StartSession on "))
      << text;
  EXPECT_TRUE(explain({}, start_session(root()))
                  .text()
                  .starts_with("allowed: arn:aws:iam::123456789012:root is the root"));
}

TEST(Explain, each_layer_that_lacks_an_allow_is_named) {
  auto ec2_only = named("b", document(R"({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})"));
  auto all = named("a", document(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})"));
  auto text =
      explain({.identity = {all}, .boundary = std::vector{ec2_only}, .session = std::vector{ec2_only}},
              start_session())
          .text();
  EXPECT_TRUE(text.starts_with(
      "denied: no statement of the permissions boundary of arn:aws:iam::123456789012:user/alice and no "
      "statement of the session policy of "))
      << text;
}

TEST(Explain, a_condition_that_failed_is_told_with_what_was_wanted_and_what_there_was) {
  auto request = start_session();
  request.context.set("ssm:resourceTag/Env", "prod");
  auto explanation =
      explained(R"({"Sid": "Dev", "Effect": "Allow", "Action": "ssm:*", "Resource": "*", "Condition": {
      "StringLike": {"ssm:resourceTag/Env": ["dev", "test*"]}, "Bool": {"aws:MultiFactorAuthPresent": true},
      "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}})",
                request);
  ASSERT_EQ(explanation.near_misses.size(), 1u);
  auto& miss = explanation.near_misses[0];
  EXPECT_EQ(miss.statement, (Ground{Layer::identity, "inline policy 'x' of user alice", 1, "Dev"}));
  EXPECT_TRUE(miss.other_resources.empty());
  ASSERT_EQ(miss.conditions.size(), 2u) << "the address matched";
  EXPECT_TRUE(
      explanation.text().ends_with(" Near: statement 1 ('Dev') of inline policy 'x' of user alice allows the "
                                   "action, but StringLike of ssm:resourceTag/Env wants "
                                   "'dev' or 'test*', and the request has 'prod'; and Bool of "
                                   "aws:MultiFactorAuthPresent wants 'true', and the request has no such "
                                   "key."))
      << explanation.text();
}

TEST(Explain, a_variable_without_value_is_named) {
  auto request = start_session();
  request.context.set("ssm:resourceTag/team", "blue");
  auto text = explained(R"({"Effect": "Allow", "Action": "ssm:*", "Resource": "*", "Condition": {
      "StringEquals": {"ssm:resourceTag/team": "${aws:PrincipalTag/team}"}}})",
                        request)
                  .text();
  EXPECT_TRUE(
      text.ends_with("wants '${aws:PrincipalTag/team}', and the request has 'blue' but no one value for "
                     "${aws:PrincipalTag/team}."))
      << text;
}

TEST(Explain, statements_for_the_resource_come_before_those_for_others) {
  auto explanation =
      explained(R"({"Effect": "Allow", "Action": "ssm:*", "Resource": "arn:aws:ec2:*:*:instance/i-other"},
      {"Effect": "Allow", "Action": "ssm:*", "NotResource": "arn:aws:ec2:*:*:instance/*"},
      {"Effect": "Allow", "Action": "ssm:*", "Resource": "*",
       "Condition": {"StringEquals": {"aws:username": "bob"}}},
      {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
      {"Effect": "Deny", "Action": "ssm:*", "Resource": "arn:aws:ec2:*:*:instance/i-x"})",
                start_session());
  ASSERT_EQ(explanation.near_misses.size(), 3u);
  EXPECT_EQ(explanation.near_misses[0].statement.statement, 3u);
  EXPECT_NE(explanation.text().find("but it is about 'arn:aws:ec2:*:*:instance/i-other'."),
            std::string::npos);
  EXPECT_NE(explanation.text().find("but it spares 'arn:aws:ec2:*:*:instance/*'."), std::string::npos);
}

TEST(Explain, the_plain_sentence_holds_no_condition_and_no_value) {
  auto request = start_session();
  request.context.set("ssm:resourceTag/Env", "prod");
  auto explanation = explained(R"({"Effect": "Allow", "Action": "ssm:*", "Resource": "*",
      "Condition": {"StringEquals": {"ssm:resourceTag/Env": "dev"}}})",
                               request);
  EXPECT_EQ(explanation.sentence, sentence(explanation.decision, request));
  EXPECT_EQ(explanation.sentence.find("dev"), std::string::npos);
  EXPECT_EQ(explanation.sentence.find("inline"), std::string::npos);
}

TEST(Explain, what_others_wrote_cannot_command_a_terminal) {
  auto request = start_session();
  request.context.set("ssm:resourceTag/Env", "\x1b[2Jprod");
  auto text = explained(R"({"Effect": "Allow", "Action": "ssm:*", "Resource": "*",
      "Condition": {"StringEquals": {"ssm:resourceTag/Env": "\u001b[31m"}}})",
                        request)
                  .text();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Explain, many_near_misses_are_counted_and_not_all_told) {
  std::string statements;
  for (int i = 0; i < 9; i++) {
    statements += std::string(i ? "," : "") +
                  R"({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:*:instance/i-other"})";
  }
  EXPECT_TRUE(explained(statements, start_session()).text().ends_with("(4 more came near.)"));
}

TEST(Explain, a_trust_policy_says_whom_it_lacks) {
  auto trust = named("trust policy of role x", document(R"({"Effect": "Allow", "Action": "sts:AssumeRole",
      "Principal": {"Service": "ec2.amazonaws.com"}})"),
                     PolicyKind::trust);
  Request request{alice(), "sts:AssumeRole", "arn:aws:iam::123456789012:role/x", {}};
  EXPECT_EQ(explain_trust(trust, request).text(),
            "denied: no statement of the role's trust policy lets arn:aws:iam::123456789012:user/alice do "
            "sts:AssumeRole on "
            "arn:aws:iam::123456789012:role/x; an Allow statement that names it as Principal would.");
}

}  // namespace
}  // namespace fumidai::policy
