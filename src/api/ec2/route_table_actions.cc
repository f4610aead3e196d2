// Route tables: CreateRouteTable, DescribeRouteTables, DeleteRouteTable, CreateRoute, ReplaceRoute,
// DeleteRoute, AssociateRouteTable, DisassociateRouteTable, ReplaceRouteTableAssociation.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/client_tokens.h"
#include "networks/route_tables.h"

namespace fumidai::api::ec2 {

namespace {

struct RouteDescription {
  std::string destination_cidr_block;
  std::optional<std::string> gateway_id, nat_gateway_id, instance_id, instance_owner_id, network_interface_id;
  std::string origin = "CreateRoute", state = "active";
};
BOOST_DESCRIBE_STRUCT(RouteDescription, (),
                      (destination_cidr_block, gateway_id, nat_gateway_id, instance_id, instance_owner_id,
                       network_interface_id, origin, state))

struct AssociationState {
  std::string state = "associated";
};
BOOST_DESCRIBE_STRUCT(AssociationState, (), (state))

struct RouteTableAssociationDescription {
  std::string route_table_association_id, route_table_id;
  std::optional<std::string> subnet_id;
  bool main = false;
  AssociationState association_state;
};
BOOST_DESCRIBE_STRUCT(RouteTableAssociationDescription, (),
                      (route_table_association_id, route_table_id, subnet_id, main, association_state))

struct PropagatingGateway {};
BOOST_DESCRIBE_STRUCT(PropagatingGateway, (), ())

struct RouteTableDescription {
  std::string route_table_id, vpc_id, owner_id;
  std::vector<RouteDescription> route_set;
  std::vector<RouteTableAssociationDescription> association_set;
  std::vector<PropagatingGateway> propagating_vgw_set;  // none: routes of private networks are not learned
  std::vector<Tag> tag_set;
  static constexpr auto kId = &RouteTableDescription::route_table_id;
};
BOOST_DESCRIBE_STRUCT(RouteTableDescription, (),
                      (route_table_id, vpc_id, owner_id, route_set, association_set, propagating_vgw_set,
                       tag_set))

template <auto member>
Texts of_routes(RouteTableDescription const& table) {
  return texts_of(table.route_set, member);
}

template <auto member>
Texts of_associations(RouteTableDescription const& table) {
  return texts_of(table.association_set, member);
}

std::vector<FilterKey<RouteTableDescription>> filter_keys(RouteTableDescription const*) {
  return {{"route-table-id", [](auto const& table) { return Texts{table.route_table_id}; }},
          {"vpc-id", [](auto const& table) { return Texts{table.vpc_id}; }},
          {"owner-id", [](auto const& table) { return Texts{table.owner_id}; }},
          {"route.destination-cidr-block", of_routes<&RouteDescription::destination_cidr_block>},
          {"route.gateway-id", of_routes<&RouteDescription::gateway_id>},
          {"route.nat-gateway-id", of_routes<&RouteDescription::nat_gateway_id>},
          {"route.instance-id", of_routes<&RouteDescription::instance_id>},
          {"route.network-interface-id", of_routes<&RouteDescription::network_interface_id>},
          {"route.origin", of_routes<&RouteDescription::origin>},
          {"route.state", of_routes<&RouteDescription::state>},
          {"association.main", of_associations<&RouteTableAssociationDescription::main>},
          {"association.subnet-id", of_associations<&RouteTableAssociationDescription::subnet_id>},
          {"association.route-table-id", of_associations<&RouteTableAssociationDescription::route_table_id>},
          {"association.route-table-association-id",
           of_associations<&RouteTableAssociationDescription::route_table_association_id>}};
}

RouteDescription describe(State const& state, std::string const& account, network::RouteTable const& table,
                          network::Route const& route) {
  RouteDescription description;
  description.destination_cidr_block = route.destination.text();
  auto target = network::text_of(route.target);
  if (auto* interface = std::get_if<network::InterfaceId>(&route.target)) {
    description.network_interface_id = target;
    if (auto* instance = state.network.instance_at(*interface)) {
      description.instance_id = instance->id.text();
      description.instance_owner_id = account;
    }
  } else {
    bool is_nat = std::holds_alternative<network::NatGatewayId>(route.target);
    (is_nat ? description.nat_gateway_id : description.gateway_id) = std::move(target);
  }
  if (std::holds_alternative<network::Local>(route.target)) description.origin = "CreateRouteTable";
  if (state.network.is_blackhole(table, route)) description.state = "blackhole";
  return description;
}

std::vector<RouteTableAssociationDescription> describe_associations(network::RouteTable const& table) {
  std::vector<RouteTableAssociationDescription> descriptions;
  if (table.main) descriptions.push_back({table.main->text(), table.id.text(), {}, true, {}});
  for (auto const& [id, subnet] : table.associations)
    descriptions.push_back({id.text(), table.id.text(), subnet.text(), false, {}});
  return descriptions;
}

RouteTableDescription describe(State const& state, Call const& call, network::RouteTable const& table) {
  RouteTableDescription description;
  description.route_table_id = table.id.text();
  description.vpc_id = table.vpc.text();
  description.owner_id = call.plane.deployment.region.account;
  if (auto* vpc = state.network.vpcs.find(table.vpc))
    description.route_set.push_back(
        describe(state, description.owner_id, table, {vpc->cidr, network::Local()}));
  for (auto const& route : table.routes)
    description.route_set.push_back(describe(state, description.owner_id, table, route));
  description.association_set = describe_associations(table);
  description.tag_set = tags_of(state, table.id.text());
  return description;
}

struct CreateRouteTableRequest {
  std::string vpc_id, client_token;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required}, {"client_token", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateRouteTableRequest, (), (vpc_id, client_token, tag_specification))

struct CreateRouteTableResponse {
  RouteTableDescription route_table;
  std::string client_token;
};
BOOST_DESCRIBE_STRUCT(CreateRouteTableResponse, (), (route_table, client_token))

struct DescribeRouteTablesRequest {
  std::vector<std::string> route_table_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRouteTablesRequest, (), (route_table_id, filter, max_results, next_token))

struct DescribeRouteTablesResponse {
  std::vector<RouteTableDescription> route_table_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRouteTablesResponse, (), (route_table_set, next_token))

struct DeleteRouteTableRequest {
  std::string route_table_id;
  static constexpr wire::Limit kLimits[] = {{"route_table_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteRouteTableRequest, (), (route_table_id))

// Of CreateRoute and ReplaceRoute: all targets that AWS knows, so that none is passed over in silence.
struct RouteRequest {
  std::string route_table_id, destination_cidr_block;
  std::string gateway_id, nat_gateway_id, instance_id, network_interface_id, vpc_endpoint_id,
      transit_gateway_id, vpc_peering_connection_id, egress_only_internet_gateway_id, local_gateway_id,
      carrier_gateway_id, core_network_arn, odb_network_arn;
  bool local_target = false;
  static constexpr wire::Limit kLimits[] = {{"route_table_id", 1, 64, wire::required},
                                            {"destination_cidr_block", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(RouteRequest, (),
                      (route_table_id, destination_cidr_block, gateway_id, nat_gateway_id, instance_id,
                       network_interface_id, vpc_endpoint_id, transit_gateway_id, vpc_peering_connection_id,
                       egress_only_internet_gateway_id, local_gateway_id, carrier_gateway_id,
                       core_network_arn, odb_network_arn, local_target))

struct DeleteRouteRequest {
  std::string route_table_id, destination_cidr_block;
  static constexpr wire::Limit kLimits[] = {{"route_table_id", 1, 64, wire::required},
                                            {"destination_cidr_block", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteRouteRequest, (), (route_table_id, destination_cidr_block))

struct AssociateRouteTableRequest {
  std::string route_table_id, subnet_id, gateway_id;
  static constexpr wire::Limit kLimits[] = {
      {"route_table_id", 1, 64, wire::required}, {"subnet_id", 1, 64}, {"gateway_id", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(AssociateRouteTableRequest, (), (route_table_id, subnet_id, gateway_id))

struct AssociateRouteTableResponse {
  std::string association_id;
  AssociationState association_state;
};
BOOST_DESCRIBE_STRUCT(AssociateRouteTableResponse, (), (association_id, association_state))

struct DisassociateRouteTableRequest {
  std::string association_id;
  static constexpr wire::Limit kLimits[] = {{"association_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DisassociateRouteTableRequest, (), (association_id))

struct ReplaceRouteTableAssociationRequest {
  std::string association_id, route_table_id;
  static constexpr wire::Limit kLimits[] = {{"association_id", 1, 64, wire::required},
                                            {"route_table_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ReplaceRouteTableAssociationRequest, (), (association_id, route_table_id))

struct ReplaceRouteTableAssociationResponse {
  std::string new_association_id;
  AssociationState association_state;
};
BOOST_DESCRIBE_STRUCT(ReplaceRouteTableAssociationResponse, (), (new_association_id, association_state))

Result<void> new_table(store::Transaction&, Call const& call, CreateRouteTableRequest const& request,
                       sessions::Ask& ask) {
  tell_new(call, networks::kRouteTable, request.tag_specification, ask);
  tell_named(call, request.vpc_id, ask);
  return success();
}

// An association is its table's, and its subnet's.
Result<void> tell_association(store::Transaction& transaction, Call const& call,
                              std::string const& association, sessions::Ask& ask) {
  TRY(auto state, call.plane.networks.read(transaction));
  ask.resources = {arn_of(call, networks::kRouteTable, "*")};
  auto* table = networks::table_with(*state, association);
  if (!table) return success();
  ask.resources = {arn_of(call, table->id.text())};
  for (auto const& [id, subnet] : table->associations) {
    if (id.text() == association) tell_named(call, subnet.text(), ask);
  }
  return success();
}

Result<void> about_association(store::Transaction& transaction, Call const& call,
                               DisassociateRouteTableRequest const& request, sessions::Ask& ask) {
  return tell_association(transaction, call, request.association_id, ask);
}

Result<void> about_replacement(store::Transaction& transaction, Call const& call,
                               ReplaceRouteTableAssociationRequest const& request, sessions::Ask& ask) {
  CHECK(tell_association(transaction, call, request.association_id, ask));
  tell_named(call, request.route_table_id, ask);
  return success();
}

// Makes one, or finds what the same call made before.
Result<std::string> make_table(State& state, Call const& call, CreateRouteTableRequest const& request) {
  networks::TokenUse use{"CreateRouteTable", request.client_token, digest_of(call)};
  TRY(auto made, networks::made_before(state, use));
  if (!made.empty()) return made.front();
  TRY(auto tags, tags_for(request.tag_specification, networks::kRouteTable));
  TRY(auto id, networks::create_route_table(state, request.vpc_id));
  CHECK(networks::put_tags(state, id.text(), tags));
  networks::remember_made(state, use, {id.text()}, call.plane.clock.now());
  return id.text();
}

Result<CreateRouteTableResponse> create_route_table(State& state, Call const& call,
                                                    CreateRouteTableRequest const& request) {
  TRY(auto id, make_table(state, call, request));
  TRY(auto* table, networks::find(state.network.route_tables, id));
  return CreateRouteTableResponse{describe(state, call, *table), request.client_token};
}

Result<DescribeRouteTablesResponse> describe_route_tables(State const& state, Call const& call,
                                                          DescribeRouteTablesRequest const& request) {
  std::vector<RouteTableDescription> all;
  for (auto const& table : state.network.route_tables) all.push_back(describe(state, call, table));
  return list_of<DescribeRouteTablesResponse>(call, request, networks::kRouteTable, request.route_table_id,
                                              std::move(all));
}

Result<Done> delete_route_table(State& state, Call const&, DeleteRouteTableRequest const& request) {
  CHECK(networks::delete_route_table(state, request.route_table_id));
  return Done{};
}

networks::NewRoute route_of(RouteRequest const& request) {
  networks::NewRoute route{request.route_table_id, request.destination_cidr_block, {}};
  for (auto const* target :
       {&request.gateway_id, &request.nat_gateway_id, &request.instance_id, &request.network_interface_id,
        &request.vpc_endpoint_id, &request.transit_gateway_id, &request.vpc_peering_connection_id,
        &request.egress_only_internet_gateway_id, &request.local_gateway_id, &request.carrier_gateway_id,
        &request.core_network_arn, &request.odb_network_arn}) {
    if (!target->empty()) route.targets.push_back(*target);
  }
  if (request.local_target) route.targets.push_back("local");
  return route;
}

Result<Done> create_route(State& state, Call const&, RouteRequest const& request) {
  CHECK(networks::create_route(state, route_of(request)));
  return Done{};
}

Result<Done> replace_route(State& state, Call const&, RouteRequest const& request) {
  CHECK(networks::replace_route(state, route_of(request)));
  return Done{};
}

Result<Done> delete_route(State& state, Call const&, DeleteRouteRequest const& request) {
  CHECK(networks::delete_route(state, request.route_table_id, request.destination_cidr_block));
  return Done{};
}

Result<AssociateRouteTableResponse> associate_route_table(State& state, Call const&,
                                                          AssociateRouteTableRequest const& request) {
  if (!request.gateway_id.empty())
    return Error{Errc::unsupported,
                 "Route tables of gateways (GatewayId) are not supported: what comes in through a gateway "
                 "takes the local route. Name a subnet: SubnetId",
                 "UnsupportedOperation"};
  if (request.subnet_id.empty())
    return Error{Errc::invalid, "The request must contain the parameter SubnetId", "MissingParameter"};
  TRY(auto id, networks::associate_route_table(state, request.route_table_id, request.subnet_id));
  return AssociateRouteTableResponse{id.text(), {}};
}

Result<Done> disassociate_route_table(State& state, Call const&,
                                      DisassociateRouteTableRequest const& request) {
  CHECK(networks::disassociate_route_table(state, request.association_id));
  return Done{};
}

Result<ReplaceRouteTableAssociationResponse> replace_association(
    State& state, Call const&, ReplaceRouteTableAssociationRequest const& request) {
  TRY(auto id, networks::replace_table_association(state, request.association_id, request.route_table_id));
  return ReplaceRouteTableAssociationResponse{id.text(), {}};
}

}  // namespace

std::vector<Action> route_table_actions() {
  return {
      changes(kEc2, "CreateRouteTable", on_state<create_route_table>, new_table),
      looks(kEc2, "DescribeRouteTables", on_state<describe_route_tables>),
      changes(kEc2, "DeleteRouteTable", on_state<delete_route_table>,
              about<&DeleteRouteTableRequest::route_table_id>),
      changes(kEc2, "CreateRoute", on_state<create_route>, about<&RouteRequest::route_table_id>),
      changes(kEc2, "ReplaceRoute", on_state<replace_route>, about<&RouteRequest::route_table_id>),
      changes(kEc2, "DeleteRoute", on_state<delete_route>, about<&DeleteRouteRequest::route_table_id>),
      changes(kEc2, "AssociateRouteTable", on_state<associate_route_table>,
              about<&AssociateRouteTableRequest::route_table_id, &AssociateRouteTableRequest::subnet_id>),
      changes(kEc2, "DisassociateRouteTable", on_state<disassociate_route_table>, about_association),
      changes(kEc2, "ReplaceRouteTableAssociation", on_state<replace_association>, about_replacement),
  };
}

}  // namespace fumidai::api::ec2
