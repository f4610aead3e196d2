#pragma once

// VPCs and subnets: made, changed and deleted as EC2 does it (api-surface.md 1.4, 2.1). Here as in the
// neighbouring files: a function takes the whole state and changes it, or returns EC2's error and leaves it.

#include "networks/resource.h"

namespace fumidai::networks {

// With a main route table, a default group, and a default ACL. Errors: InvalidParameterValue,
// InvalidVpc.Range, VpcLimitExceeded.
Result<network::VpcId> create_vpc(State& state, std::string const& cidr_block);
// Errors: DependencyViolation while something is in it.
Result<void> delete_vpc(State& state, std::string const& vpc);

struct VpcAttributes {
  std::optional<bool> dns_support, dns_hostnames;
};
// One of them. Error: InvalidParameterCombination for two, or none.
Result<void> modify_vpc(State& state, std::string const& vpc, VpcAttributes const& attributes);

// Of a region, "us-east-1a" to "us-east-1c"; ids of zones are "use1-az1".
std::vector<std::string> zones_of(std::string_view region);
std::string zone_id(std::string_view region, std::string_view zone);

struct NewSubnet {
  std::string vpc, cidr_block;
  std::string zone;  // empty: the first
};
// Errors: InvalidParameterValue, InvalidSubnet.Range, InvalidSubnet.Conflict.
Result<network::SubnetId> create_subnet(State& state, NewSubnet const& subnet);
// Error: DependencyViolation while an interface is in it.
Result<void> delete_subnet(State& state, std::string const& subnet);

// Addresses that are free: all but the first four, the last, and those of interfaces.
std::int64_t free_addresses(State const& state, network::Subnet const& subnet);
// A free one, the lowest. Error: InsufficientFreeAddressesInSubnet.
Result<Address> take_address(State const& state, network::Subnet const& subnet);
// This one. Errors: InvalidParameterValue (not in the subnet, reserved), InvalidIPAddress.InUse.
Result<Address> take_address(State const& state, network::Subnet const& subnet, std::string const& wanted);

}  // namespace fumidai::networks
