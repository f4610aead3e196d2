#include "network/route_table.h"

#include <algorithm>

namespace fumidai::network {

namespace {

struct TargetText {
  std::string operator()(Local const&) const { return "local"; }
  std::string operator()(auto const& id) const { return id.text(); }
};

}  // namespace

std::string text_of(RouteTarget const& target) {
  return std::visit(TargetText(), target);
}

bool RouteTable::serves(SubnetId const& subnet) const {
  return std::ranges::find(associations, subnet, &TableAssociation::subnet) != associations.end();
}

std::optional<Route> choose_route(RouteTable const& table, Vpc const& vpc, Address const& to) {
  std::optional<Route> best;
  if (vpc.cidr.contains(to)) best = Route{vpc.cidr, Local()};
  for (auto& route : table.routes) {
    bool better = !best || route.destination.prefix > best->destination.prefix;
    if (better && route.destination.contains(to)) best = route;
  }
  return best;
}

}  // namespace fumidai::network
