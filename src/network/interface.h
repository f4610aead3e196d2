#pragma once

// A network interface: what has an address in a subnet, and groups. Everything that sends or receives has
// one.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/cidr.h"
#include "network/ids.h"

namespace fumidai::network {

// Whose it is; nobody's while it is "available".
using InterfaceOwner =
    std::variant<std::monostate, InstanceId, NatGatewayId, InterfaceEndpointId, ConnectEndpointId>;

// AWS's interfaceType: "interface", "nat_gateway", "vpc_endpoint", "ec2_instance_connect_endpoint".
std::string_view type_of(InterfaceOwner const& owner);
std::string text_of(InterfaceOwner const& owner);  // the owner's id; empty for nobody

// "02:…", made of the interface's id: the same at all times, and in all places that show it.
std::string mac_address(InterfaceId const& interface);

struct NetworkInterface {
  InterfaceId id;
  SubnetId subnet;
  Address private_address;
  InterfaceOwner owner = {};
  std::vector<SecurityGroupId> groups = {};  // a NAT gateway's has none and lets all pass
  std::optional<Address> auto_public_address =
      {};  // lost at stop; Network::public_address knows elastic ones too
  std::string description = {};
  std::string attachment = {};  // eni-attach-…; empty while it is nobody's

  friend bool operator==(NetworkInterface const&, NetworkInterface const&) = default;
};

}  // namespace fumidai::network
