#pragma once

// A VPC's router: where the links of its interfaces end.

#include "lab/plan.h"
#include "lab/port.h"

namespace fumidai::lab {

// The router's end of its uplink; the internet's end has the same address on all of them.
struct Uplink {
  network::VpcId vpc;
  Address address;

  friend bool operator==(Uplink const&, Uplink const&) = default;
};

// One for each VPC, in the order of their ids. From 169.254.128.0/17: no VPC's block can hold those.
std::vector<Uplink> uplinks_of(network::Network const& network);
Address uplink_peer();

// The number of a route table in the kernel; made of its id, so that it stays.
std::uint32_t kernel_table(network::RouteTableId const& table);

// On connections by which a connect endpoint keeps its client's address; the number of the table, too, by
// which answers find back to it.
std::uint32_t kept_client_mark(Port const& endpoint);

Space router_plan(network::Network const& network, network::Vpc const& vpc, std::vector<Port> const& ports,
                  Uplink const& uplink, Settings const& settings);
// The namespace at the other end of a router's link.
Space interface_plan(Port const& port, Settings const& settings);

}  // namespace fumidai::lab
