#include "networks/route_tables.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

constexpr std::ptrdiff_t kMostTables = 200;  // of a VPC
constexpr std::size_t kMostRoutes = 100;

// As targets of routes gateways are refused in other words.
constexpr Kind kTargetGateway{"igw-", "", "gateway", "InvalidGatewayID.NotFound",
                              "InvalidGatewayID.NotFound"};
constexpr Kind kTargetNat{"nat-", "", "natGateway", "InvalidNatGatewayID.NotFound",
                          "InvalidNatGatewayID.NotFound"};

Error of_another_network(std::string const& table, std::string_view what, std::string const& id) {
  return invalid_parameter("route table " + table + " and " + std::string(what) + " " + id +
                           " belong to different networks");
}

Result<network::RouteTarget> gateway_target(State const& state, network::RouteTable const& table,
                                            std::string const& id) {
  CHECK(check_id(kTargetGateway, id));
  auto* gateway = state.network.internet_gateways.find(network::InternetGatewayId(id));
  if (!gateway) return not_found(kTargetGateway, id);
  if (gateway->vpc != table.vpc) return of_another_network(table.id.text(), "network gateway", id);
  return network::RouteTarget(gateway->id);
}

// One that is still pending will do.
Result<network::RouteTarget> nat_target(State const& state, network::RouteTable const& table,
                                        std::string const& id) {
  CHECK(check_id(kTargetNat, id));
  auto* gateway = state.network.nat_gateways.find(network::NatGatewayId(id));
  bool serves = gateway && (gateway->state == network::NatState::pending ||
                            gateway->state == network::NatState::available);
  if (!serves) return not_found(kTargetNat, id);
  auto* subnet = state.network.subnets.find(gateway->subnet);
  if (!subnet || subnet->vpc != table.vpc) return of_another_network(table.id.text(), "NAT gateway", id);
  return network::RouteTarget(gateway->id);
}

Result<network::RouteTarget> interface_target(State const& state, network::RouteTable const& table,
                                              std::string const& id) {
  TRY(auto* interface, find(state.network.interfaces, id));
  auto* subnet = state.network.subnets.find(interface->subnet);
  if (!subnet || subnet->vpc != table.vpc) return of_another_network(table.id.text(), "interface", id);
  if (std::holds_alternative<InstanceId>(interface->owner)) return network::RouteTarget(interface->id);
  return invalid_parameter("Value (" + id +
                           ") is invalid as the target of a route. It is not the network interface of an "
                           "instance.");
}

Result<network::RouteTarget> instance_target(State const& state, network::RouteTable const& table,
                                             std::string const& id) {
  TRY(auto* instance, find(state.network.instances, id));
  if (instance->state == network::InstanceState::terminated)
    return Error{Errc::conflict, "The instance '" + id + "' is terminated.", "IncorrectInstanceState"};
  return interface_target(state, table, instance->interface.text());
}

Result<network::RouteTarget> target_of(State const& state, network::RouteTable const& table,
                                       std::vector<std::string> const& targets) {
  if (targets.empty())
    return Error{
        Errc::invalid,
        "The request must contain a target: GatewayId, NatGatewayId, InstanceId or NetworkInterfaceId",
        "MissingParameter"};
  if (targets.size() > 1)
    return Error{Errc::invalid,
                 "The request must contain exactly one target: GatewayId, NatGatewayId, InstanceId or "
                 "NetworkInterfaceId",
                 "InvalidParameterCombination"};
  auto const& id = targets.front();
  if (id.starts_with(kTargetGateway.prefix)) return gateway_target(state, table, id);
  if (id.starts_with(kTargetNat.prefix)) return nat_target(state, table, id);
  if (id.starts_with(kNetworkInterface.prefix)) return interface_target(state, table, id);
  if (id.starts_with(kInstance.prefix)) return instance_target(state, table, id);
  if (id.starts_with(kInterfaceEndpoint.prefix)) {
    CHECK(find(state.network.endpoints, id));
    return Error{Errc::unsupported, "Route table contains unsupported route target: " + id,
                 "RouteNotSupported"};
  }
  return invalid_parameter("Value (" + escaped(id, 64) +
                           ") is invalid as the target of a route. Routes lead to internet gateways (igw-), "
                           "NAT gateways (nat-), instances (i-) and their network interfaces (eni-).");
}

Result<Cidr> parse_destination(std::string const& text) {
  auto block = Cidr::parse(text);
  if (!block || block->base.is_v6 || text.find('/') == text.npos)
    return invalid_parameter(
        "Value (" + escaped(text, 64) +
        ") for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.");
  return block->masked();
}

// What is stored of a route, judged. The local route goes before any that is within it.
Result<network::Route> judged(State const& state, network::RouteTable const& table, NewRoute const& route) {
  TRY(auto destination, parse_destination(route.destination));
  TRY(auto target, target_of(state, table, route.targets));
  auto* vpc = state.network.vpcs.find(table.vpc);
  if (vpc && vpc->cidr.contains(destination))
    return invalid_parameter("The destination CIDR block " + destination.text() +
                             " is equal to or more specific than one of this VPC's CIDR blocks. Its packets "
                             "take the local route.");
  return network::Route{destination, std::move(target)};
}

auto route_to(network::RouteTable& table, Cidr const& destination) {
  return std::ranges::find(table.routes, destination, &network::Route::destination);
}

// The table with an association, to change it. Error: InvalidAssociationID.NotFound.
Result<network::RouteTable*> table_of_association(State& state, std::string const& association) {
  CHECK(check_id(kTableAssociation, association));
  auto* table = table_with(state, association);
  if (!table) return not_found(kTableAssociation, association);
  return state.network.route_tables.find(table->id);
}

network::TableAssociationId new_association() {
  return network::TableAssociationId(new_id(kTableAssociation));
}

}  // namespace

Result<network::RouteTableId> create_route_table(State& state, std::string const& vpc_id) {
  TRY(auto* vpc, find(state.network.vpcs, vpc_id));
  if (std::ranges::count(state.network.route_tables, vpc->id, &network::RouteTable::vpc) >= kMostTables)
    return Error{Errc::limit_exceeded,
                 "The maximum number of route tables of " + vpc_id + " has been reached.",
                 "RouteTableLimitExceeded"};
  network::RouteTableId id(new_id(kRouteTable));
  state.network.route_tables.put({id, vpc->id});
  return id;
}

Result<void> delete_route_table(State& state, std::string const& id) {
  TRY(auto* table, find(state.network.route_tables, id));
  if (table->main || !table->associations.empty())
    return dependency_violation("The routeTable '" + id + "' has dependencies and cannot be deleted.");
  state.network.route_tables.erase(table->id);
  drop_tags(state, id);
  return success();
}

Result<void> create_route(State& state, NewRoute const& wanted) {
  TRY(auto* table, find(state.network.route_tables, wanted.table));
  TRY(auto route, judged(state, *table, wanted));
  if (route_to(*table, route.destination) != table->routes.end())
    return Error{Errc::conflict, "The route identified by " + route.destination.text() + " already exists.",
                 "RouteAlreadyExists"};
  if (table->routes.size() >= kMostRoutes)
    return Error{Errc::limit_exceeded,
                 "The maximum number of routes of " + wanted.table + " has been reached.",
                 "RouteLimitExceeded"};
  table->routes.push_back(std::move(route));
  return success();
}

Result<void> replace_route(State& state, NewRoute const& wanted) {
  TRY(auto* table, find(state.network.route_tables, wanted.table));
  TRY(auto route, judged(state, *table, wanted));
  auto at = route_to(*table, route.destination);
  if (at == table->routes.end())
    return invalid_parameter("There is no route defined for '" + route.destination.text() +
                             "' in the route table. Use CreateRoute instead.");
  *at = std::move(route);
  return success();
}

Result<void> delete_route(State& state, std::string const& id, std::string const& destination_text) {
  TRY(auto* table, find(state.network.route_tables, id));
  TRY(auto destination, parse_destination(destination_text));
  auto at = route_to(*table, destination);
  if (at != table->routes.end()) {
    table->routes.erase(at);
    return success();
  }
  auto* vpc = state.network.vpcs.find(table->vpc);
  if (vpc && vpc->cidr == destination)
    return invalid_parameter("cannot remove local route " + destination.text() + " in route table " + id);
  return Error{Errc::not_found,
               "no route with destination-cidr-block " + destination.text() + " in route table " + id,
               "InvalidRoute.NotFound"};
}

Result<network::TableAssociationId> associate_route_table(State& state, std::string const& table_id,
                                                          std::string const& subnet_id) {
  TRY(auto* table, find(state.network.route_tables, table_id));
  TRY(auto* subnet, find(state.network.subnets, subnet_id));
  if (subnet->vpc != table->vpc) return of_another_network(table_id, "subnet", subnet_id);
  auto serves = [&](auto const& each) { return each.serves(subnet->id); };
  if (std::ranges::any_of(state.network.route_tables, serves))
    return Error{
        Errc::conflict,
        "the specified association for route table " + table_id + " conflicts with an existing association",
        "Resource.AlreadyAssociated"};
  return table->associations.emplace_back(new_association(), subnet->id).id;
}

Result<void> disassociate_route_table(State& state, std::string const& association) {
  TRY(auto* table, table_of_association(state, association));
  network::TableAssociationId id(association);
  if (table->main == id)
    return invalid_parameter("cannot disassociate the main route table association " + association);
  std::erase_if(table->associations, [&](auto const& each) { return each.id == id; });
  return success();
}

Result<network::TableAssociationId> replace_table_association(State& state, std::string const& association,
                                                              std::string const& table_id) {
  TRY(auto* from, table_of_association(state, association));
  TRY(auto* to, find(state.network.route_tables, table_id));
  if (from->vpc != to->vpc) return of_another_network(table_id, "association", association);
  network::TableAssociationId id(association);
  if (from->main == id) {
    from->main.reset();
    return to->main.emplace(new_association());
  }
  auto at = std::ranges::find(from->associations, id, &network::TableAssociation::id);
  auto subnet = at->subnet;
  from->associations.erase(at);
  return to->associations.emplace_back(new_association(), subnet).id;
}

network::RouteTable const* table_with(State const& state, std::string const& association) {
  network::TableAssociationId id(association);
  auto has_it = [&](auto const& table) {
    return table.main == id || std::ranges::find(table.associations, id, &network::TableAssociation::id) !=
                                   table.associations.end();
  };
  auto found = std::ranges::find_if(state.network.route_tables, has_it);
  return found == state.network.route_tables.end() ? nullptr : &*found;
}

}  // namespace fumidai::networks
