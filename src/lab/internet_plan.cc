#include "lab/internet_plan.h"

#include "lab/names.h"
#include "lab/ruleset.h"
#include "lab/switches.h"

namespace fumidai::lab {

Space internet_plan(std::vector<Uplink> const& uplinks, std::vector<std::vector<Port>> const& ports,
                    Settings const& settings) {
  std::string host(kHostPeer);
  Space space{internet_space(settings)};
  space.switches = forwarding_switches();
  append(space.switches, link_switches(host));
  for (auto& address : {settings.plane, settings.dns, settings.web}) {
    space.addresses.push_back({"lo", Cidr::of(address)});
  }
  space.addresses.push_back({host, Cidr::of(settings.host_peer)});
  space.routes.push_back({kMainTable, Cidr::of(settings.host), RouteKind::out, host});
  space.routes.push_back({kMainTable, Cidr{Address{}, 0}, RouteKind::blackhole});

  for (std::size_t i = 0; i < uplinks.size(); i++) {
    auto link = link_name(uplinks[i].vpc);
    append(space.switches, link_switches(link));
    space.addresses.push_back({link, Cidr::of(uplink_peer())});
    space.routes.push_back({kMainTable, Cidr::of(uplinks[i].address), RouteKind::out, link});
    for (auto& port : ports[i]) {
      if (!port.public_address) continue;
      space.routes.push_back(
          {kMainTable, Cidr::of(*port.public_address), RouteKind::out, link, uplinks[i].address});
    }
  }
  space.ruleset = internet_ruleset();
  return space;
}

Space machine_plan(Settings const& settings) {
  auto link = host_link(settings);
  Space machine;
  machine.addresses.push_back({link, Cidr::of(settings.host)});
  machine.routes.push_back(
      {kMainTable, Cidr::of(settings.host_peer), RouteKind::out, link, {}, settings.host});
  auto through = [&](Cidr const& destination) {
    machine.routes.push_back(
        {kMainTable, destination, RouteKind::out, link, settings.host_peer, settings.host});
  };
  for (auto& address : {settings.plane, settings.dns, settings.web}) through(Cidr::of(address));
  through(settings.public_pool.masked());
  return machine;
}

}  // namespace fumidai::lab
