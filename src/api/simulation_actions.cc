// What policies would say: SimulatePrincipalPolicy of a user or a role as they are stored,
// SimulateCustomPolicy of documents that come with the question. They decide as the gate does, but about what
// the caller says of a request, and nothing is done.

#include <algorithm>

#include "api/iam.h"
#include "identity/managed_policies.h"
#include "identity/principal_policies.h"
#include "identity/roles.h"
#include "identity/users.h"
#include "inventory/tags.h"
#include "policy/statement_match.h"

namespace fumidai::api {

namespace {

constexpr std::size_t kMostDecisions = 2000;  // of one call
using Texts = std::vector<std::string>;

struct ContextEntry {
  std::string context_key_name;
  std::vector<std::string> context_key_values;
  std::string context_key_type;
  static constexpr wire::Limit kLimits[] = {{"context_key_name", 5, 256, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ContextEntry, (), (context_key_name, context_key_values, context_key_type))

// Of both; a principal only one of them has.
struct Scenario {
  std::string policy_source_arn;
  std::vector<std::string> policy_input_list, permissions_boundary_policy_input_list, action_names,
      resource_arns;
  std::vector<ContextEntry> context_entries;
  std::optional<std::string> resource_policy, resource_owner, caller_arn, resource_handling_option, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {
      {"action_names", 1, 2000, wire::required}, {"max_items", 1, 1000}, {"resource_policy", 1, 131072}};
};
BOOST_DESCRIBE_STRUCT(Scenario, (),
                      (policy_source_arn, policy_input_list, permissions_boundary_policy_input_list,
                       action_names, resource_arns, context_entries, resource_policy, resource_owner,
                       caller_arn, resource_handling_option, marker, max_items))

struct MatchedStatement {
  std::string source_policy_id, source_policy_type;
};
BOOST_DESCRIBE_STRUCT(MatchedStatement, (), (source_policy_id, source_policy_type))

struct BoundaryDetail {
  bool allowed_by_permissions_boundary = false;
};
BOOST_DESCRIBE_STRUCT(BoundaryDetail, (), (allowed_by_permissions_boundary))

struct EvaluationResult {
  std::string eval_action_name, eval_resource_name, eval_decision;
  std::vector<MatchedStatement> matched_statements;
  std::vector<std::string> missing_context_values;
  std::optional<BoundaryDetail> permissions_boundary_decision_detail;
  std::size_t number = 0;  // its place among all, not of the wire
};
BOOST_DESCRIBE_STRUCT(EvaluationResult, (),
                      (eval_action_name, eval_resource_name, eval_decision, matched_statements,
                       missing_context_values, permissions_boundary_decision_detail))

struct SimulationResponse {
  std::vector<EvaluationResult> evaluation_results;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(SimulationResponse, (), (evaluation_results, is_truncated, marker))

Error invalid_input(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidInput"};
}

// A policy, and what AWS calls where it comes from.
struct Source {
  policy::NamedPolicy policy;
  std::string type;
};

Result<policy::NamedPolicy> read_policy(std::string name, std::string const& document,
                                        policy::PolicyKind kind) {
  auto policy = policy::parse_policy(document, kind);
  if (!policy) return invalid_input(name + ": " + policy.error().detail);
  return policy::NamedPolicy{std::move(name), std::make_shared<policy::Policy const>(*std::move(policy))};
}

Result<void> add_inputs(std::vector<std::string> const& documents, std::string_view list,
                        std::vector<Source>& sources) {
  for (std::size_t i = 0; i < documents.size(); i++) {
    TRY(auto policy, read_policy(std::string(list) + "." + std::to_string(i + 1), documents[i],
                                 policy::PolicyKind::identity));
    sources.push_back({std::move(policy), "none"});
  }
  return success();
}

Result<void> add_stored(store::Transaction& transaction, std::string const& key, std::string const& type,
                        std::string const& owner, std::vector<Source>& sources) {
  TRY(auto names, identity::list_inline_policies(transaction, key));
  for (auto const& name : names) {
    TRY(auto document, identity::find_inline_policy(transaction, key, name));
    TRY(auto policy, read_policy(type + "_" + owner + "_" + name, document, policy::PolicyKind::identity));
    sources.push_back({std::move(policy), type});
  }
  TRY(auto attached, identity::attached_policies(transaction, key));
  for (auto const& each : attached) {
    TRY(auto managed, identity::find_policy(transaction, each.arn));
    TRY(auto policy, read_policy(managed.name, managed.document, policy::PolicyKind::identity));
    sources.push_back({std::move(policy), managed.is_of_aws ? "aws-managed" : "user-managed"});
  }
  return success();
}

// All that decides.
struct Simulation {
  policy::Principal principal;
  policy::Context context;
  std::vector<Source> identity;
  policy::PolicySet policies;
};

Error nobody(std::string const& arn) {
  return {Errc::not_found, "No user or role has the ARN " + escaped(arn, 256) + ".", "NoSuchEntity"};
}

// The id of a user or a role. Error: NoSuchEntity, also for one with another path.
Result<std::string> id_of(store::Transaction& transaction, Call const& call, std::string const& arn,
                          std::string const& name, bool is_role) {
  TRY(auto known, is_role ? arn_of_role(transaction, call, name) : arn_of_user(transaction, call, name));
  if (known != arn) return nobody(arn);
  std::optional<Error> failure;
  if (is_role) {
    auto role = identity::find_role(transaction, name);
    if (role) return role->id;
    failure = role.error();
  } else {
    auto user = identity::find_user(transaction, name);
    if (user) return user->id;
    failure = user.error();
  }
  return failure->code == Errc::not_found ? nobody(arn) : *failure;
}

// With what conditions can ask of a principal; the rest of a request is the caller's to tell.
Result<void> read_principal(store::Transaction& transaction, Call const& call, std::string const& arn,
                            Simulation& simulation) {
  auto& principal = simulation.principal;
  auto& context = simulation.context;
  auto name = arn.substr(arn.rfind('/') + 1);
  bool is_role = arn.find(":role/") != arn.npos;
  TRY(auto id, id_of(transaction, call, arn, name, is_role));
  principal.type = is_role ? policy::PrincipalType::assumed_role : policy::PrincipalType::user;
  principal.arn = arn;
  principal.account = call.plane.deployment.region.account;
  if (is_role) principal.role_arn = arn;
  if (!is_role) context.set("aws:username", name);
  context.set("aws:PrincipalArn", arn);
  context.set("aws:PrincipalAccount", principal.account);
  context.set("aws:PrincipalType", std::string(is_role ? "AssumedRole" : "User"));
  context.set("aws:userid", id);
  TRY(auto tags, inventory::tags_of(transaction, inventory::kIamEntity, arn));
  for (auto const& [tag, value] : tags) context.set("aws:PrincipalTag/" + tag, value);
  auto key = is_role ? identity::role_key(name) : identity::user_key(name);
  return add_stored(transaction, key, is_role ? "role" : "user", name, simulation.identity);
}

// What is passed over could say that something is allowed which is not.
Result<void> refuse_what_is_not_here(Scenario const& scenario, std::string_view principal) {
  if (scenario.caller_arn && *scenario.caller_arn != principal)
    return invalid_input("CallerArn is not supported here, but for the principal itself.");
  if (scenario.resource_owner) return invalid_input("ResourceOwner is not supported here.");
  if (scenario.resource_handling_option)
    return invalid_input("ResourceHandlingOption is not supported here; name the resources: ResourceArns.");
  if (scenario.action_names.size() * std::max<std::size_t>(scenario.resource_arns.size(), 1) > kMostDecisions)
    return invalid_input("One call may ask for " + std::to_string(kMostDecisions) +
                         " decisions: actions times resources.");
  return success();
}

Result<void> check_action(std::string const& action) {
  auto colon = action.find(':');
  bool is_plain = action.find_first_of("*? \n") == action.npos;
  if (is_plain && colon != action.npos && colon > 0 && colon + 1 < action.size()) return success();
  return invalid_input("'" + escaped(action, 128) + "' is no action; one is ssm:StartSession.");
}

Result<void> read_scenario(Scenario const& scenario, Simulation& simulation) {
  for (auto const& action : scenario.action_names) CHECK(check_action(action));
  CHECK(add_inputs(scenario.policy_input_list, "PolicyInputList", simulation.identity));
  for (auto const& source : simulation.identity) simulation.policies.identity.push_back(source.policy);
  if (!scenario.permissions_boundary_policy_input_list.empty()) {
    std::vector<Source> boundary;
    CHECK(add_inputs(scenario.permissions_boundary_policy_input_list, "PermissionsBoundaryPolicyInputList",
                     boundary));
    auto& policies = simulation.policies.boundary.emplace();
    for (auto& source : boundary) policies.push_back(std::move(source.policy));
  }
  if (scenario.resource_policy) {
    TRY(auto policy, read_policy("ResourcePolicy", *scenario.resource_policy, policy::PolicyKind::resource));
    simulation.policies.resource.push_back(std::move(policy));
  }
  for (auto const& entry : scenario.context_entries)
    simulation.context.set(entry.context_key_name, entry.context_key_values);
  return success();
}

std::string_view to_string(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::allow: return "allowed";
    case policy::Outcome::explicit_deny: return "explicitDeny";
    case policy::Outcome::implicit_deny: return "implicitDeny";
  }
  return "implicitDeny";
}

bool matches(policy::Policy const& policy, policy::Effect effect, policy::Question const& question) {
  return std::ranges::any_of(policy.statements, [&](auto const& statement) {
    return statement.effect == effect && question.matches(statement);
  });
}

// Of the effect that decided; of an implicit deny, the Allows that were not enough.
std::vector<MatchedStatement> matched(Simulation const& simulation, policy::Request const& request,
                                      policy::Outcome outcome) {
  policy::Question question(request);
  auto effect = outcome == policy::Outcome::explicit_deny ? policy::Effect::deny : policy::Effect::allow;
  std::vector<MatchedStatement> statements;
  for (auto const& source : simulation.identity) {
    if (matches(*source.policy.policy, effect, question))
      statements.push_back({source.policy.name, source.type});
  }
  for (auto const& each : simulation.policies.resource) {
    if (matches(*each.policy, effect, question)) statements.push_back({each.name, "resource"});
  }
  return statements;
}

// Keys that some policy asks for and nobody told.
std::vector<std::string> missing_keys(Simulation const& simulation) {
  std::vector<std::string> missing;
  auto look_at = [&](policy::Policy const& policy) {
    for (auto const& statement : policy.statements) {
      for (auto const& condition : statement.conditions) {
        if (!simulation.context.find(condition.key())) missing.push_back(condition.key().name());
        if (auto variable = condition.unresolved_variable(simulation.context))
          missing.push_back(std::string(*variable));
      }
    }
  };
  for (auto const& each : simulation.policies.identity) look_at(*each.policy);
  for (auto const& each : simulation.policies.resource) look_at(*each.policy);
  if (simulation.policies.boundary)
    for (auto const& each : *simulation.policies.boundary) look_at(*each.policy);
  std::ranges::sort(missing);
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

EvaluationResult evaluate(Simulation const& simulation, std::string const& action,
                          std::string const& resource) {
  policy::Request request{simulation.principal, action, resource, simulation.context};
  auto decision = policy::decide(simulation.policies, request);
  EvaluationResult result{action, resource, std::string(to_string(decision.outcome)),
                          matched(simulation, request, decision.outcome)};
  if (simulation.policies.boundary) {
    policy::PolicySet boundary{*simulation.policies.boundary};
    result.permissions_boundary_decision_detail = {policy::decide(boundary, request).allowed()};
  }
  return result;
}

// Decided while other readers of the store wait, and kept with each decision.
constexpr std::size_t kMostMissing = 200;

Result<SimulationResponse> simulate(Call const& call, Scenario const& scenario, std::string const& about,
                                    Simulation const& simulation) {
  auto resources = scenario.resource_arns.empty() ? Texts{"*"} : scenario.resource_arns;
  auto missing = missing_keys(simulation);
  if (scenario.action_names.size() * resources.size() > kMostDecisions || missing.size() > kMostMissing)
    return Error{Errc::invalid,
                 "Too much for one call: at most " + std::to_string(kMostDecisions) +
                     " pairs of an action and a resource, and policies with " + std::to_string(kMostMissing) +
                     " condition keys.",
                 "InvalidInput"};
  std::vector<EvaluationResult> results;
  for (auto const& action : scenario.action_names) {
    for (auto const& resource : resources) {
      results.push_back(evaluate(simulation, action, resource));
      results.back().missing_context_values = missing;
      results.back().number = results.size();
    }
  }
  return part_of<SimulationResponse>(call, scenario, std::move(results), about, [](auto const& result) {
    auto digits = std::to_string(result.number);
    return std::string(8 - digits.size(), '0') + digits;
  });
}

Result<SimulationResponse> simulate_principal(store::Transaction& transaction, Call const& call,
                                              Scenario const& scenario) {
  if (scenario.policy_source_arn.empty())
    return wire::missing_member_error("PolicySourceArn", wire::Protocol::query);
  CHECK(refuse_what_is_not_here(scenario, scenario.policy_source_arn));
  Simulation simulation;
  CHECK(read_principal(transaction, call, scenario.policy_source_arn, simulation));
  CHECK(read_scenario(scenario, simulation));
  return simulate(call, scenario, scenario.policy_source_arn, simulation);
}

Result<SimulationResponse> simulate_custom(store::Transaction&, Call const& call, Scenario const& scenario) {
  if (scenario.policy_input_list.empty())
    return wire::missing_member_error("PolicyInputList", wire::Protocol::query);
  CHECK(refuse_what_is_not_here(scenario, ""));
  Simulation simulation;
  simulation.principal.account = call.plane.deployment.region.account;
  CHECK(read_scenario(scenario, simulation));
  return simulate(call, scenario, "", simulation);
}

Result<void> its_principal(store::Transaction&, Call const&, Scenario const& scenario, sessions::Ask& ask) {
  ask.resources = {scenario.policy_source_arn};
  return success();
}

}  // namespace

std::vector<Action> simulation_actions() {
  return {
      looks(kIam, "SimulatePrincipalPolicy", simulate_principal, its_principal),
      looks(kIam, "SimulateCustomPolicy", simulate_custom),
  };
}

}  // namespace fumidai::api
