#pragma once

// Route tables, their routes, and which subnets they serve (api-surface.md 2.1). The local route is not
// stored; routes lead to internet gateways and to NAT gateways.

#include "networks/resource.h"

namespace fumidai::networks {

// Error: RouteTableLimitExceeded.
Result<network::RouteTableId> create_route_table(State& state, std::string const& vpc);
// Error: DependencyViolation for a main one, and while it serves subnets.
Result<void> delete_route_table(State& state, std::string const& table);

struct NewRoute {
  std::string table, destination;
  std::vector<std::string> targets;  // ids of any kind; exactly one makes a route
};
// Errors: MissingParameter, InvalidParameterCombination, InvalidParameterValue, RouteAlreadyExists,
// RouteNotSupported, RouteLimitExceeded, IncorrectInstanceState (a terminated one), and the target's
// NotFound.
Result<void> create_route(State& state, NewRoute const& route);
// Another target for a destination. Errors: the same, and InvalidParameterValue where there is no route.
Result<void> replace_route(State& state, NewRoute const& route);
// Errors: InvalidRoute.NotFound; InvalidParameterValue for the local one.
Result<void> delete_route(State& state, std::string const& table, std::string const& destination);

// Errors: InvalidParameterValue for a subnet of another VPC, Resource.AlreadyAssociated.
Result<network::TableAssociationId> associate_route_table(State& state, std::string const& table,
                                                          std::string const& subnet);
// Errors: InvalidAssociationID.NotFound; InvalidParameterValue for a main one.
Result<void> disassociate_route_table(State& state, std::string const& association);
// Gives a subnet, or for a main association the VPC, another table. Errors: as above.
Result<network::TableAssociationId> replace_table_association(State& state, std::string const& association,
                                                              std::string const& table);

// Whose association it is; null for nobody's.
network::RouteTable const* table_with(State const& state, std::string const& association);

}  // namespace fumidai::networks
