#pragma once

// An IAM policy document, read and checked. Immutable once parsed; decisions share it.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/arn.h"
#include "policy/condition.h"
#include "policy/pattern.h"
#include "policy/principal.h"

namespace fumidai::policy {

// What a document hangs on, and so which elements it must have.
enum class PolicyKind {
  identity,  // a user, group or role; also a boundary or a session policy: Resource, no Principal
  trust,     // a role, saying who may assume it: Principal, no Resource
  resource,  // anything else that is accessed, such as a VPC endpoint: Principal and Resource
};

enum class Effect { allow, deny };

struct Statement {
  // In the order in which a decision asks for them, so that a statement about something else costs one cache
  // line.
  Effect effect;
  // Of each pair one is empty. In an identity policy both of the last are.
  std::vector<Pattern> actions, not_actions;  // lower case
  std::vector<ArnPattern> resources, not_resources;
  std::vector<Condition> conditions;  // all must hold
  std::vector<PrincipalPattern> principals, not_principals;

  // For people.
  std::size_t number;                       // its place in the document, from 1
  std::string sid;                          // may be empty
  std::vector<std::string> resource_texts;  // of Resource or NotResource as written
};

struct Policy {
  // AWS's limits depend on where a policy hangs (2048 to 10240 characters) and are the API's business; these
  // bound what one document can cost us.
  static constexpr std::size_t kMaxBytes = 20480;
  static constexpr std::size_t kMaxStatements = 256;

  std::vector<Statement> statements;
};

// A policy with what people call it: "inline policy 'sessions' of user alice".
struct NamedPolicy {
  std::string name;
  std::shared_ptr<Policy const> policy;  // not null
};

// Every failure has an AWS name: MalformedPolicyDocument, or LimitExceeded for a document that is too large.
Result<Policy> parse_policy(std::string_view json, PolicyKind kind);

}  // namespace fumidai::policy
