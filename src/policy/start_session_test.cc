#include "policy/start_session.h"

#include <gtest/gtest.h>

#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

constexpr char kShell[] = "arn:aws:ssm:us-east-1:123456789012:document/SSM-SessionManagerRunShell";

StartSession asked(bool document_named) {
  return {start_session(), start_session(alice(), kShell), document_named};
}

Decision decided(std::string_view statements, bool document_named) {
  return decide_start_session({.identity = {named("p", document(statements))}}, asked(document_named));
}

std::string const kNodeOnly =
    R"({"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/*"})";
std::string const kNodeWithCheck =
    R"({"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/*",
        "Condition": {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}})";
std::string const kDocument = R"({"Effect": "Allow", "Action": "ssm:StartSession",
    "Resource": "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"})";
std::string const kNoDocument =
    R"({"Effect": "Deny", "Action": "ssm:StartSession", "Resource": "arn:aws:ssm:*:*:document/*"})";
std::string const kNoNode =
    R"({"Effect": "Deny", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/*"})";
std::string const kNoUnchecked = R"({"Effect": "Deny", "Action": "ssm:StartSession", "Resource": "*",
    "Condition": {"Bool": {"ssm:SessionDocumentAccessCheck": "false"}}})";

TEST(StartSession, is_decided_as_the_table_says) {
  using enum Outcome;
  struct Row {
    std::string statements;
    Outcome default_document, named_document;
  };
  for (auto& row : std::vector<Row>{
           {kDocument, implicit_deny, implicit_deny},
           {kNodeOnly, allow, implicit_deny},
           {kNodeOnly + "," + kDocument, allow, allow},
           {kNodeWithCheck, implicit_deny, implicit_deny},
           {kNodeWithCheck + "," + kDocument, allow, allow},
           {kNodeOnly + "," + kNoDocument, allow, explicit_deny},
           {kNodeWithCheck + "," + kNoDocument, explicit_deny, explicit_deny},
           {kNodeOnly + "," + kDocument + "," + kNoNode, explicit_deny, explicit_deny},
           {kNodeOnly + "," + kDocument + "," + kNoUnchecked, explicit_deny, allow},
       }) {
    EXPECT_EQ(decided(row.statements, false).outcome, row.default_document) << row.statements;
    EXPECT_EQ(decided(row.statements, true).outcome, row.named_document) << row.statements;
  }
}

TEST(StartSession, a_refusal_names_the_resource_that_was_refused) {
  EXPECT_EQ(decided(kNodeOnly, true).resource, kShell);
  EXPECT_EQ(decided(kDocument, true).resource, kNode);
  EXPECT_EQ(decided(kNodeWithCheck, false).resource, kShell);
}

TEST(StartSession, a_forged_access_check_in_the_context_has_no_effect) {
  auto question = asked(false);
  question.node.context.set("ssm:SessionDocumentAccessCheck", "true");
  PolicySet set{.identity = {named("p", document(kNodeWithCheck))}};
  EXPECT_EQ(decide_start_session(set, question).outcome, Outcome::implicit_deny);
}

TEST(StartSession, tags_of_the_node_do_not_open_the_document) {
  auto question = asked(true);
  question.node.context.set("ssm:resourceTag/Env", "dev");
  PolicySet set{
      .identity = {named("p", document(R"({"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*",
      "Condition": {"StringEquals": {"ssm:resourceTag/Env": "dev"}}})"))}};
  EXPECT_EQ(decide_start_session(set, question).resource, kShell);
  question.document.context.set("ssm:resourceTag/Env", "dev");
  EXPECT_TRUE(decide_start_session(set, question).allowed());
}

TEST(StartSession, the_explanation_is_of_what_was_refused) {
  PolicySet set{.identity = {named("p", document(kNodeWithCheck))}};
  auto text = explain_start_session(set, asked(false));
  EXPECT_TRUE(
      text.starts_with("denied: no statement of a policy of arn:aws:iam::123456789012:user/alice allows "
                       "ssm:StartSession on arn:aws:ssm:us-east-1:123456789012:document/"))
      << text;
  set.identity = {named("p", document(kNodeOnly))};
  EXPECT_TRUE(explain_start_session(set, asked(false)).starts_with("allowed: statement 1 of p allows"));
}

}  // namespace
}  // namespace fumidai::policy
