#include "networks/connect_endpoints.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "networks/interfaces.h"
#include "networks/security_groups.h"

namespace fumidai::networks {

namespace {

using network::ConnectEndpoint;
using network::ConnectEndpointState;

constexpr std::string_view kIpv4 = "ipv4";

// Only IPv4 subnets are made here.
Result<void> check_address_type(std::string const& type, bool preserves) {
  if (type.empty() || type == kIpv4) return success();
  if (type != "dualstack" && type != "ipv6")
    return invalid_parameter("Value (" + escaped(type, 64) +
                             ") for parameter IpAddressType is invalid. Valid values are ipv4, dualstack and "
                             "ipv6.");
  if (preserves)
    return Error{Errc::invalid,
                 "PreserveClientIp can be true only together with the IP address type ipv4: omit "
                 "IpAddressType, or PreserveClientIp.",
                 "InvalidParameterCombination"};
  return Error{Errc::invalid,
               "The IP address type " + type + " does not fit the subnet, which has IPv4 only: use ipv4.",
               "InvalidParameter"};
}

bool is_counted(ConnectEndpoint const& endpoint) {
  return endpoint.state != ConnectEndpointState::delete_complete;
}

// The limit in words, and an endpoint that is in the way.
Error over_limit(std::size_t limit, std::string const& of, ConnectEndpoint const& existing) {
  return {Errc::limit_exceeded,
          "The limit of " + std::to_string(limit) + " instance connect endpoint" + (limit == 1 ? "" : "s") +
              " per " + of + " has been reached: there is " + existing.id.text() + " in " +
              existing.vpc.text() + ". Delete it, or use it for this network, too.",
          "ResourceLimitExceeded"};
}

Result<void> check_limits(State const& state, network::Subnet const& subnet, ConnectLimits const& limits) {
  auto check = [&](std::size_t limit, std::string const& of, auto concerns) -> Result<void> {
    std::size_t count = 0;
    for (auto const& endpoint : state.network.connect_endpoints) {
      if (is_counted(endpoint) && concerns(endpoint) && ++count >= limit)
        return over_limit(limit, of, endpoint);
    }
    return success();
  };
  CHECK(check(limits.per_subnet, "subnet", [&](auto const& each) { return each.subnet == subnet.id; }));
  CHECK(check(limits.per_vpc, "VPC", [&](auto const& each) { return each.vpc == subnet.vpc; }));
  return check(limits.per_region, "account and Region", [](auto const&) { return true; });
}

bool is_in_progress(ConnectEndpointState state) {
  using enum ConnectEndpointState;
  return state == create_in_progress || state == update_in_progress || state == delete_in_progress;
}

// The one with this id that is still there, and not just being changed.
Result<ConnectEndpoint*> find_settled(State& state, std::string const& id, std::string_view wish) {
  TRY(auto* endpoint, find(state.network.connect_endpoints, id));
  if (!is_counted(*endpoint)) return not_found(kConnectEndpoint, id);
  if (!is_in_progress(endpoint->state)) return endpoint;
  return Error{Errc::conflict,
               "The instance connect endpoint " + id + " is in the state '" +
                   std::string(to_string(endpoint->state)) + "' and cannot be " + std::string(wish) +
                   " now. Try again when that is over.",
               "IncorrectState"};
}

}  // namespace

Result<network::ConnectEndpointId> create_connect_endpoint(State& state, NewConnectEndpoint const& wanted,
                                                           ConnectLimits const& limits, Time now) {
  TRY(auto const* subnet, find(std::as_const(state.network.subnets), wanted.subnet));
  CHECK(check_address_type(wanted.address_type, wanted.preserve_client_ip));
  TRY(auto groups, groups_for(state, subnet->vpc, wanted.groups, "subnet " + wanted.subnet));
  CHECK(check_limits(state, *subnet, limits));
  ConnectEndpoint endpoint{network::ConnectEndpointId(new_id(kConnectEndpoint)), subnet->vpc, subnet->id,
                           wanted.preserve_client_ip, ConnectEndpointState::create_in_progress};
  auto const id = endpoint.id;
  CHECK(make_interface(state, {subnet->id, id, groups, "EC2 Instance Connect Endpoint " + id.text()}));
  endpoint.dns_name = id.text() + "." + connect_zone(state.network.region, wanted.domain);
  endpoint.created_at = endpoint.state_since = now;
  state.network.connect_endpoints.put(std::move(endpoint));
  return id;
}

Result<void> modify_connect_endpoint(State& state, std::string const& id, ConnectEndpointChange const& change,
                                     Time now) {
  TRY(auto* endpoint, find_settled(state, id, "changed"));
  if (change.groups.empty() && !change.preserve_client_ip && change.address_type.empty())
    return Error{Errc::invalid,
                 "The request must contain one of the parameters SecurityGroupId, PreserveClientIp and "
                 "IpAddressType",
                 "MissingParameter"};
  bool preserves = change.preserve_client_ip.value_or(endpoint->preserve_client_ip);
  CHECK(check_address_type(change.address_type, preserves));
  if (!change.groups.empty()) {
    TRY(auto groups, groups_for(state, endpoint->vpc, change.groups, "subnet " + endpoint->subnet.text()));
    for (auto const* interface : state.network.interfaces_of(endpoint->id))
      state.network.interfaces.find(interface->id)->groups = groups;
  }
  endpoint->preserve_client_ip = preserves;
  endpoint->state = ConnectEndpointState::update_in_progress;
  endpoint->state_since = now;
  return success();
}

Result<void> delete_connect_endpoint(State& state, std::string const& id, Time now) {
  TRY(auto* endpoint, find_settled(state, id, "deleted"));
  endpoint->state = ConnectEndpointState::delete_in_progress;
  endpoint->state_since = now;
  return success();
}

void rename_connect_endpoints(State& state, std::string_view domain) {
  auto zone = connect_zone(state.network.region, domain);
  auto& endpoints = state.network.connect_endpoints;
  for (auto const& each : std::vector(endpoints.begin(), endpoints.end()))
    endpoints.find(each.id)->dns_name = each.id.text() + "." + zone;
}

std::string connect_zone(std::string_view region, std::string_view domain) {
  auto end = "ec2-instance-connect-endpoint." + std::string(region) + "." + std::string(domain);
  return sha256_hex(end).substr(0, 8) + "." + end;
}

}  // namespace fumidai::networks
