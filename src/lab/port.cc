#include "lab/port.h"

#include "lab/names.h"

namespace fumidai::lab {

namespace {

using namespace network;

bool is_on(Network const& network, InterfaceOwner const& owner) {
  if (auto* id = std::get_if<InstanceId>(&owner)) {
    auto* instance = network.instances.find(*id);
    // It needs the network while it starts and while it stops.
    return instance && instance->state != InstanceState::stopped &&
           instance->state != InstanceState::terminated;
  }
  if (auto* id = std::get_if<InterfaceEndpointId>(&owner)) {
    auto* endpoint = network.endpoints.find(*id);
    return endpoint && endpoint->state == EndpointState::available;
  }
  if (auto* id = std::get_if<ConnectEndpointId>(&owner)) {
    auto* endpoint = network.connect_endpoints.find(*id);
    return endpoint && is_usable(endpoint->state);
  }
  return true;
}

Port port_of(Network const& network, Location const& at, bool has_gateway) {
  auto& owner = at.interface->owner;
  Port port{at, link_name(at.interface->id)};
  if (auto* id = std::get_if<NatGatewayId>(&owner)) port.nat = network.nat_gateways.find(*id);
  if (auto* id = std::get_if<ConnectEndpointId>(&owner))
    port.connect_endpoint = network.connect_endpoints.find(*id);
  port.is_instance = std::holds_alternative<InstanceId>(owner);
  auto* instance = network.instance_at(at.interface->id);
  port.forwards = instance && !instance->source_dest_check;
  port.is_on = is_on(network, owner);
  if (has_gateway) port.public_address = network.public_address(*at.interface);
  return port;
}

}  // namespace

std::vector<Port> ports_of(Network const& network, Vpc const& vpc) {
  std::vector<Port> ports;
  bool has_gateway = network.gateway_of(vpc.id) != nullptr;
  for (auto& interface : network.interfaces) {
    auto at = network.locate(interface.id);
    if (!at || at->vpc->id != vpc.id || !is_plain(interface.id.text())) continue;
    ports.push_back(port_of(network, *at, has_gateway));
  }
  return ports;
}

Address plus(Address address, std::uint32_t offset) {
  auto& b = address.bytes;
  auto value =
      (std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3]) + offset;
  for (int i = 0; i < 4; i++) b[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return address;
}

}  // namespace fumidai::lab
