#pragma once

// Public addresses: the pool they come from, and those that are kept and moved from interface to interface
// (api-surface.md 2.1).

#include "networks/resource.h"

namespace fumidai::networks {

inline constexpr std::size_t kMostElasticAddresses = 100;

// A free address of the pool, the lowest; elastic addresses and those that instances get by themselves are
// all taken from it. Error: InsufficientAddressCapacity.
Result<Address> take_public_address(State const& state);

// Errors: AddressLimitExceeded, InsufficientAddressCapacity.
Result<network::AllocationId> allocate_address(State& state);
// Error: InvalidIPAddress.InUse while it is associated.
Result<void> release_address(State& state, std::string const& allocation);

struct NewAddressAssociation {
  std::string allocation, instance, interface;  // one of the two: an instance means its primary interface
  bool may_reassociate = false;  // takes it from another interface, or takes another address's place
};
// The address that the interface got by itself is given back. Errors: MissingParameter,
// InvalidParameterCombination, Resource.AlreadyAssociated, Gateway.NotAttached, IncorrectInstanceState,
// OperationNotPermitted (a NAT gateway's), AuthFailure (the interface of a gateway or an endpoint).
Result<network::AddressAssociationId> associate_address(State& state, NewAddressAssociation const& wanted);
// To an interface of a gateway, as its owner. Errors: as above.
Result<void> give_address(State& state, std::string const& allocation, network::InterfaceId const& to);
// Errors: InvalidAssociationID.NotFound, OperationNotPermitted (a NAT gateway's).
Result<void> disassociate_address(State& state, std::string const& association);

// Whose association it is; null for nobody's.
network::ElasticAddress const* address_with(State const& state, std::string const& association);

}  // namespace fumidai::networks
