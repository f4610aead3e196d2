#include "network/network.h"

#include <algorithm>

#include "base/digest.h"

namespace fumidai::network {

namespace {

template <class Value>
Result<Value const*> need(Table<Value> const& table, typename Table<Value>::Key const& id) {
  if (auto* found = table.find(id)) return found;
  return Error{Errc::not_found, "the network has no '" + id.text() + "'"};
}

template <class Value>
Value const* find_if(Table<Value> const& table, auto&& holds) {
  auto found = std::ranges::find_if(table, holds);
  return found == table.end() ? nullptr : &*found;
}

bool is_gone(NatGateway const* gateway) {
  return !gateway || gateway->state == NatState::failed || gateway->state == NatState::deleting ||
         gateway->state == NatState::deleted;
}

bool is_gone(EndpointState state) {
  return state == EndpointState::deleting || state == EndpointState::deleted;
}

}  // namespace

Result<Location> Network::locate(InterfaceId const& id) const {
  TRY(auto* interface, need(interfaces, id));
  TRY(auto* subnet, need(subnets, interface->subnet));
  TRY(auto* vpc, need(vpcs, subnet->vpc));
  auto* table = table_of(*subnet);
  if (!table) return Error{Errc::not_found, "the network has no main route table of " + vpc->id.text()};
  return Location{interface, subnet, vpc, table};
}

Result<Location> Network::locate(InstanceId const& id) const {
  TRY(auto* instance, need(instances, id));
  return locate(instance->interface);
}

RouteTable const* Network::table_of(Subnet const& subnet) const {
  if (auto* own = find_if(route_tables, [&](auto& table) { return table.serves(subnet.id); })) return own;
  return find_if(route_tables, [&](auto& table) { return table.main && table.vpc == subnet.vpc; });
}

InternetGateway const* Network::gateway_of(VpcId const& vpc) const {
  return find_if(internet_gateways, [&](auto& gateway) { return gateway.vpc == vpc; });
}

bool Network::is_blackhole(RouteTable const& table, Route const& route) const {
  if (auto* id = std::get_if<InternetGatewayId>(&route.target)) {
    auto* gateway = internet_gateways.find(*id);
    return !gateway || gateway->vpc != table.vpc;
  }
  if (auto* id = std::get_if<InterfaceId>(&route.target)) {
    auto* instance = instance_at(*id);
    return !instance || instance->state != InstanceState::running;
  }
  auto* id = std::get_if<NatGatewayId>(&route.target);
  return id && is_gone(nat_gateways.find(*id));
}

Instance const* Network::instance_at(InterfaceId const& id) const {
  auto* interface = interfaces.find(id);
  auto* owner = interface ? std::get_if<InstanceId>(&interface->owner) : nullptr;
  return owner ? instances.find(*owner) : nullptr;
}

bool Network::leads_to_gateway(RouteTable const& table, Vpc const& vpc, Address const& to) const {
  auto route = choose_route(table, vpc, to);
  return route && std::holds_alternative<InternetGatewayId>(route->target) && !is_blackhole(table, *route);
}

bool Network::is_public(Subnet const& subnet) const {
  auto* table = table_of(subnet);
  auto* vpc = vpcs.find(subnet.vpc);
  return table && vpc && leads_to_gateway(*table, *vpc, the_internet());
}

ElasticAddress const* Network::elastic_address_of(InterfaceId const& interface) const {
  return find_if(elastic_addresses, [&](auto& address) { return address.interface == interface; });
}

std::optional<Address> Network::public_address(NetworkInterface const& interface) const {
  if (auto* elastic = elastic_address_of(interface.id)) return elastic->address;
  return interface.auto_public_address;
}

NetworkInterface const* Network::by_private_address(VpcId const& vpc, Address const& address) const {
  return find_if(interfaces, [&](auto& interface) {
    if (interface.private_address != address) return false;
    auto* subnet = subnets.find(interface.subnet);
    return subnet && subnet->vpc == vpc;
  });
}

NetworkInterface const* Network::by_public_address(Address const& address) const {
  auto* elastic = find_if(elastic_addresses, [&](auto& each) { return each.address == address; });
  if (elastic) return elastic->interface ? interfaces.find(*elastic->interface) : nullptr;
  return find_if(interfaces, [&](auto& interface) {
    return interface.auto_public_address == address && !elastic_address_of(interface.id);
  });
}

std::vector<NetworkInterface const*> Network::interfaces_of(InterfaceOwner const& owner) const {
  std::vector<NetworkInterface const*> found;
  for (auto& interface : interfaces) {
    if (interface.owner == owner) found.push_back(&interface);
  }
  return found;
}

std::vector<Instance const*> Network::instances_in(VpcId const& vpc) const {
  std::vector<Instance const*> found;
  for (auto& instance : instances) {
    auto location = locate(instance.interface);
    if (location && location->vpc->id == vpc) found.push_back(&instance);
  }
  return found;
}

std::string Network::full_name(std::string_view service) const {
  return "com.amazonaws." + region + "." + std::string(service);
}

std::string_view Network::short_name(InterfaceEndpoint const& endpoint) const {
  std::string_view service = endpoint.service;
  auto prefix = full_name("");
  if (!service.starts_with(prefix)) return {};
  return service.substr(prefix.size());
}

std::string Network::own_name(InterfaceEndpoint const& endpoint, std::string_view zone) const {
  auto const& id = endpoint.id.text();
  auto service = std::string(short_name(endpoint));
  auto of_zone = zone.empty() ? "" : "-" + std::string(zone);
  return id + "-" + sha256_hex(id).substr(0, 8) + of_zone + "." + service + "." + region +
         ".vpce.amazonaws.com";
}

InterfaceEndpoint const* Network::endpoint_for(VpcId const& vpc, std::string_view service) const {
  auto name = full_name(service);
  auto rank = [&](InterfaceEndpoint const* endpoint) {
    return endpoint ? 1 + 2 * (endpoint->state == EndpointState::available) + takes_the_name(*endpoint) : 0;
  };
  InterfaceEndpoint const* best = nullptr;
  for (auto& endpoint : endpoints) {
    bool candidate = endpoint.vpc == vpc && endpoint.service == name && !is_gone(endpoint.state);
    if (candidate && rank(&endpoint) > rank(best)) best = &endpoint;
  }
  return best;
}

bool Network::takes_the_name(InterfaceEndpoint const& endpoint) const {
  auto* vpc = vpcs.find(endpoint.vpc);
  return vpc && vpc->has_private_dns() && endpoint.private_dns && endpoint.state == EndpointState::available;
}

std::optional<Allowance> Network::allowance(std::span<SecurityGroupId const> groups, Direction direction,
                                            Flow const& flow, Peer const& peer) const {
  for (auto& id : groups) {
    auto* group = security_groups.find(id);
    if (!group) continue;
    for (auto& rule : group->rules) {
      if (allows(rule, direction, flow, peer)) return Allowance{group, &rule};
    }
  }
  return {};
}

Address the_internet() {
  return Address::parse("192.0.2.1").value();
}

bool is_unroutable(Address const& address) {
  static auto const kBlocks = [] {
    std::vector<Cidr> blocks;
    for (auto text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
                      "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1"}) {
      blocks.push_back(Cidr::parse(text).value());
    }
    return blocks;
  }();
  return std::ranges::any_of(kBlocks, [&](auto& block) { return block.contains(address); });
}

}  // namespace fumidai::network
