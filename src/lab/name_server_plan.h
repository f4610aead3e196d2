#pragma once

// Which names lead where. A VPC's server knows the names inside and asks the internet's for the rest; that
// one asks nobody, so no question ever leaves the machine.

#include "lab/plan.h"
#include "lab/port.h"

namespace fumidai::lab {

NameServer internet_name_server(network::Network const& network, Settings const& settings);
NameServer router_name_server(network::Network const& network, network::Vpc const& vpc,
                              std::vector<Port> const& ports, Settings const& settings);

// ip-10-0-1-5.ec2.internal
std::string private_name(Address const& address, std::string_view region);

}  // namespace fumidai::lab
