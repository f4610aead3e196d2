#include "networks/tagging.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

template <class Value>
bool holds(Table<Value> const& table, std::string const& id) {
  return table.find(typename Table<Value>::Key(id)) != nullptr;
}

bool has_rule(network::SecurityGroup const& group, network::SecurityRuleId const& id) {
  return std::ranges::find(group.rules, id, &network::SecurityRule::id) != group.rules.end();
}

bool is_there(State const& state, Kind const& kind, std::string const& id) {
  auto const& network = state.network;
  if (&kind == &kVpc) return holds(network.vpcs, id);
  if (&kind == &kSubnet) return holds(network.subnets, id);
  if (&kind == &kRouteTable) return holds(network.route_tables, id);
  if (&kind == &kInternetGateway) return holds(network.internet_gateways, id);
  if (&kind == &kNatGateway) return holds(network.nat_gateways, id);
  if (&kind == &kAllocation) return holds(network.elastic_addresses, id);
  if (&kind == &kSecurityGroup) return holds(network.security_groups, id);
  if (&kind == &kNetworkInterface) return holds(network.interfaces, id);
  if (&kind == &kInterfaceEndpoint) return holds(network.endpoints, id);
  if (&kind == &kConnectEndpoint) return holds(network.connect_endpoints, id);
  if (&kind == &kInstance) return holds(network.instances, id);
  if (&kind == &kKeyPair) return holds(state.key_pairs, id);
  if (&kind == &kNetworkAcl)
    return std::ranges::find(network.vpcs, id, &network::Vpc::acl) != network.vpcs.end();
  return &kind == &kSecurityRule && std::ranges::any_of(network.security_groups, [&](auto const& group) {
    return has_rule(group, network::SecurityRuleId(id));
  });
}

}  // namespace

Result<Kind const*> taggable(State const& state, std::string const& id) {
  auto* kind = kind_of(id);
  if (!kind) return Error{Errc::invalid, "The ID '" + escaped(id, 64) + "' is not valid", "InvalidID"};
  CHECK(check_id(*kind, id));
  if (!is_there(state, *kind, id)) return not_found(*kind, id);
  return kind;
}

}  // namespace fumidai::networks
