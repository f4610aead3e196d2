#include "sessions/policy_library.h"

#include "identity/managed_policies.h"
#include "identity/principal_policies.h"

namespace fumidai::sessions {

using policy::PolicyKind;

Result<PolicyLibrary::Parsed> PolicyLibrary::parsed(std::string const& document, PolicyKind kind) {
  {
    std::lock_guard lock(mutex_);
    auto const& of_kind = by_document_[kind];
    if (auto known = of_kind.find(document); known != of_kind.end()) return known->second;
  }
  TRY(auto fresh, policy::parse_policy(document, kind));
  auto shared = std::make_shared<policy::Policy const>(std::move(fresh));
  std::lock_guard lock(mutex_);
  auto& of_kind = by_document_[kind];
  if (of_kind.size() >= kMostKept) of_kind.clear();
  of_kind.emplace(document, shared);
  return shared;
}

Result<policy::NamedPolicy> PolicyLibrary::named(std::string name, std::string const& document,
                                                 PolicyKind kind) {
  auto readable = parsed(document, kind);
  if (readable) return policy::NamedPolicy{std::move(name), *readable};
  return Error{Errc::corrupt, "the " + name + " cannot be read: " + readable.error().detail};
}

Result<policy::PolicySet> PolicyLibrary::policies_for(store::Transaction& transaction,
                                                      model::Principal const& principal) {
  bool is_user = principal.kind == model::Principal::Kind::user;
  auto key = is_user ? identity::user_key(principal.name) : identity::role_key(principal.role);
  TRY(auto stored, identity::policies_of(transaction, key));
  policy::PolicySet set;
  for (auto& each : stored) {
    TRY(auto policy, named(std::move(each.name), each.document, PolicyKind::identity));
    set.identity.push_back(std::move(policy));
  }
  if (principal.session_policies) {
    TRY(set.session, limits_of(transaction, *principal.session_policies));
  }
  return set;
}

// Of these policies none may be missing: what a deleted one denied, nobody knows. Then there are none, which
// lets nothing through.
Result<std::vector<policy::NamedPolicy>> PolicyLibrary::limits_of(store::Transaction& transaction,
                                                                  model::SessionPolicies const& session) {
  std::vector<policy::NamedPolicy> limits;
  if (!session.document.empty()) {
    TRY(auto policy, named("policy given to AssumeRole", session.document, PolicyKind::identity));
    limits.push_back(std::move(policy));
  }
  for (auto const& arn : session.arns) {
    auto managed = identity::find_policy(transaction, arn);
    if (!managed && managed.error().code == Errc::not_found) return std::vector<policy::NamedPolicy>();
    if (!managed) return managed.error();
    TRY(auto policy, named("managed policy '" + managed->name + "' given to AssumeRole", managed->document,
                           PolicyKind::identity));
    limits.push_back(std::move(policy));
  }
  return limits;
}

Result<policy::NamedPolicy> PolicyLibrary::policy_of(network::InterfaceEndpoint const& endpoint) {
  return named("policy of endpoint " + endpoint.id.text(), endpoint.policy, PolicyKind::resource);
}

Result<policy::NamedPolicy> PolicyLibrary::trust_of(identity::Role const& role) {
  return named("trust policy of role " + role.name, role.trust_policy, PolicyKind::trust);
}

}  // namespace fumidai::sessions
