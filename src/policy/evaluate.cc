#include "policy/evaluate.h"

#include "policy/arn.h"
#include "policy/statement_match.h"

namespace fumidai::policy {

namespace {

struct Found {
  std::optional<Ground> deny, allow;
};

Ground ground_of(Layer layer, NamedPolicy const& named, Statement const& statement) {
  return {layer, named.name, statement.number, statement.sid};
}

// An Allow of a resource policy that only names the account leaves the grant to the account's identity
// policies.
bool can_grant(Layer layer, Question const& question, Statement const& statement) {
  return layer != Layer::resource || question.names_principal(statement) == Named::directly;
}

// The first Deny and the first Allow that match. Stops at a Deny, for nothing outweighs it.
Found search(Layer layer, std::span<NamedPolicy const> policies, Question const& question) {
  Found found;
  for (auto& named : policies) {
    for (auto& statement : named.policy->statements) {
      bool is_deny = statement.effect == Effect::deny;
      if ((!is_deny && found.allow) || !question.matches(statement)) continue;
      if (is_deny) {
        found.deny = ground_of(layer, named, statement);
        return found;
      }
      if (can_grant(layer, question, statement)) found.allow = ground_of(layer, named, statement);
    }
  }
  return found;
}

bool is_in_own_account(Request const& request) {
  auto arn = Arn::split(request.resource);
  return arn && !arn->account().empty() && arn->account() == request.principal.account;
}

}  // namespace

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::identity: return "identity-based policy";
    case Layer::resource: return "resource-based policy";
    case Layer::boundary: return "permissions boundary";
    case Layer::session: return "session policy";
    case Layer::endpoint: return "VPC endpoint policy";
    case Layer::trust: return "role trust policy";
  }
  return "policy";
}

Decision decide(PolicySet const& policies, Request const& request) {
  Question question(request);
  auto denied = [&](std::optional<Ground>& ground) {
    return Decision{Outcome::explicit_deny, std::move(ground), {}, request.resource};
  };

  auto identity = search(Layer::identity, policies.identity, question);
  if (identity.deny) return denied(identity.deny);
  auto resource = search(Layer::resource, policies.resource, question);
  if (resource.deny) return denied(resource.deny);

  bool is_root = request.principal.type == PrincipalType::account;
  bool resource_grants = resource.allow && is_in_own_account(request);
  std::vector<Layer> lacking;
  if (!identity.allow && !resource_grants && !is_root) lacking.push_back(Layer::identity);

  std::pair<Layer, std::optional<std::vector<NamedPolicy>> const&> const limits[] = {
      {Layer::boundary, policies.boundary},
      {Layer::session, policies.session},
      {Layer::endpoint, policies.endpoint}};
  for (auto& [layer, limit] : limits) {
    if (!limit) continue;
    auto found = search(layer, *limit, question);
    if (found.deny) return denied(found.deny);
    if (!found.allow) lacking.push_back(layer);
  }

  if (!lacking.empty()) return {Outcome::implicit_deny, {}, std::move(lacking), request.resource};
  auto ground = identity.allow ? std::move(identity.allow) : std::move(resource.allow);
  return {Outcome::allow, std::move(ground), {}, request.resource};
}

Decision decide_all(PolicySet const& policies, std::span<Request const> requests) {
  std::optional<Decision> weightiest;
  for (std::size_t index = 0; index < requests.size(); index++) {
    auto decision = decide(policies, requests[index]);
    decision.index = index;
    if (decision.outcome == Outcome::explicit_deny) return decision;
    if (!weightiest || weightiest->outcome < decision.outcome) weightiest = std::move(decision);
  }
  return weightiest ? *std::move(weightiest) : Decision{Outcome::implicit_deny, {}, {Layer::identity}, ""};
}

Decision decide_trust(NamedPolicy const& trust, Request const& request) {
  auto found = search(Layer::trust, {&trust, 1}, Question(request));
  if (found.deny) return {Outcome::explicit_deny, std::move(found.deny), {}, request.resource};
  if (found.allow) return {Outcome::allow, std::move(found.allow), {}, request.resource};
  return {Outcome::implicit_deny, {}, {Layer::trust}, request.resource};
}

}  // namespace fumidai::policy
