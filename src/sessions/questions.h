#pragma once

// What the gate asks the policies: a caller, an action, a resource, and all that policies may look at of
// them, as the store has it now. Decides nothing. Used on the threads of the database.

#include <map>
#include <string>
#include <vector>

#include "identity/deployment.h"
#include "identity/roles.h"
#include "model/caller.h"
#include "networks/keeper.h"
#include "policy/start_session.h"
#include "sessions/policy_library.h"

namespace fumidai::sessions {

class Questions {
 public:
  Questions(networks::Keeper& networks, identity::Deployment const& deployment, Clock const& clock)
      : networks_(networks), deployment_(deployment), clock_(clock) {}

  // The policies of the caller, and of the endpoint through which he came.
  Result<policy::PolicySet> policies_for(store::Transaction& transaction, model::Caller const& caller);
  // `context` beside what is true of every request, and of the resource.
  Result<policy::Request> request_for(store::Transaction& transaction, model::Caller const& caller,
                                      std::string const& action, std::string const& resource,
                                      std::map<std::string, std::vector<std::string>> const& context);

  // A document that is named; empty for the default one, which nobody named.
  Result<policy::StartSession> start_session(store::Transaction& transaction, model::Caller const& caller,
                                             InstanceId const& target, std::string const& document);

  // Who may assume a role.
  Result<policy::NamedPolicy> trust_of(identity::Role const& role) { return library_.trust_of(role); }
  // Whether a role trusts a service ("ssm.amazonaws.com") to hand it to `source`, an ARN.
  Result<bool> trusts_service(identity::Role const& role, std::string const& service,
                              std::string const& source);

  // The agent of an instance with the role, as it calls through the endpoint; or past all of them, for none.
  model::Caller agent_of(identity::Role const& role, InstanceId const& instance,
                         std::string const& endpoint) const;

 private:
  Result<void> tell_of_network(store::Transaction& transaction, std::string const& arn,
                               policy::Context& context);

  networks::Keeper& networks_;
  identity::Deployment const& deployment_;
  Clock const& clock_;
  PolicyLibrary library_;
};

}  // namespace fumidai::sessions
