#pragma once

// NAT gateways: made and deleted (api-surface.md 1.3, 2.1). What becomes of them then, time brings
// (networks/settle.h).

#include "networks/resource.h"

namespace fumidai::networks {

struct NewNatGateway {
  std::string subnet;
  std::string allocation;            // of a public one
  bool is_public = true;             // connectivity type
  std::string private_address = {};  // empty: any
};
// Pending. One that cannot work is made, too, and will fail: its address is in use, its VPC has no internet
// gateway. Errors: MissingParameter, InvalidParameterCombination, NatGatewayLimitExceeded,
// InsufficientFreeAddressesInSubnet.
Result<network::NatGatewayId> create_nat_gateway(State& state, NewNatGateway const& wanted, Time now);
// Deleting. Error: NatGatewayNotFound, also for a deleted one that is still shown.
Result<void> delete_nat_gateway(State& state, std::string const& gateway, Time now);

// What it has, or had before it gave it back.
std::optional<network::NatAddress> address_of(State const& state, network::NatGateway const& gateway);
// The sentence for `failure`; empty for one that has not failed.
std::string failure_message(network::NatGateway const& gateway);

}  // namespace fumidai::networks
