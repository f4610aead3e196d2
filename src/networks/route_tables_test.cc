#include "networks/route_tables.h"

#include "networks/elastic_addresses.h"
#include "networks/nat_gateways.h"
#include "networks/test_state.h"

namespace fumidai::networks {
namespace {

struct Routes : TwoVpcs {
  std::string table = create_route_table(state, vpc)->text();
  std::string other_table = create_route_table(state, other_vpc)->text();
  std::string nat = make_nat();

  std::string make_nat() {
    auto allocation = allocate_address(state)->text();
    return create_nat_gateway(state, {subnet, allocation}, at({}))->text();
  }
  network::RouteTable const& stored(std::string const& id) {
    return *state.network.route_tables.find(network::RouteTableId(id));
  }
  std::string main_table() {
    return state.network.table_of(*state.network.subnets.find(network::SubnetId(second_subnet)))->id.text();
  }
  std::string main_association() { return stored(main_table()).main->text(); }
};

TEST(RouteTables, routes_lead_to_internet_gateways_and_nat_gateways) {
  Routes setup;
  auto& state = setup.state;
  EXPECT_TRUE(create_route(state, {setup.table, "0.0.0.0/0", {setup.gateway}}));
  EXPECT_TRUE(create_route(state, {setup.table, "198.51.100.7/24", {setup.nat}}));
  EXPECT_TRUE(create_route(state, {setup.table, "10.0.0.0/8", {setup.nat}}));  // the local one goes before it
  ASSERT_EQ(setup.stored(setup.table).routes.size(), 3u);
  EXPECT_EQ(setup.stored(setup.table).routes[1].destination.text(), "198.51.100.0/24");
  EXPECT_TRUE(replace_route(state, {setup.table, "0.0.0.0/0", {setup.nat}}));
  EXPECT_EQ(text_of(setup.stored(setup.table).routes[0].target), setup.nat);
  EXPECT_TRUE(delete_route(state, setup.table, "0.0.0.0/0"));
  EXPECT_EQ(setup.stored(setup.table).routes.size(), 2u);
}

TEST(RouteTables, refuse_routes_with_the_names_of_AWS) {
  Routes setup;
  auto& state = setup.state;
  state.network.endpoints.put({network::InterfaceEndpointId("vpce-0123456789abcdef0"),
                               network::VpcId(setup.vpc), "com.amazonaws.us-east-1.ssm"});
  state.network.instances.put({InstanceId("i-0123456789abcdef1"), {}, network::InstanceState::terminated});
  auto loose = create_internet_gateway(state)->text();
  ASSERT_TRUE(create_route(state, {setup.table, "192.0.2.0/24", {setup.gateway}}));
  struct {
    NewRoute route;
    std::string create, replace;
  } const cases[] = {
      {{setup.table, "192.0.2.0/24", {setup.gateway}}, "RouteAlreadyExists", ""},
      {{setup.table, "192.0.2.9/24", {setup.nat}}, "RouteAlreadyExists", ""},
      {{setup.table, "0.0.0.0/0", {}}, "MissingParameter", "MissingParameter"},
      {{setup.table, "0.0.0.0/0", {setup.gateway, setup.nat}},
       "InvalidParameterCombination",
       "InvalidParameterCombination"},
      {{setup.table, "0.0.0.0/0", {loose}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.other_table, "0.0.0.0/0", {setup.gateway}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.other_table, "0.0.0.0/0", {setup.nat}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "0.0.0.0/0", {"igw-0123456789abcdef0"}},
       "InvalidGatewayID.NotFound",
       "InvalidGatewayID.NotFound"},
      {{setup.table, "0.0.0.0/0", {"nat-0123456789abcdef0"}},
       "InvalidNatGatewayID.NotFound",
       "InvalidNatGatewayID.NotFound"},
      {{setup.table, "0.0.0.0/0", {"vpce-0123456789abcdef0"}}, "RouteNotSupported", "RouteNotSupported"},
      {{setup.table, "0.0.0.0/0", {"vpce-0123456789abcdef1"}},
       "InvalidVpcEndpointId.NotFound",
       "InvalidVpcEndpointId.NotFound"},
      {{setup.table, "0.0.0.0/0", {"i-0123456789abcdef0"}},
       "InvalidInstanceID.NotFound",
       "InvalidInstanceID.NotFound"},
      {{setup.table, "0.0.0.0/0", {"i-0123456789abcdef1"}},
       "IncorrectInstanceState",
       "IncorrectInstanceState"},
      {{setup.table, "0.0.0.0/0", {"eni-0123456789abcdef0"}},
       "InvalidNetworkInterfaceID.NotFound",
       "InvalidNetworkInterfaceID.NotFound"},
      {{setup.table, "0.0.0.0/0", {"tgw-0123456789abcdef0"}},
       "InvalidParameterValue",
       "InvalidParameterValue"},
      {{setup.table, "0.0.0.0/0", {"local"}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "10.0.0.0/16", {setup.gateway}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "10.0.7.0/24", {setup.gateway}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "everywhere", {setup.gateway}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "::/0", {setup.gateway}}, "InvalidParameterValue", "InvalidParameterValue"},
      {{setup.table, "0.0.0.0/0", {setup.gateway}}, "", "InvalidParameterValue"},
      {{"rtb-0123456789abcdef0", "0.0.0.0/0", {setup.gateway}},
       "InvalidRouteTableID.NotFound",
       "InvalidRouteTableID.NotFound"},
      {{"rtb", "0.0.0.0/0", {setup.gateway}},
       "InvalidRouteTableId.Malformed",
       "InvalidRouteTableId.Malformed"},
  };
  for (auto const& [route, create, replace] : cases) {
    auto one = state, two = state;
    EXPECT_EQ(code_of(create_route(one, route)), create) << route.destination;
    EXPECT_EQ(code_of(replace_route(two, route)), replace) << route.destination;
  }
  auto missing = delete_route(state, setup.table, "0.0.0.0/0");
  EXPECT_EQ(code_of(missing), "InvalidRoute.NotFound");
  EXPECT_EQ(missing.error().detail,
            "no route with destination-cidr-block 0.0.0.0/0 in route table " + setup.table);
  EXPECT_EQ(code_of(delete_route(state, setup.table, "10.0.0.0/16")), "InvalidParameterValue");
}

TEST(RouteTables, a_nat_gateway_that_goes_makes_no_new_routes) {
  Routes setup;
  auto& state = setup.state;
  ASSERT_TRUE(create_route(state, {setup.table, "0.0.0.0/0", {setup.nat}}));
  ASSERT_TRUE(delete_nat_gateway(state, setup.nat, at({})));
  EXPECT_EQ(code_of(create_route(state, {setup.table, "192.0.2.0/24", {setup.nat}})),
            "InvalidNatGatewayID.NotFound");
  EXPECT_TRUE(state.network.is_blackhole(setup.stored(setup.table), setup.stored(setup.table).routes[0]));
}

TEST(RouteTables, serve_subnets) {
  Routes setup;
  auto& state = setup.state;
  auto association = associate_route_table(state, setup.table, setup.subnet);
  ASSERT_TRUE(association);
  EXPECT_TRUE(setup.stored(setup.table).serves(network::SubnetId(setup.subnet)));
  EXPECT_EQ(table_with(state, association->text()), &setup.stored(setup.table));
  EXPECT_EQ(code_of(delete_route_table(state, setup.table)), "DependencyViolation");
  EXPECT_EQ(code_of(associate_route_table(state, setup.table, setup.subnet)), "Resource.AlreadyAssociated");
  EXPECT_EQ(code_of(associate_route_table(state, setup.main_table(), setup.subnet)),
            "Resource.AlreadyAssociated");
  EXPECT_EQ(code_of(associate_route_table(state, setup.table, setup.other_subnet)), "InvalidParameterValue");
  EXPECT_TRUE(disassociate_route_table(state, association->text()));
  EXPECT_EQ(code_of(disassociate_route_table(state, association->text())), "InvalidAssociationID.NotFound");
  EXPECT_EQ(code_of(disassociate_route_table(state, setup.main_association())), "InvalidParameterValue");
  EXPECT_TRUE(delete_route_table(state, setup.table));
  EXPECT_EQ(code_of(delete_route_table(state, setup.main_table())), "DependencyViolation");
}

TEST(RouteTables, a_subnet_gets_another_table) {
  Routes setup;
  auto& state = setup.state;
  auto first = *associate_route_table(state, setup.table, setup.subnet);
  auto second = create_route_table(state, setup.vpc)->text();
  EXPECT_EQ(code_of(replace_table_association(state, first.text(), setup.other_table)),
            "InvalidParameterValue");
  EXPECT_EQ(code_of(replace_table_association(state, "rtbassoc-0123456789abcdef0", second)),
            "InvalidAssociationID.NotFound");
  auto next = replace_table_association(state, first.text(), second);
  ASSERT_TRUE(next);
  EXPECT_NE(*next, first);
  EXPECT_FALSE(setup.stored(setup.table).serves(network::SubnetId(setup.subnet)));
  EXPECT_TRUE(setup.stored(second).serves(network::SubnetId(setup.subnet)));
  EXPECT_TRUE(replace_table_association(state, next->text(), second));  // by itself
  EXPECT_EQ(setup.stored(second).associations.size(), 1u);
}

TEST(RouteTables, a_vpc_gets_another_main_table) {
  Routes setup;
  auto& state = setup.state;
  auto old = setup.main_table();
  auto next = replace_table_association(state, setup.main_association(), setup.table);
  ASSERT_TRUE(next);
  EXPECT_EQ(setup.main_table(), setup.table);
  EXPECT_EQ(setup.main_association(), next->text());
  EXPECT_EQ(code_of(delete_route_table(state, setup.table)), "DependencyViolation");
  EXPECT_TRUE(delete_route_table(state, old));
  EXPECT_TRUE(replace_table_association(state, next->text(), setup.table));  // by itself
  EXPECT_EQ(setup.main_table(), setup.table);
}

TEST(RouteTables, have_limits) {
  Routes setup;
  auto& state = setup.state;
  while (setup.stored(setup.table).routes.size() < 100) {
    auto number = setup.stored(setup.table).routes.size();
    ASSERT_TRUE(
        create_route(state, {setup.table, "198.51." + std::to_string(number) + ".0/24", {setup.gateway}}));
  }
  EXPECT_EQ(code_of(create_route(state, {setup.table, "0.0.0.0/0", {setup.gateway}})), "RouteLimitExceeded");
  for (int i = 0; i < 198; i++) ASSERT_TRUE(create_route_table(state, setup.vpc));  // and two that were there
  EXPECT_EQ(code_of(create_route_table(state, setup.vpc)), "RouteTableLimitExceeded");
  EXPECT_TRUE(create_route_table(state, setup.other_vpc));
}

}  // namespace
}  // namespace fumidai::networks
