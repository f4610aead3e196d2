#include "network/drawing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::network {

namespace {

class Drawing {
 public:
  Drawing(Network const& network, NameOf const& name_of) : network_(network), name_of_(name_of) {}

  std::string of(Vpc const& vpc) {
    line(0, fmt::format("{} {}", label(vpc.id.text()), vpc.cidr.text()));
    if (auto* gateway = network_.gateway_of(vpc.id))
      line(1, fmt::format("│ internet ◀──▶ {}", label(gateway->id.text())));
    for (auto& subnet : network_.subnets) {
      if (subnet.vpc == vpc.id) draw_subnet(vpc, subnet);
    }
    return std::move(text_);
  }

 private:
  void draw_subnet(Vpc const& vpc, Subnet const& subnet) {
    auto kind = network_.is_public(subnet) ? "public" : "private";
    line(1, fmt::format("├─ {} {} {} {}", label(subnet.id.text()), subnet.cidr.text(), subnet.zone, kind));
    draw_routes(vpc, subnet);
    std::vector<NetworkInterface const*> inside;
    for (auto& interface : network_.interfaces) {
      if (interface.subnet == subnet.id) inside.push_back(&interface);
    }
    std::ranges::sort(inside, {}, &NetworkInterface::private_address);
    for (auto* interface : inside) draw_interface(*interface);
  }

  void draw_routes(Vpc const& vpc, Subnet const& subnet) {
    auto* table = network_.table_of(subnet);
    if (!table) return;
    line(1, fmt::format("│    {} ▶ local", vpc.cidr.text()));
    for (auto& route : table->routes) {
      auto gone = network_.is_blackhole(*table, route) ? " (blackhole)" : "";
      line(1, fmt::format("│    {} ▶ {}{}", route.destination.text(), label(text_of(route.target)), gone));
    }
  }

  void draw_interface(NetworkInterface const& interface) {
    auto address = interface.private_address.text();
    if (auto seen = network_.public_address(interface)) address += " ◀▶ " + seen->text();
    auto owner = text_of(interface.owner);
    line(1, fmt::format("│    ■ {:<34} {}{}", address, owner.empty() ? interface.id.text() : label(owner),
                        state_of(interface)));
  }

  std::string state_of(NetworkInterface const& interface) const {
    if (auto* id = std::get_if<InstanceId>(&interface.owner)) {
      auto* instance = network_.instances.find(*id);
      if (!instance) return "";
      auto agent = instance->agent.connected ? ", agent connected" : "";
      return fmt::format(" {}{}", to_string(instance->state), agent);
    }
    if (auto* id = std::get_if<NatGatewayId>(&interface.owner)) {
      auto* gateway = network_.nat_gateways.find(*id);
      return gateway ? fmt::format(" {}", to_string(gateway->state)) : "";
    }
    if (auto* id = std::get_if<InterfaceEndpointId>(&interface.owner)) {
      auto* endpoint = network_.endpoints.find(*id);
      return endpoint ? fmt::format(" {} {}", endpoint->service, to_string(endpoint->state)) : "";
    }
    if (auto* id = std::get_if<ConnectEndpointId>(&interface.owner)) {
      auto* endpoint = network_.connect_endpoints.find(*id);
      return endpoint ? fmt::format(" instance connect {}", to_string(endpoint->state)) : "";
    }
    return "";
  }

  std::string label(std::string const& id) const {
    auto name = printable(name_of_(id), 40);
    return name.empty() ? id : fmt::format("{} ({})", name, id);
  }

  void line(int depth, std::string const& text) {
    text_ += std::string(static_cast<std::size_t>(2 * depth), ' ') + text + "\n";
  }

  Network const& network_;
  NameOf const& name_of_;
  std::string text_;
};

}  // namespace

std::string draw(Network const& network, NameOf const& name_of) {
  std::string text;
  for (auto& vpc : network.vpcs) text += (text.empty() ? "" : "\n") + Drawing(network, name_of).of(vpc);
  return text;
}

}  // namespace fumidai::network
