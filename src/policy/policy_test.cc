#include "policy/policy.h"

#include <gtest/gtest.h>

#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

std::string with(std::string_view statement) {
  return document(statement);
}

struct Refusal {
  std::string json;
  char const* sentence;  // what the error says, or how it begins
};

void expect_refused(PolicyKind kind, std::vector<Refusal> const& table) {
  for (auto& [json, sentence] : table) {
    auto policy = parse_policy(json, kind);
    ASSERT_FALSE(policy) << json;
    EXPECT_EQ(policy.error().code, Errc::malformed) << json;
    EXPECT_EQ(policy.error().aws, "MalformedPolicyDocument") << json;
    EXPECT_TRUE(policy.error().detail.starts_with(sentence)) << json << "\nsays: " << policy.error().detail;
  }
}

TEST(PolicyText, what_is_not_json_is_a_syntax_error) {
  for (auto text :
       {"", " ", "{", "[]", "null", "\"*\"", "{} {}", "{'Version': '2012-10-17'}", "{\"Version\": NaN}",
        "{\"Version\":}", "{\"Statement\": [,]}", "// comment\n{}", "{\"a\": \"\xff\"}", "\xef\xbb\xbf{}"}) {
    expect_refused(PolicyKind::identity, {{text, "Syntax errors in policy."}});
    expect_refused(PolicyKind::trust, {{text, "This policy contains invalid Json"}});
  }
}

TEST(PolicyText, elements_that_are_missing_unknown_or_of_the_wrong_type_are_refused) {
  expect_refused(
      PolicyKind::identity,
      {
          {R"({})", "Missing required field Statement"},
          {R"({"Version": "2012-10-17", "Statement": []})", "Statement is an empty list"},
          {R"({"Version": "2012-10-17", "Statement": "x"})", "a statement must be an object (statement 1)"},
          {R"({"Version": "2012-10-17", "Statement": [[]]})", "a statement must be an object (statement 1)"},
          {R"({"Version": "2012-10-18", "Statement": {}})", "Version must be"},
          {R"({"Version": 2012, "Statement": {}})", "Version must be"},
          {R"({"version": "2012-10-17", "Statement": {}})", "unknown element 'version' of the document"},
          {R"({"Id": 7, "Statement": {}})", "unknown element 'Id' of the document"},
          {with(R"({})"), "Missing required field Effect (statement 1)"},
          {with(R"({"Effect": "Allow", "Resource": "*"})"), "Missing required field Action (statement 1)"},
          {with(R"({"Effect": "Allow", "Action": "*"})"), "Missing required field Resource (statement 1)"},
          {with(R"({"Effect": "allow", "Action": "*", "Resource": "*"})"), "Effect must be"},
          {with(R"({"Effect": ["Allow"], "Action": "*", "Resource": "*"})"), "Effect must be"},
          {with(R"({"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"})"),
           "has both Action and NotAction"},
          {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"})"),
           "has both Resource and NotResource"},
          {with(R"({"Effect": "Allow", "Action": [], "Resource": "*"})"), "Action is an empty list"},
          {with(R"({"Effect": "Allow", "Action": 7, "Resource": "*"})"), "Action must be a string"},
          {with(R"({"Effect": "Allow", "Action": ["a:b", null], "Resource": "*"})"),
           "Action must be a string"},
          {with(R"({"Effect": "Allow", "Action": "*", "Resource": {}})"), "Resource must be a string"},
          {with(R"({"Effect": "Allow", "Action": "*", "Resource": []})"), "Resource is an empty list"},
          {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Resorce": "*"})"),
           "unknown element 'Resorce'"},
          {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})"),
           "Has prohibited field Principal"},
          {with(R"({"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": "*"})"),
           "Has prohibited field NotPrincipal"},
          {with(R"({"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"})"),
           "Statement IDs (SID) must be alpha-numeric"},
          {with(R"({"Sid": 1, "Effect": "Allow", "Action": "*", "Resource": "*"})"), "Sid must be a string"},
          {with(R"({"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
               {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"})"),
           "Statement IDs (SID) in a single policy must be unique (statement 2, 'A')"},
      });
}

TEST(PolicyText, an_error_names_the_statement_and_what_is_wrong_in_it) {
  expect_refused(
      PolicyKind::identity,
      {
          {with(R"({"Sid": "Ok", "Effect": "Allow", "Action": "*", "Resource": "*"},
               {"Sid": "Office", "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10.0.0.0/99"]}}})"),
           "'10.0.0.0/99' of IpAddress on aws:SourceIp is not an IP address or CIDR block (statement 2, "
           "'Office')"},
          {with(R"({"Sid": "X", "Effect": "Allow", "Action": "*", "Resource": "instance/i-1"})"),
           "Resource 'instance/i-1': 'instance/i-1' must be in ARN format or \"*\" (statement 1, 'X')"},
      });
}

TEST(PolicyText, actions_need_a_vendor_and_a_name) {
  for (auto action : {"", "ssm", "ssm*", "**", "ssm:", ":StartSession", "ssm:Start Session",
                      "ssm:StartSession ", "ssm:${aws:x}"}) {
    expect_refused(PolicyKind::identity,
                   {{with(R"({"Effect": "Deny", "Resource": "*", "Action": ")" + std::string(action) + "\"}"),
                     "Actions must be prefaced by a vendor"}});
  }
}

TEST(PolicyText, conditions_that_are_not_understood_are_refused) {
  auto refused = [](std::string_view condition, char const* sentence) {
    expect_refused(PolicyKind::identity,
                   {{with(R"({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": )" +
                          std::string(condition) + "}"),
                     sentence}});
  };
  refused(R"([])", "Condition must be an object");
  refused(R"({"StringEquals": "x"})", "condition operator 'StringEquals' must hold an object");
  refused(R"({"StringEquals": {}})", "condition operator 'StringEquals' must hold an object");
  refused(R"({"StringEquals": {"a:b": []}})", "StringEquals of a:b has no value");
  refused(R"({"StringEquals": {"a:b": null}})", "condition values must be strings, numbers or booleans");
  refused(R"({"StringEquals": {"a:b": ["x", {}]}})", "condition values must be strings, numbers or booleans");
  refused(R"({"StringEquals": {"a:b": [["x"]]}})", "condition values must be strings, numbers or booleans");
  refused(R"({"StringEquals": {"a:b": 1e30}})", "number 1e+30 is too large or small");
  refused(R"({"StringSame": {"a:b": "x"}})", "unknown condition operator 'StringSame'");
  refused(R"({"StringEquals": {"username": "x"}})", "condition key 'username' must be prefaced by a vendor");
  refused(R"({"StringEquals": {"a:b": "x", "A:B": "y"}})",
          "condition key 'A:B' appears twice under 'StringEquals'");
}

TEST(PolicyText, a_name_that_appears_twice_cannot_hide_the_first) {
  expect_refused(PolicyKind::identity,
                 {
                     {with(R"({"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"})"),
                      "'Effect' appears twice"},
                     {with(R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Act\u0069on": "*"})"),
                      "'Action' appears twice"},
                     {R"({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"},
           "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})",
                      "'Statement' appears twice"},
                     {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {"StringEquals": {"a:b": "x"}, "StringEquals": {"a:c": "y"}}})"),
                      "'StringEquals' appears twice"},
                     {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {"StringEquals": {"a:b": "x", "a:b": "y"}}})"),
                      "'a:b' appears twice"},
                 });
}

TEST(PolicyText, a_trust_policy_names_principals_and_no_resource) {
  auto refused = [](std::string_view elements, char const* sentence) {
    expect_refused(PolicyKind::trust,
                   {{with(R"({"Effect": "Allow", )" + std::string(elements) + "}"), sentence}});
  };
  refused(R"("Principal": "*", "Action": "sts:AssumeRole", "Resource": "*")",
          "Has prohibited field Resource");
  refused(R"("Principal": "*", "Action": "sts:AssumeRole", "NotResource": "*")",
          "Has prohibited field NotResource");
  refused(R"("NotPrincipal": "*", "Action": "sts:AssumeRole")", "Has prohibited field NotPrincipal");
  refused(R"("Action": "sts:AssumeRole")", "Missing required field Principal");
  refused(R"("Principal": "*", "Action": "*")", "AssumeRole policy may only specify STS AssumeRole actions");
  refused(R"("Principal": "*", "Action": "ssm:StartSession")",
          "AssumeRole policy may only specify STS AssumeRole actions");
  refused(R"("Principal": {}, "Action": "sts:AssumeRole")", "Principal names nobody");
  refused(R"("Principal": "alice", "Action": "sts:AssumeRole")", "Principal must be");
  refused(R"("Principal": ["*"], "Action": "sts:AssumeRole")", "Principal must be");
  refused(R"("Principal": {"AWS": []}, "Action": "sts:AssumeRole")", "Principal is an empty list");
  refused(R"("Principal": {"Federated": "x"}, "Action": "sts:AssumeRole")",
          "unknown type of principal 'Federated'");
  for (auto name : {"alice", "12345678901", "arn:aws:iam::123456789012:user/*", "arn:aws:iam::*:root",
                    "arn:aws:iam::123456789012:group/g", "arn:aws:ec2::123456789012:user/alice",
                    "arn:aws:sts::123456789012:federated-user/x", "AROAEXAMPLE000000001"}) {
    refused(R"("Principal": {"AWS": ")" + std::string(name) + R"("}, "Action": "sts:AssumeRole")",
            "Invalid principal in policy");
  }
  for (auto name : {"*", "ec2", "*.amazonaws.com", "EC2.amazonaws.com", "ec2.amazonaws.com ", ""}) {
    refused(R"("Principal": {"Service": ")" + std::string(name) + R"("}, "Action": "sts:AssumeRole")",
            "Invalid principal in policy");
  }
}

TEST(PolicyText, an_endpoint_policy_needs_principal_and_resource) {
  expect_refused(PolicyKind::resource, {
                                           {with(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})"),
                                            "Missing required field Principal"},
                                           {with(R"({"Effect": "Allow", "Action": "*", "Principal": "*"})"),
                                            "Missing required field Resource"},
                                           {with(
                                                R"({"Effect": "Allow", "Action": "*", "Resource": "*",
                    "NotPrincipal": {"AWS": "123456789012"}})"),
                                            "NotPrincipal with Effect Allow"},
                                       });
  EXPECT_TRUE(parse_policy(with(
                               R"({"Sid": "any sid - here", "Effect": "Allow", "Action": "*",
                "Principal": "*", "Resource": "*"})"),
                           PolicyKind::resource));
}

TEST(PolicyText, single_values_and_lists_say_the_same) {
  auto one =
      *parse_policy(R"({"Statement": {"Effect": "Allow", "Action": "ssm:*", "Resource": "*", "Condition":
      {"Bool": {"aws:SecureTransport": true}, "NumericEquals": {"x:port": 22},
       "StringEquals": {"x:n": 1.5}}}})",
                    PolicyKind::identity);
  auto list =
      *parse_policy(R"({"Statement": [{"Effect": "Allow", "Action": ["ssm:*"], "Resource": ["*"], "Condition":
      {"Bool": {"aws:SecureTransport": ["true"]}, "NumericEquals": {"x:port": ["22"]},
       "StringEquals": {"x:n": "1.5"}}}]})",
                    PolicyKind::identity);
  ASSERT_EQ(one.statements.size(), 1u);
  ASSERT_EQ(list.statements.size(), 1u);
  ASSERT_EQ(one.statements[0].conditions.size(), 3u);
  for (std::size_t i = 0; i < 3; i++) {
    EXPECT_EQ(one.statements[0].conditions[i].values(), list.statements[0].conditions[i].values());
  }
}

TEST(PolicyText, an_empty_condition_and_an_empty_sid_are_accepted) {
  auto text = with(R"({"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}},
                      {"Sid": "", "Effect": "Allow", "Action": "*", "Resource": "*"})");
  EXPECT_TRUE(parse_policy(text, PolicyKind::identity));
}

TEST(PolicyText, the_limits_are_met_and_passed_by_one) {
  std::string statement = R"({"Effect":"Deny","Action":"*","Resource":"*"})", many = statement;
  for (std::size_t i = 1; i < Policy::kMaxStatements; i++) many += "," + statement;
  EXPECT_TRUE(parse_policy(with(many), PolicyKind::identity));
  expect_refused(PolicyKind::identity, {{with(many + "," + statement), "257 statements are more than 256"}});

  auto text = with(statement);
  text.append(Policy::kMaxBytes - text.size(), ' ');
  EXPECT_TRUE(parse_policy(text, PolicyKind::identity));
  auto too_large = parse_policy(text + " ", PolicyKind::identity);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Errc::too_large);
  EXPECT_EQ(too_large.error().aws, "LimitExceeded");

  std::string deep(Policy::kMaxBytes / 2, '['), deep_end(Policy::kMaxBytes / 2, ']');
  expect_refused(PolicyKind::identity, {{deep + deep_end, "Syntax errors in policy."}});
}

}  // namespace
}  // namespace fumidai::policy
