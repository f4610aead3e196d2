#pragma once

// Internet gateways: made, attached to a VPC, detached, deleted (api-surface.md 2.1).

#include "networks/resource.h"

namespace fumidai::networks {

// Error: InternetGatewayLimitExceeded.
Result<network::InternetGatewayId> create_internet_gateway(State& state);
// Errors: Resource.AlreadyAssociated; InvalidParameterValue for a VPC that has one.
Result<void> attach_internet_gateway(State& state, std::string const& gateway, std::string const& vpc);
// Errors: Gateway.NotAttached; DependencyViolation while something in the VPC has a public address.
Result<void> detach_internet_gateway(State& state, std::string const& gateway, std::string const& vpc);
// Error: DependencyViolation while it is attached.
Result<void> delete_internet_gateway(State& state, std::string const& gateway);

}  // namespace fumidai::networks
