#pragma once

// What the tests of this folder share: short ways to write a policy and a request.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "policy/evaluate.h"

namespace fumidai::policy {

inline constexpr char kAccount[] = "123456789012";
inline constexpr char kNode[] = "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0";
inline constexpr char kOtherNode[] = "arn:aws:ec2:us-east-1:123456789012:instance/i-0fedcba9876543210";

inline NamedPolicy named(std::string name, std::string_view json, PolicyKind kind = PolicyKind::identity) {
  auto policy = parse_policy(json, kind);
  if (!policy) {
    ADD_FAILURE() << policy.error().detail << "\nin " << json;
    return {std::move(name), std::make_shared<Policy const>()};
  }
  return {std::move(name), std::make_shared<Policy const>(*std::move(policy))};
}

// A document around statements: R"({"Effect": ...}, {...})".
inline std::string document(std::string_view statements, std::string_view version = "2012-10-17") {
  return R"({"Version": ")" + std::string(version) + R"(", "Statement": [)" + std::string(statements) + "]}";
}

inline Principal alice() {
  return {PrincipalType::user, "arn:aws:iam::123456789012:user/alice", kAccount, "", ""};
}
inline Principal root() {
  return {PrincipalType::account, "arn:aws:iam::123456789012:root", kAccount, "", ""};
}
inline Principal dev_session() {
  return {PrincipalType::assumed_role, "arn:aws:sts::123456789012:assumed-role/Dev/bob", kAccount,
          "arn:aws:iam::123456789012:role/Dev", ""};
}
inline Principal ec2_service() {
  return {PrincipalType::service, "", "", "", "ec2.amazonaws.com"};
}

inline Request start_session(Principal principal = alice(), std::string resource = kNode) {
  Request request{std::move(principal), "ssm:StartSession", std::move(resource), {}};
  if (request.principal.type == PrincipalType::user) request.context.set("aws:username", "alice");
  request.context.set("aws:SourceIp", "203.0.113.10");
  return request;
}

inline Outcome outcome(std::string_view statements, Request const& request) {
  return decide({.identity = {named("p", document(statements))}}, request).outcome;
}

}  // namespace fumidai::policy
