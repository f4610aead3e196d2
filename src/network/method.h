#pragma once

// The ways to get into an instance: whether each works, which requirement it fails, and what to run so that
// it does.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "network/path.h"

namespace fumidai::network {

enum class Method { bastion, session_manager_endpoints, session_manager_nat, connect_endpoint };

inline constexpr Method kMethods[] = {Method::bastion, Method::session_manager_endpoints,
                                      Method::session_manager_nat, Method::connect_endpoint};

std::string_view to_string(Method method);

// Its sessions are an agent's.
constexpr bool is_session_manager(Method method) {
  return method == Method::session_manager_endpoints || method == Method::session_manager_nat;
}

// Who wants in, and by what.
struct Visit {
  InstanceId instance;
  Address from = the_internet();           // where the person is
  std::optional<InstanceId> bastion = {};  // nothing: the most suitable of the VPC
  // Names of the key pairs whose private keys the person holds; nothing: whatever it takes.
  std::optional<std::set<std::string>> keys = {};
  std::uint16_t port = 22;  // of the instance; for another one nobody needs a key of it
};

enum class Need {
  running,           // the instance
  bastion,           // some host to go through
  way_to_bastion,    // from where the person is
  way_to_instance,   // from the bastion, or from a connect endpoint
  key,               // that the bastion, or the instance, asks for
  metadata,          // of the instance: where an agent learns who it is
  profile,           // that gives the instance a role
  trust,             // of the role in EC2
  permissions,       // of the role
  connect_endpoint,  // of the VPC, in a state that takes tunnels
  carrier,           // an agent that dials for that endpoint, where it needs one
  endpoint,          // of a service, in the VPC and available
  names,             // that the VPC resolves
  private_name,      // that leads to the endpoint
  way_to_service,    // from the instance to the endpoint, or out to the internet
  agent,             // installed and running
  connection,        // of the agent, now
};

std::string_view to_string(Need need);

enum class Standing {
  met,
  unmet,   // the method does not work
  advice,  // it works; something should be known
};

// A name that somebody at the interface asks for, and the addresses of what it is meant to lead to.
struct Lookup {
  InterfaceId from;
  std::string name;
  std::vector<Address> wanted;  // empty: any

  friend bool operator==(Lookup const&, Lookup const&) = default;
};

struct Requirement {
  Need need;
  std::string subject;  // an id, a name, a service: "ssm"
  Standing standing;
  std::string reason;
  Mend mend = {};
  Path path = {};                     // of a need that is a way
  std::optional<Lookup> lookup = {};  // of a need that is a name

  friend bool operator==(Requirement const&, Requirement const&) = default;
};

struct Assessment {
  Method method;
  std::vector<Requirement> requirements = {};

  bool works() const;
  std::vector<Requirement const*> unmet() const;  // causes before their effects
  std::string text() const;                       // a line for each requirement
};

// Fails with not_found when the instance, or a bastion that was named, is not in the network.
Result<Assessment> assess(Network const& network, Method method, Visit const& visit);

}  // namespace fumidai::network
