#pragma once

// The nft tables of the lab's namespaces, as text. Security groups are chains of the VPC's router: a packet
// passes the rules of its sender's groups by the link that it came from, then those of its receiver's by the
// link that it leaves by. What no rule accepts is dropped without an answer.

#include <string>
#include <vector>

#include "lab/port.h"
#include "lab/settings.h"

namespace fumidai::lab {

inline constexpr std::string_view kNftTable = "fumidai";  // of family ip

std::string router_ruleset(network::Network const& network, network::Vpc const& vpc,
                           std::vector<Port> const& ports);
std::string nat_ruleset(network::NatGateway const& gateway, Address const& address);
// The machine asks and is not asked: instances do not reach what listens on it.
std::string internet_ruleset();

}  // namespace fumidai::lab
