#pragma once

// An interface as its router sees it.

#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace fumidai::lab {

// Points into the network that it was made from.
struct Port {
  network::Location at;
  std::string link;  // in the router
  network::NatGateway const* nat = nullptr;
  network::ConnectEndpoint const* connect_endpoint = nullptr;
  bool is_instance = false;
  bool forwards = false;  // an instance that may send and take what has another's address
  // What may send and receive: an instance that is not stopped, an endpoint that is available.
  bool is_on = true;
  std::optional<Address> public_address = {};  // while the VPC has an internet gateway

  network::InterfaceId const& id() const { return at.interface->id; }
  Address const& address() const { return at.interface->private_address; }
};

// Those of a VPC, in the order of their ids.
std::vector<Port> ports_of(network::Network const& network, network::Vpc const& vpc);

Address plus(Address address, std::uint32_t offset);  // 10.0.0.0 and 2: 10.0.0.2

}  // namespace fumidai::lab
