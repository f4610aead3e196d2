#include <gtest/gtest.h>

#include "model/arn.h"
#include "model/session_document.h"

namespace fumidai::model {
namespace {

TEST(Arn, names_are_those_of_aws) {
  Region region{"us-east-1", "123456789012"};
  EXPECT_EQ(user_arn(region, "/", "alice"), "arn:aws:iam::123456789012:user/alice");
  EXPECT_EQ(assumed_role_arn(region, "R", "mi-1"), "arn:aws:sts::123456789012:assumed-role/R/mi-1");
  EXPECT_EQ(instance_arn(region, InstanceId("mi-0123456789abcdef0")),
            "arn:aws:ssm:us-east-1:123456789012:managed-instance/mi-0123456789abcdef0");
  EXPECT_EQ(instance_arn(region, InstanceId("i-0123456789abcdef0")),
            "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0");
  EXPECT_EQ(document_arn(region, "AWS-StartInteractiveCommand"),
            "arn:aws:ssm:us-east-1::document/AWS-StartInteractiveCommand");
  EXPECT_EQ(document_arn(region, kDefaultDocument),
            "arn:aws:ssm:us-east-1:123456789012:document/SSM-SessionManagerRunShell");
  EXPECT_EQ(resource_of("arn:aws:ssm:us-east-1:123456789012:session/alice-1", "session"), "alice-1");
  EXPECT_EQ(resource_of("arn:aws:iam::1:user/x", "session"), "");
}

TEST(Arn, instance_ids_have_their_form) {
  EXPECT_TRUE(is_managed_instance_id("mi-0123456789abcdef0"));
  EXPECT_TRUE(is_instance_id("i-0123456789abcdef0"));
  EXPECT_TRUE(is_instance_id("i-01234567"));
  for (auto bad :
       {"", "mi-", "mi-0123456789ABCDEF0", "i-0123456789abcdef", "mi-01234567", "x-0123456789abcdef0"})
    EXPECT_FALSE(is_instance_id(bad)) << bad;
}

TEST(SessionDocument, parameters_are_unwrapped_for_the_agent) {
  auto document = *find_session_document("AWS-StartInteractiveCommand");
  auto resolved = resolve_parameters(document, {{"command", {"top"}}});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->at("command").as_string(), "top");
}

TEST(SessionDocument, what_does_not_fit_is_refused_with_a_reason) {
  auto interactive = *find_session_document("AWS-StartInteractiveCommand");
  auto plain = *find_session_document("AWS-StartNonInteractiveCommand");
  struct Row {
    SessionDocument const* document;
    DocumentParameters given;
    char const* reason;
  };
  Row rows[] = {
      {&interactive, {}, "needs the parameter 'command'"},
      {&interactive, {{"command", {"  "}}}, "needs the parameter 'command'"},
      {&interactive, {{"command", {"a", "b"}}}, "exactly one value"},
      {&interactive, {{"command", {}}}, "exactly one value"},
      {&interactive, {{"portNumber", {"22"}}}, "has no parameter 'portNumber'"},
      {&interactive, {{"command", {std::string(16385, 'x')}}}, "more than 16384 bytes"},
      {&interactive, {{"command", {"\xff"}}}, "not UTF-8"},
      {&plain, {{"command", {"ls"}}, {"separateOutputStream", {"yes"}}}, "must be true or false"},
      {&plain, {{"command", {"ls"}}, {"stdOutSeparatorPrefix", {"\x1b[2J"}}}, "must match"},
  };
  for (auto const& row : rows) {
    auto verdict = resolve_parameters(*row.document, row.given);
    ASSERT_FALSE(verdict) << row.reason;
    EXPECT_EQ(verdict.error().aws, "InvalidParameters");
    EXPECT_NE(verdict.error().detail.find(row.reason), std::string::npos) << verdict.error().detail;
  }
  EXPECT_EQ(find_session_document("AWS-RunShellScript").error().aws, "InvalidDocument");
}

}  // namespace
}  // namespace fumidai::model
