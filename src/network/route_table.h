#pragma once

// Where packets of a subnet go. The local route of a table is not stored: it is the VPC's block, always.
// Neither is a route's state: Network::is_blackhole tells it.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "network/vpc.h"

namespace fumidai::network {

struct Local {
  friend bool operator==(Local const&, Local const&) = default;
};
using RouteTarget = std::variant<Local, InternetGatewayId, NatGatewayId, InterfaceId>;

std::string text_of(RouteTarget const& target);  // "local", or the id

struct Route {
  Cidr destination;
  RouteTarget target;

  friend bool operator==(Route const&, Route const&) = default;
};

struct TableAssociation {
  TableAssociationId id;
  SubnetId subnet;

  friend bool operator==(TableAssociation const&, TableAssociation const&) = default;
};

struct RouteTable {
  RouteTableId id;
  VpcId vpc;
  std::optional<TableAssociationId> main =
      {};  // of the VPC's main table: for subnets without one of their own
  std::vector<TableAssociation> associations = {};
  std::vector<Route> routes = {};

  bool serves(SubnetId const& subnet) const;
  friend bool operator==(RouteTable const&, RouteTable const&) = default;
};

// The route with the longest prefix that holds the address, the local one among them; nothing when none does.
std::optional<Route> choose_route(RouteTable const& table, Vpc const& vpc, Address const& to);

}  // namespace fumidai::network
