#pragma once

// Interface endpoints: made, changed and deleted as EC2 does it (api-surface.md 2.4). They begin as pending
// and end as deleting; time moves them on, elsewhere.

#include "networks/resource.h"

namespace fumidai::networks {

// Names of the services that there are endpoints for: com.amazonaws.us-east-1.ssm, …
std::vector<std::string> endpoint_services(std::string_view region);
// The name of a service that its endpoints take inside their VPCs: ssm.us-east-1.amazonaws.com.
std::string private_dns_name(std::string_view region, std::string_view service);

struct NewEndpoint {
  std::string vpc, service;
  std::vector<std::string> subnets, groups;  // no groups: the VPC's default one
  bool private_dns = true;
  std::string policy = {};  // a document; empty: lets everything through
};
// With an interface in each subnet. Errors: InvalidServiceName, DuplicateSubnetsInSameZone, InvalidParameter
// (private DNS that cannot be, subnets and groups of another VPC), VpcEndpointLimitExceeded.
Result<network::InterfaceEndpointId> create_endpoint(State& state, NewEndpoint const& endpoint, Time now);

struct EndpointChange {
  std::vector<std::string> add_subnets, remove_subnets, add_groups, remove_groups;
  std::optional<bool> private_dns = {};
  std::optional<std::string> policy = {};
};
// Errors: as for a new one; IncorrectState for one that is being deleted.
Result<void> modify_endpoint(State& state, std::string const& endpoint, EndpointChange const& change);

// Its interfaces go at once. Error: InvalidVpcEndpoint.NotFound, also for one that is gone already.
Result<void> delete_endpoint(State& state, std::string const& endpoint, Time now);

// Its groups. All of its interfaces have them.
std::vector<network::SecurityGroupId> groups_of(State const& state,
                                                network::InterfaceEndpoint const& endpoint);

// Names that lead to it, the general one first, then one a zone; and with private DNS the service's own.
std::vector<std::string> dns_names(State const& state, network::InterfaceEndpoint const& endpoint);

}  // namespace fumidai::networks
