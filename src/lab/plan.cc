#include "lab/plan.h"

#include <algorithm>

#include "lab/internet_plan.h"
#include "lab/name_server_plan.h"
#include "lab/names.h"
#include "lab/router_plan.h"

namespace fumidai::lab {

Space const* Plan::find(std::string_view space) const {
  auto found = std::ranges::find(spaces, space, &Space::name);
  return found == spaces.end() ? nullptr : &*found;
}

Plan plan(network::Network const& network, Settings const& settings) {
  Plan plan;
  auto internet = internet_space(settings);
  auto uplinks = uplinks_of(network);
  std::vector<std::vector<Port>> ports;
  for (auto& uplink : uplinks) ports.push_back(ports_of(network, *network.vpcs.find(uplink.vpc)));

  plan.machine = machine_plan(settings);
  plan.links.push_back({{"", host_link(settings)}, {internet, std::string(kHostPeer)}});
  plan.spaces.push_back(internet_plan(uplinks, ports, settings));
  plan.name_servers.push_back(internet_name_server(network, settings));

  for (std::size_t i = 0; i < uplinks.size(); i++) {
    auto& vpc = *network.vpcs.find(uplinks[i].vpc);
    auto router = router_space(settings, vpc.id);
    plan.links.push_back({{internet, link_name(vpc.id)}, {router, std::string(kUplink)}});
    plan.spaces.push_back(router_plan(network, vpc, ports[i], uplinks[i], settings));
    for (auto& port : ports[i]) {
      plan.links.push_back({{router, port.link},
                            {interface_space(settings, port.id()), std::string(kInterfaceLink),
                             network::mac_address(port.id())}});
      plan.spaces.push_back(interface_plan(port, settings));
    }
    if (vpc.dns_support) plan.name_servers.push_back(router_name_server(network, vpc, ports[i], settings));
  }
  return plan;
}

}  // namespace fumidai::lab
