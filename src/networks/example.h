#pragma once

// The networks of the comparison, ready made: what the walkthrough types by hand (docs/walkthrough.md), so
// that every method has an instance to reach.

#include "base/ssh_key.h"
#include "networks/resource.h"

namespace fumidai::networks {

// Each part has a tag of this name; its value is the example's.
inline constexpr std::string_view kExampleTag = "fumidai-example";

struct ExampleWish {
  std::string name = "example";
  Address person;               // who may come to the bastion by SSH
  std::string profile;          // an instance profile whose role lets agents connect
  std::string connect_domain;   // which the DNS name of its connect endpoint ends with
  SshPublicKey bastion, inner;  // keys for the bastion, and for the host behind it
};

struct Example {
  InstanceId bastion;
  InstanceId behind_bastion;  // takes connections from the bastion only
  InstanceId by_endpoints;    // no inbound rule; interface endpoints in its VPC
  InstanceId by_tunnel;       // a connect endpoint in its VPC; no role, no agent
  InstanceId by_nat;          // no inbound rule; another VPC with the same block, and a NAT gateway
};

// Makes what is missing of it: all, or what was deleted or terminated since; what is there stays as it is.
// With other keys than before, the example's key pairs and the instances that know those are made again.
// Errors: those of what it makes; InvalidKeyPair.Duplicate, for somebody else's pair of the same name.
Result<Example> make_example(State& state, ExampleWish const& wish, Time now);

// The ids of all that is taken for a part of it, and so may be changed when it is made whole.
std::vector<std::string> parts_of_example(State const& state, std::string const& name);

// Error: not_found, which names the instances that it lacks.
Result<Example> find_example(State const& state, std::string const& name);

}  // namespace fumidai::networks
