#pragma once

// A network as text: a person sees what is where.

#include <functional>
#include <string>

#include "network/network.h"

namespace fumidai::network {

// A name for an id, or nothing: a person's tag.
using NameOf = std::function<std::string(std::string const& id)>;

// A block of lines for each VPC: its subnets, in them what has an address, and where their packets go.
std::string draw(Network const& network, NameOf const& name_of);

}  // namespace fumidai::network
