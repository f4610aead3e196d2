#include "lab/router_plan.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "lab/names.h"
#include "lab/ruleset.h"
#include "lab/services.h"
#include "lab/switches.h"

namespace fumidai::lab {

namespace {

using namespace network;

constexpr std::uint32_t kOwnTable = 100;  // for what a namespace sends, or takes, itself
Cidr const kAll{Address{}, 0};

std::uint32_t number_of(std::string_view id) {
  auto digest = sha256(id);
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 | std::uint32_t{digest[2]} << 8 |
         digest[3];
}

class RouterPlan {
 public:
  RouterPlan(Network const& network, Vpc const& vpc, std::vector<Port> const& ports, Uplink const& uplink,
             Settings const& settings)
      : network_(network), vpc_(vpc), ports_(ports), uplink_(uplink), settings_(settings) {}

  Space make() {
    space_.name = router_space(settings_, vpc_.id);
    space_.switches = forwarding_switches();
    add_addresses();
    add_uplink();
    for (auto& port : ports_) add_port(port);
    space_.routes.push_back({kMainTable, vpc_.cidr.masked(), RouteKind::blackhole});  // nobody's addresses
    for (auto& table : network_.route_tables) {
      if (table.vpc == vpc_.id) add_table(table);
    }
    space_.ruleset = router_ruleset(network_, vpc_, ports_);
    return std::move(space_);
  }

 private:
  void add_addresses() {
    std::set<Address> own{metadata_address()};
    for (auto& address : resolver_addresses(vpc_)) own.insert(address);
    for (auto& subnet : network_.subnets) {
      if (subnet.vpc == vpc_.id) own.insert(plus(subnet.cidr.masked().base, 1));  // its gateway
    }
    for (auto& address : own) space_.addresses.push_back({"lo", Cidr::of(address)});
  }

  void add_uplink() {
    std::string link(kUplink);
    space_.addresses.push_back({link, Cidr::of(uplink_.address)});
    space_.rules.push_back({"lo", kOwnTable});
    space_.routes.push_back(
        {kOwnTable, Cidr::of(settings_.dns), RouteKind::out, link, uplink_peer(), uplink_.address});
    append(space_.switches, link_switches(link));
  }

  void add_port(Port const& port) {
    space_.routes.push_back({kMainTable, Cidr::of(port.address()), RouteKind::out, port.link});
    space_.rules.push_back({port.link, kernel_table(port.at.table->id)});
    append(space_.switches, link_switches(port.link));
    append(space_.switches, proxy_switches(port.link));
    if (port.connect_endpoint) add_way_back(port);
  }

  // Answers to a client whose address an endpoint keeps go back to that endpoint, not out to the client.
  // There is a way back also where none is kept any more, for the connections from before.
  void add_way_back(Port const& port) {
    auto mark = kept_client_mark(port);
    space_.rules.push_back({"", mark, mark});
    space_.routes.push_back({mark, kAll, RouteKind::out, port.link, port.address()});
  }

  void add_table(RouteTable const& table) {
    auto number = kernel_table(table.id);
    auto local = vpc_.cidr.masked();
    std::set<Cidr> taken{local};
    space_.routes.push_back({number, local, RouteKind::other});  // to the host routes of the main table
    for (auto& route : table.routes) {
      auto destination = route.destination.masked();
      if (destination.base.is_v6 || std::holds_alternative<Local>(route.target)) continue;
      if (taken.insert(destination).second) space_.routes.push_back(kernel_route(table, route, number));
    }
    if (!taken.contains(kAll)) space_.routes.push_back({number, kAll, RouteKind::blackhole});
  }

  KernelRoute kernel_route(RouteTable const& table, Route const& route, std::uint32_t number) const {
    KernelRoute blackhole{number, route.destination.masked(), RouteKind::blackhole};
    if (network_.is_blackhole(table, route)) return blackhole;
    auto out = blackhole;
    out.kind = RouteKind::out;
    if (std::holds_alternative<InternetGatewayId>(route.target)) {
      out.link = kUplink;
      out.gateway = uplink_peer();
      return out;
    }
    auto is_target = [&](Port const& port) {
      if (auto* interface = std::get_if<InterfaceId>(&route.target)) return port.id() == *interface;
      return port.nat && port.nat->id == std::get<NatGatewayId>(route.target);
    };
    auto gateway = std::ranges::find_if(ports_, is_target);
    if (gateway == ports_.end()) return blackhole;
    out.link = gateway->link;
    out.gateway = gateway->address();
    return out;
  }

  Network const& network_;
  Vpc const& vpc_;
  std::vector<Port> const& ports_;
  Uplink const& uplink_;
  Settings const& settings_;
  Space space_;
};

}  // namespace

std::vector<Uplink> uplinks_of(Network const& network) {
  constexpr std::uint32_t kPlaces = 1 << 15;
  auto base = Address::parse("169.254.128.0").value();
  std::vector<Uplink> uplinks;
  std::set<std::uint32_t> taken{0, kPlaces - 1};
  for (auto& vpc : network.vpcs) {
    if (!is_plain(vpc.id.text()) || vpc.cidr.base.is_v6) continue;
    if (taken.size() == kPlaces) break;
    auto place = number_of(vpc.id.text()) % kPlaces;
    while (!taken.insert(place).second) place = (place + 1) % kPlaces;
    uplinks.push_back({vpc.id, plus(base, place)});
  }
  return uplinks;
}

Address uplink_peer() {
  return Address::parse("169.254.127.1").value();
}

std::uint32_t kernel_table(RouteTableId const& table) {
  return number_of(table.text()) | 1u << 30;  // clear of the tables that the kernel and we have names for
}

std::uint32_t kept_client_mark(Port const& port) {
  return number_of(port.id().text()) | 1u << 30;
}

Space router_plan(Network const& network, Vpc const& vpc, std::vector<Port> const& ports,
                  Uplink const& uplink, Settings const& settings) {
  return RouterPlan(network, vpc, ports, uplink, settings).make();
}

Space interface_plan(Port const& port, Settings const& settings) {
  auto& subnet = port.at.subnet->cidr;
  std::string link(kInterfaceLink);
  Space space{interface_space(settings, port.id())};
  space.addresses.push_back({link, {port.address(), subnet.prefix}});
  auto gateway = plus(subnet.masked().base, 1);
  space.routes.push_back({kMainTable, kAll, RouteKind::out, link, gateway});
  if (port.connect_endpoint) {
    space.rules.push_back({link, kOwnTable});
    space.routes.push_back({kOwnTable, kAll, RouteKind::here, "lo"});  // for clients' addresses too
  }
  space.switches = port.nat ? forwarding_switches() : still_switches();
  append(space.switches, link_switches(link));
  if (port.nat) space.ruleset = nat_ruleset(*port.nat, port.address());
  return space;
}

}  // namespace fumidai::lab
