#pragma once

// Policies of the store, parsed once. Shared by the threads of the database.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "identity/roles.h"
#include "model/caller.h"
#include "network/endpoint.h"
#include "policy/evaluate.h"

namespace fumidai::sessions {

class PolicyLibrary {
 public:
  // The policies that apply to a principal, as they are in the store at this moment. A stored document that
  // no longer parses denies everything: it is an error, not an empty policy.
  Result<policy::PolicySet> policies_for(store::Transaction& transaction, model::Principal const& principal);

  // What an interface endpoint lets through.
  Result<policy::NamedPolicy> policy_of(network::InterfaceEndpoint const& endpoint);

  // Who may assume a role.
  Result<policy::NamedPolicy> trust_of(identity::Role const& role);

 private:
  using Parsed = std::shared_ptr<policy::Policy const>;
  Result<policy::NamedPolicy> named(std::string name, std::string const& document, policy::PolicyKind kind);
  Result<Parsed> parsed(std::string const& document, policy::PolicyKind kind);
  Result<std::vector<policy::NamedPolicy>> limits_of(store::Transaction& transaction,
                                                     model::SessionPolicies const& session);

  static constexpr std::size_t kMostKept = 4096;
  std::mutex mutex_;
  std::map<policy::PolicyKind, std::unordered_map<std::string, Parsed>> by_document_;
};

}  // namespace fumidai::sessions
