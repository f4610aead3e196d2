#pragma once

// The networks as the plane knows them: with the roles of their instances, the agents that are connected, and
// what the policies of endpoints refuse; and why no session to an instance can start. Used on the threads of
// the database.

#include <optional>
#include <string>

#include "inventory/instances.h"
#include "networks/keeper.h"
#include "sessions/instance_role.h"
#include "sessions/questions.h"

namespace fumidai::sessions {

class KnownNetworks {
 public:
  KnownNetworks(Questions& questions, networks::Keeper& networks, identity::Deployment const& deployment,
                Clock const& clock)
      : questions_(questions), networks_(networks), deployment_(deployment), clock_(clock) {}

  Result<network::Network> all(store::Transaction& transaction);

  // What the instance of a VPC has of a role now; nothing, when it has no instance profile, or is not there.
  Result<std::optional<InstanceRole>> role_of(store::Transaction& transaction, InstanceId const& instance);

  // Credentials of an instance are worth what its role is now: what became of them, in words. Empty: they
  // hold, or are no instance's.
  Result<std::string> lost_role(store::Transaction& transaction, model::Caller const& caller);

  // Why no session to an instance of a VPC can start, although its agent may still be connected: its role is
  // looked at each time. Nothing when one can.
  Result<std::optional<std::string>> obstacle_to(store::Transaction& transaction, InstanceId const& target);
  // Why its agent is not there, in words.
  Result<std::string> absence_of(store::Transaction& transaction, inventory::Instance const& target);
  // Why nothing was ever heard of it.
  Result<std::string> why_never_seen(store::Transaction& transaction, InstanceId const& target);

 private:
  Result<void> judge_role(store::Transaction& transaction, InstanceId const& instance, InstanceRole& role);
  Result<void> judge_endpoints(store::Transaction& transaction, identity::Role const& role,
                               network::Instance const& instance, network::Network& network);
  Result<std::optional<std::string>> refused_by_endpoint(store::Transaction& transaction,
                                                         identity::Role const& role,
                                                         InstanceId const& instance,
                                                         network::InterfaceEndpoint const& endpoint);

  Questions& questions_;
  networks::Keeper& networks_;
  identity::Deployment const& deployment_;
  Clock const& clock_;
};

}  // namespace fumidai::sessions
