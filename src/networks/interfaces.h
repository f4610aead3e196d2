#pragma once

// Network interfaces that come and go with what they belong to: instances, NAT gateways, endpoints.

#include "networks/resource.h"

namespace fumidai::networks {

struct NewInterface {
  network::SubnetId subnet;
  network::InterfaceOwner owner;
  std::vector<network::SecurityGroupId> groups = {};
  std::string description = {};
  std::string private_address = {};  // empty: the lowest that is free
};
// Errors: InsufficientFreeAddressesInSubnet; for a wanted address InvalidParameterValue and
// InvalidIPAddress.InUse.
Result<network::InterfaceId> make_interface(State& state, NewInterface const& wanted);

// With its tags; its elastic address becomes free.
void drop_interface(State& state, network::InterfaceId const& interface);
// All that belong to this owner.
void drop_interfaces_of(State& state, network::InterfaceOwner const& owner);

// "ip-10-0-1-5.ec2.internal"; of a public address "ec2-203-0-113-10.compute-1.amazonaws.com".
std::string private_name(std::string_view region, Address const& address);
std::string public_name(std::string_view region, Address const& address);

}  // namespace fumidai::networks
