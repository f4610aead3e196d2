// Every vector of tests/vectors/iam-policy.json, each a test of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "policy/evaluate.h"
#include "policy/explain.h"
#include "policy/test_support.h"

namespace fumidai::policy {
namespace {

namespace json = boost::json;

json::array load_vectors() {
  std::ifstream file(FUMIDAI_VECTORS "/iam-policy.json");
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).at("vectors").as_array();
}

std::string text_at(json::object const& object, std::string_view name) {
  auto value = object.if_contains(name);
  return value ? std::string(value->as_string()) : std::string();
}

std::vector<NamedPolicy> policies_at(json::object const& kinds, std::string_view kind,
                                     PolicyKind policy_kind) {
  std::vector<NamedPolicy> policies;
  auto documents = kinds.if_contains(kind);
  if (!documents) return policies;
  for (auto& each : documents->as_array()) {
    policies.push_back(named(std::string(kind), json::serialize(each), policy_kind));
  }
  return policies;
}

Principal principal_of(json::object const& source) {
  Principal principal;
  principal.arn = text_at(source, "arn");
  principal.role_arn = text_at(source, "role_arn");
  principal.service = text_at(source, "service");
  if (auto arn = Arn::split(principal.arn)) principal.account = arn->account();
  auto type = text_at(source, "type");
  if (type == "AssumedRole") principal.type = PrincipalType::assumed_role;
  if (type == "Account") principal.type = PrincipalType::account;
  if (!principal.service.empty()) principal.type = PrincipalType::service;
  return principal;
}

Request request_of(json::object const& source) {
  Request request{principal_of(source.at("principal").as_object()),
                  text_at(source, "action"),
                  text_at(source, "resource"),
                  {}};
  for (auto& [key, value] : source.at("context").as_object()) {
    if (value.is_string()) request.context.add(key, std::string(value.as_string()));
    if (!value.is_array()) continue;
    for (auto& item : value.as_array()) request.context.add(key, std::string(item.as_string()));
  }
  return request;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow: return "Allow";
    case Outcome::implicit_deny: return "ImplicitDeny";
    case Outcome::explicit_deny: return "ExplicitDeny";
  }
  return "";
}

class Vector : public testing::TestWithParam<json::value> {};

TEST_P(Vector, is_decided_as_written) {
  auto& vector = GetParam().as_object();
  auto& kinds = vector.at("policies").as_object();
  auto request = request_of(vector.at("request").as_object());
  auto wanted = text_at(vector, "decision");
  if (text_at(vector, "mode") == "trust") {
    auto trust = policies_at(kinds, "resource", PolicyKind::trust).at(0);
    EXPECT_EQ(name_of(decide_trust(trust, request).outcome), wanted);
    EXPECT_EQ(name_of(explain_trust(trust, request).decision.outcome), wanted);
    return;
  }
  PolicySet set{.identity = policies_at(kinds, "identity", PolicyKind::identity)};
  if (kinds.contains("boundary")) set.boundary = policies_at(kinds, "boundary", PolicyKind::identity);
  if (kinds.contains("session")) set.session = policies_at(kinds, "session", PolicyKind::identity);
  EXPECT_EQ(name_of(decide(set, request).outcome), wanted) << text_at(vector, "why");
  EXPECT_EQ(name_of(explain(set, request).decision.outcome), wanted);
}

INSTANTIATE_TEST_SUITE_P(iam_policy, Vector, testing::ValuesIn(load_vectors()), [](auto const& vector) {
  auto name = text_at(vector.param.as_object(), "name");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Vectors, are_all_here_and_of_known_kinds) {
  auto vectors = load_vectors();
  EXPECT_GE(vectors.size(), 69u);
  for (auto& vector : vectors) {
    for (auto& [kind, _] : vector.at("policies").as_object()) {
      EXPECT_TRUE(kind == "identity" || kind == "boundary" || kind == "session" || kind == "resource")
          << kind;
    }
  }
}

}  // namespace
}  // namespace fumidai::policy
