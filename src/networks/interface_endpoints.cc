#include "networks/interface_endpoints.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "networks/interfaces.h"
#include "networks/security_groups.h"
#include "networks/vpcs.h"

namespace fumidai::networks {

namespace {

using network::EndpointState;
using network::InterfaceEndpoint;
using network::NetworkInterface;

constexpr std::size_t kMostEndpoints = 50;  // of a VPC
constexpr std::string_view kServices[] = {"ec2", "ec2messages", "kms", "logs", "s3", "ssm", "ssmmessages"};

Error wrong(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidParameter"};
}

bool is_live(InterfaceEndpoint const& endpoint) {
  return endpoint.state == EndpointState::pending || endpoint.state == EndpointState::pending_acceptance ||
         endpoint.state == EndpointState::available;
}

Result<void> check_service(State const& state, std::string const& service) {
  auto services = endpoint_services(state.network.region);
  if (std::ranges::count(services, service) > 0) return success();
  return Error{Errc::not_found, "The Vpc Endpoint Service '" + escaped(service, 128) + "' does not exist",
               "InvalidServiceName"};
}

// That nobody in the VPC is led elsewhere, and that names can lead anywhere.
Result<void> check_private_dns(State const& state, network::Vpc const& vpc, std::string const& service,
                               network::InterfaceEndpointId const& self) {
  if (!vpc.has_private_dns())
    return wrong(
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
        "true for " +
        vpc.id.text());
  for (auto const& other : state.network.endpoints) {
    if (other.id != self && other.vpc == vpc.id && other.service == service && other.private_dns &&
        is_live(other))
      return wrong(
          "private-dns-enabled cannot be set because there is already a conflicting DNS domain for " +
          private_dns_name(state.network.region, service) + " in the VPC " + vpc.id.text());
  }
  return success();
}

std::vector<NetworkInterface> interfaces_of(State const& state, network::InterfaceEndpointId const& id) {
  std::vector<NetworkInterface> found;
  for (auto const* interface : state.network.interfaces_of(id)) found.push_back(*interface);
  return found;
}

// At most one a zone.
Result<void> add_interface(State& state, InterfaceEndpoint const& endpoint, std::string const& subnet_id) {
  TRY(auto const* subnet, find(std::as_const(state.network.subnets), subnet_id));
  if (subnet->vpc != endpoint.vpc)
    return wrong("The subnet " + subnet_id + " does not belong to the VPC " + endpoint.vpc.text() + ".");
  for (auto const* other : state.network.interfaces_of(endpoint.id)) {
    auto const* taken = state.network.subnets.find(other->subnet);
    if (taken && taken->zone == subnet->zone)
      return Error{Errc::conflict,
                   "Found another VPC endpoint subnet in the availability zone of " + subnet_id + ".",
                   "DuplicateSubnetsInSameZone"};
  }
  TRY(auto address, take_address(state, *subnet));
  NetworkInterface interface {
    network::InterfaceId(new_id(kNetworkInterface)), subnet->id, address, endpoint.id, endpoint.groups
  };
  interface.description = "VPC Endpoint Interface " + endpoint.id.text();
  interface.attachment = "eni-attach-" + interface.id.text().substr(kNetworkInterface.prefix.size());
  state.network.interfaces.put(std::move(interface));
  return success();
}

Result<void> remove_subnets(State& state, InterfaceEndpoint const& endpoint,
                            std::vector<std::string> const& subnets) {
  for (auto const& id : subnets) {
    CHECK(find(state.network.subnets, id));
    bool found = false;
    for (auto const& interface : interfaces_of(state, endpoint.id)) {
      if (interface.subnet.text() != id) continue;
      drop_interface(state, interface.id);
      found = true;
    }
    if (!found) return wrong("The endpoint " + endpoint.id.text() + " is not in the subnet " + id + ".");
  }
  return success();
}

// What they will be, for interfaces that are there and for new ones.
Result<std::vector<network::SecurityGroupId>> changed_groups(State const& state,
                                                             InterfaceEndpoint const& endpoint,
                                                             EndpointChange const& change) {
  std::vector<std::string> ids;
  for (auto const& group : groups_of(state, endpoint)) ids.push_back(group.text());
  ids.insert(ids.end(), change.add_groups.begin(), change.add_groups.end());
  for (auto const& id : change.remove_groups) {
    CHECK(find(state.network.security_groups, id));
    std::erase(ids, id);
  }
  if (ids.empty() && !change.remove_groups.empty())
    return wrong("The endpoint " + endpoint.id.text() + " needs at least one security group.");
  return groups_for(state, endpoint.vpc, ids, "VPC " + endpoint.vpc.text());
}

Result<void> apply(State& state, InterfaceEndpoint& endpoint, EndpointChange const& change) {
  TRY(endpoint.groups, changed_groups(state, endpoint, change));
  CHECK(remove_subnets(state, endpoint, change.remove_subnets));
  for (auto& interface : interfaces_of(state, endpoint.id)) {
    interface.groups = endpoint.groups;
    state.network.interfaces.put(interface);
  }
  for (auto const& subnet : change.add_subnets) CHECK(add_interface(state, endpoint, subnet));
  return success();
}

}  // namespace

std::vector<std::string> endpoint_services(std::string_view region) {
  std::vector<std::string> services;
  for (auto name : kServices)
    services.push_back("com.amazonaws." + std::string(region) + "." + std::string(name));
  return services;
}

std::string private_dns_name(std::string_view region, std::string_view service) {
  auto name = service.substr(service.rfind('.') + 1);
  return std::string(name) + "." + std::string(region) + ".amazonaws.com";
}

Result<network::InterfaceEndpointId> create_endpoint(State& state, NewEndpoint const& wanted, Time now) {
  TRY(auto const* vpc, find(std::as_const(state.network.vpcs), wanted.vpc));
  CHECK(check_service(state, wanted.service));
  auto of_vpc = [&](auto const& other) { return other.vpc == vpc->id && is_live(other); };
  if (static_cast<std::size_t>(std::ranges::count_if(state.network.endpoints, of_vpc)) >= kMostEndpoints)
    return Error{Errc::limit_exceeded, "The maximum number of VPC endpoints has been reached.",
                 "VpcEndpointLimitExceeded"};
  network::InterfaceEndpointId id(new_id(kInterfaceEndpoint));
  if (wanted.private_dns) CHECK(check_private_dns(state, *vpc, wanted.service, id));
  InterfaceEndpoint endpoint{
      id, vpc->id, wanted.service, wanted.private_dns, EndpointState::pending, wanted.policy, now};
  TRY(endpoint.groups, groups_for(state, vpc->id, wanted.groups, "VPC " + wanted.vpc));
  auto changed = state;
  for (auto const& subnet : wanted.subnets) CHECK(add_interface(changed, endpoint, subnet));
  changed.network.endpoints.put(std::move(endpoint));
  state = std::move(changed);
  return id;
}

Result<void> modify_endpoint(State& state, std::string const& id, EndpointChange const& change) {
  TRY(auto const* held, find(std::as_const(state.network.endpoints), id));
  auto endpoint = *held;
  if (!is_live(endpoint))
    return Error{Errc::conflict,
                 "The endpoint " + id + " is in the state '" + std::string(to_string(endpoint.state)) +
                     "' and cannot be changed.",
                 "IncorrectState"};
  if (change.private_dns && *change.private_dns && !endpoint.private_dns) {
    TRY(auto const* vpc, find(std::as_const(state.network.vpcs), endpoint.vpc.text()));
    CHECK(check_private_dns(state, *vpc, endpoint.service, endpoint.id));
  }
  endpoint.private_dns = change.private_dns.value_or(endpoint.private_dns);
  endpoint.policy = change.policy.value_or(endpoint.policy);
  auto changed = state;
  CHECK(apply(changed, endpoint, change));
  changed.network.endpoints.put(std::move(endpoint));
  state = std::move(changed);
  return success();
}

Result<void> delete_endpoint(State& state, std::string const& id, Time now) {
  CHECK(check_id(kInterfaceEndpoint, id));
  auto* endpoint = state.network.endpoints.find(network::InterfaceEndpointId(id));
  bool is_gone =
      !endpoint || endpoint->state == EndpointState::deleting || endpoint->state == EndpointState::deleted;
  if (is_gone)
    return Error{Errc::not_found, "The Vpc Endpoint Id '" + id + "' does not exist",
                 "InvalidVpcEndpoint.NotFound"};
  drop_interfaces_of(state, endpoint->id);
  endpoint->state = EndpointState::deleting;
  endpoint->deleted_at = now;
  endpoint->groups.clear();
  return success();
}

// Endpoints of before they kept them: those of the first interface.
std::vector<network::SecurityGroupId> groups_of(State const& state, InterfaceEndpoint const& endpoint) {
  auto interfaces = state.network.interfaces_of(endpoint.id);
  return endpoint.groups.empty() && !interfaces.empty() ? interfaces[0]->groups : endpoint.groups;
}

std::vector<std::string> dns_names(State const& state, InterfaceEndpoint const& endpoint) {
  auto const& region = state.network.region;
  std::vector<std::string> names{state.network.own_name(endpoint)};
  for (auto const* interface : state.network.interfaces_of(endpoint.id)) {
    if (auto const* subnet = state.network.subnets.find(interface->subnet))
      names.push_back(state.network.own_name(endpoint, subnet->zone));
  }
  if (endpoint.private_dns) names.push_back(private_dns_name(region, endpoint.service));
  return names;
}

}  // namespace fumidai::networks
