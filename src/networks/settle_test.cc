#include "networks/settle.h"

#include "networks/client_tokens.h"
#include "networks/elastic_addresses.h"
#include "networks/interface_endpoints.h"
#include "networks/interfaces.h"
#include "networks/nat_gateways.h"
#include "networks/tagging.h"
#include "networks/test_state.h"

namespace fumidai::networks {
namespace {

using namespace std::chrono_literals;
using network::NatState;

struct Nats : TwoVpcs {
  std::string allocation = allocate_address(state)->text();

  network::NatGateway const* stored(std::string const& id) {
    return state.network.nat_gateways.find(network::NatGatewayId(id));
  }
  bool is_free(std::string const& id) {
    return !state.network.elastic_addresses.find(network::AllocationId(id))->interface;
  }
};

TEST(NatGateways, live_and_are_forgotten) {
  Nats setup;
  auto& state = setup.state;
  EXPECT_FALSE(next_settling(state));
  auto id = create_nat_gateway(state, {setup.subnet, setup.allocation}, at(0s))->text();
  auto interface = setup.stored(id)->interface;
  EXPECT_EQ(setup.stored(id)->state, NatState::pending);
  EXPECT_EQ(state.network.public_address(*state.network.interfaces.find(interface))->text(), "203.0.113.10");
  EXPECT_EQ(next_settling(state), at(1s));
  EXPECT_FALSE(settle(state, at(1s) - 1ms));
  EXPECT_EQ(code_of(delete_subnet(state, setup.subnet)), "DependencyViolation");
  EXPECT_EQ(code_of(delete_vpc(state, setup.vpc)), "DependencyViolation");
  EXPECT_EQ(code_of(detach_internet_gateway(state, setup.gateway, setup.vpc)), "DependencyViolation");

  EXPECT_TRUE(settle(state, at(1s)));
  EXPECT_EQ(setup.stored(id)->state, NatState::available);
  EXPECT_FALSE(next_settling(state));
  EXPECT_FALSE(settle(state, at(24h)));

  EXPECT_TRUE(delete_nat_gateway(state, id, at(10s)));
  EXPECT_TRUE(delete_nat_gateway(state, id, at(10s)));  // again: it is on its way
  EXPECT_EQ(setup.stored(id)->state, NatState::deleting);
  EXPECT_FALSE(setup.is_free(setup.allocation));
  EXPECT_TRUE(settle(state, at(11s)));
  EXPECT_EQ(setup.stored(id)->state, NatState::deleted);
  EXPECT_TRUE(setup.is_free(setup.allocation));
  EXPECT_FALSE(state.network.interfaces.find(interface));
  auto shown = address_of(state, *setup.stored(id));  // for the hour that it is shown
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->public_address->text(), "203.0.113.10");
  EXPECT_EQ(shown->allocation.text(), setup.allocation);
  EXPECT_EQ(code_of(delete_nat_gateway(state, id, at(12s))), "NatGatewayNotFound");
  EXPECT_TRUE(delete_subnet(state, setup.subnet));

  ASSERT_TRUE(put_tags(state, id, {{"Name", "way out"}}));
  EXPECT_EQ(next_settling(state), at(10s + 1h));
  EXPECT_TRUE(settle(state, at(10s + 1h)));
  EXPECT_FALSE(setup.stored(id));
  EXPECT_TRUE(state.tags_of(id).empty());
}

TEST(NatGateways, fail_when_they_cannot_work_and_give_back_what_they_took) {
  Nats setup;
  auto& state = setup.state;
  auto second = allocate_address(state)->text();
  ASSERT_TRUE(create_nat_gateway(state, {setup.subnet, setup.allocation}, at(0s)));
  struct {
    NewNatGateway wanted;
    std::string failure;
  } const cases[] = {{{setup.second_subnet, setup.allocation}, "Resource.AlreadyAssociated"},
                     {{setup.other_subnet, second}, "Gateway.NotAttached"}};
  for (auto const& [wanted, failure] : cases) {
    auto id = create_nat_gateway(state, wanted, at(0s))->text();
    auto interface = setup.stored(id)->interface;
    EXPECT_EQ(setup.stored(id)->state, NatState::pending);
    EXPECT_TRUE(settle(state, at(1s)));
    EXPECT_EQ(setup.stored(id)->state, NatState::failed);
    EXPECT_EQ(setup.stored(id)->failure, failure);
    EXPECT_NE(failure_message(*setup.stored(id)), "");
    EXPECT_FALSE(state.network.interfaces.find(interface));
    EXPECT_TRUE(delete_subnet(state, wanted.subnet));
    EXPECT_TRUE(settle(state, at(1s + 1h)));
    EXPECT_FALSE(setup.stored(id));
  }
  EXPECT_TRUE(setup.is_free(second));
  EXPECT_FALSE(setup.is_free(setup.allocation));  // the first one's, as before
}

TEST(NatGateways, a_failed_one_can_be_deleted_at_once) {
  Nats setup;
  auto& state = setup.state;
  auto id = create_nat_gateway(state, {setup.other_subnet, setup.allocation}, at(0s))->text();
  settle(state, at(1s));
  EXPECT_TRUE(delete_nat_gateway(state, id, at(2s)));
  EXPECT_EQ(setup.stored(id)->state, NatState::deleted);
}

TEST(NatGateways, a_private_one_needs_neither_address_nor_gateway) {
  Nats setup;
  auto& state = setup.state;
  auto id = create_nat_gateway(state, {setup.other_subnet, {}, false, "10.1.0.77"}, at(0s))->text();
  settle(state, at(1s));
  EXPECT_EQ(setup.stored(id)->state, NatState::available);
  EXPECT_EQ(state.network.interfaces.find(setup.stored(id)->interface)->private_address.text(), "10.1.0.77");
}

TEST(NatGateways, refuse_with_the_names_of_AWS) {
  Nats setup;
  struct {
    NewNatGateway wanted;
    std::string code;
  } const cases[] = {
      {{setup.subnet, {}}, "MissingParameter"},
      {{setup.subnet, setup.allocation, false}, "InvalidParameterCombination"},
      {{setup.subnet, "eipalloc-0123456789abcdef0"}, "InvalidAllocationID.NotFound"},
      {{"subnet-0123456789abcdef0", setup.allocation}, "InvalidSubnetID.NotFound"},
      {{"subnet", setup.allocation}, "InvalidSubnetID.Malformed"},
      {{setup.subnet, {}, false, "10.0.1.9"}, "InvalidParameterValue"},
      {{setup.subnet, {}, false, "10.0.0.3"}, "InvalidParameterValue"},
  };
  for (auto const& [wanted, code] : cases) {
    auto copy = setup.state;
    EXPECT_EQ(code_of(create_nat_gateway(copy, wanted, at(0s))), code) << wanted.subnet;
    EXPECT_EQ(copy, setup.state);
  }
  EXPECT_EQ(code_of(delete_nat_gateway(setup.state, "nat-0123456789abcdef0", at(0s))), "NatGatewayNotFound");
  EXPECT_EQ(code_of(delete_nat_gateway(setup.state, "nat", at(0s))), "NatGatewayMalformed");
}

TEST(NatGateways, have_a_limit) {
  Nats setup;
  for (int i = 0; i < 20; i++)
    ASSERT_TRUE(create_nat_gateway(setup.state, {setup.subnet, {}, false}, at(0s)));
  EXPECT_EQ(code_of(create_nat_gateway(setup.state, {setup.subnet, {}, false}, at(0s))),
            "NatGatewayLimitExceeded");
}

TEST(Settle, endpoints_live_and_are_forgotten) {
  using network::EndpointState;
  TwoVpcs setup;
  auto& state = setup.state;
  network::InterfaceEndpointId id("vpce-0123456789abcdef0");
  network::InterfaceEndpoint endpoint{id, network::VpcId(setup.vpc), "com.amazonaws.us-east-1.ssm"};
  endpoint.state = EndpointState::pending;
  endpoint.created_at = at(0s);
  state.network.endpoints.put(endpoint);
  auto interface = *make_interface(state, {network::SubnetId(setup.subnet), id});
  EXPECT_EQ(next_settling(state), at(1s));
  EXPECT_TRUE(settle(state, at(1s)));
  EXPECT_EQ(state.network.endpoints.find(id)->state, EndpointState::available);
  EXPECT_FALSE(next_settling(state));

  state.network.endpoints.find(id)->state = EndpointState::deleting;
  state.network.endpoints.find(id)->deleted_at = at(5s);
  EXPECT_FALSE(settle(state, at(5s)));
  EXPECT_TRUE(settle(state, at(6s)));
  EXPECT_EQ(state.network.endpoints.find(id)->state, EndpointState::deleted);
  EXPECT_FALSE(state.network.interfaces.find(interface));
  EXPECT_TRUE(settle(state, at(5s + 1h)));
  EXPECT_FALSE(state.network.endpoints.find(id));
}

TEST(Settle, instances_that_ended_are_forgotten_with_all_that_was_theirs) {
  TwoVpcs setup;
  auto& state = setup.state;
  InstanceId id(new_id(kInstance));
  auto interface = *make_interface(state, {network::SubnetId(setup.subnet), id});
  state.network.instances.put({id, interface, network::InstanceState::running});
  Launch launch{id, "r-1", "ami-1"};
  launch.state_since = at(0s);
  state.launches.put(launch);
  ASSERT_TRUE(put_tags(state, id.text(), {{"Name", "web"}}));
  EXPECT_FALSE(settle(state, at(240h)));
  state.network.instances.find(id)->state = network::InstanceState::terminated;
  EXPECT_EQ(next_settling(state), at(1h));
  EXPECT_FALSE(settle(state, at(1h) - 1ms));
  EXPECT_TRUE(settle(state, at(1h)));
  EXPECT_FALSE(state.network.instances.find(id));
  EXPECT_FALSE(state.network.interfaces.find(interface));
  EXPECT_FALSE(state.launches.find(id));
  EXPECT_TRUE(state.tags_of(id.text()).empty());
}

TEST(Settle, what_is_only_still_shown_has_an_end) {
  Nats setup;
  auto& state = setup.state;
  std::vector<std::string> gateways, endpoints;
  auto ended = kMostShown + 50;
  for (std::size_t i = 0; i < ended; i++) {
    auto now = at(std::chrono::seconds(3 * i));
    auto nat = create_nat_gateway(state, {setup.other_subnet, setup.allocation}, now);
    auto endpoint =
        create_endpoint(state, {setup.vpc, "com.amazonaws.us-east-1.ssm", {setup.subnet}, {}, false}, now);
    ASSERT_TRUE(nat && endpoint);
    gateways.push_back(nat->text());  // fails, as its VPC has no internet gateway
    endpoints.push_back(endpoint->text());
    ASSERT_TRUE(put_tags(state, endpoints.back(), {{"Name", "one of many"}}));
    settle(state, now + 1s);
    ASSERT_TRUE(delete_endpoint(state, endpoints.back(), now + 1s));
    settle(state, now + 2s);
  }
  EXPECT_EQ(state.network.nat_gateways.size(), kMostShown);
  EXPECT_EQ(state.network.endpoints.size(), kMostShown);
  EXPECT_EQ(state.tagged.size(), kMostShown);
  EXPECT_FALSE(setup.stored(gateways[49]));
  EXPECT_TRUE(setup.stored(gateways[50]));
  EXPECT_FALSE(state.network.endpoints.find(network::InterfaceEndpointId(endpoints[49])));
  EXPECT_TRUE(state.network.endpoints.find(network::InterfaceEndpointId(endpoints[50])));
}

TEST(Settle, too_many_that_ended_are_forgotten_at_once) {
  State state;
  for (std::size_t i = 0; i <= kMostShown; i++) {
    network::Instance instance{InstanceId(new_id(kInstance)), {}, network::InstanceState::terminated};
    Launch launch{instance.id, "r-1", "ami-1"};
    launch.state_since = at(std::chrono::seconds(i));
    state.network.instances.put(std::move(instance));
    state.launches.put(std::move(launch));
  }
  ASSERT_TRUE(next_settling(state));
  EXPECT_LE(*next_settling(state), at(0s));
  EXPECT_TRUE(settle(state, at(300s)));
  EXPECT_EQ(state.network.instances.size(), kMostShown);
  EXPECT_EQ(state.launches.size(), kMostShown);
  EXPECT_TRUE(std::ranges::none_of(state.launches, [](auto& each) { return each.state_since == at(0s); }));
  EXPECT_EQ(next_settling(state), at(1s + 1h));
}

TEST(ClientTokens, the_same_call_is_answered_with_what_it_made) {
  State state;
  TokenUse const use{"CreateNatGateway", "t", "d"};
  EXPECT_TRUE(made_before(state, use)->empty());
  remember_made(state, use, {"nat-1"}, at(0s));
  EXPECT_EQ(*made_before(state, use), std::vector<std::string>{"nat-1"});
  EXPECT_EQ(code_of(made_before(state, {"CreateNatGateway", "t", "other"})), "IdempotentParameterMismatch");
  EXPECT_TRUE(made_before(state, {"CreateRouteTable", "t", "other"})->empty());
  EXPECT_TRUE(made_before(state, {"CreateNatGateway", "u", "d"})->empty());
  EXPECT_EQ(next_settling(state), at(24h));
  EXPECT_TRUE(settle(state, at(24h)));
  EXPECT_TRUE(made_before(state, use)->empty());
}

TEST(ClientTokens, none_is_no_token_and_the_oldest_make_room) {
  State state;
  remember_made(state, {"A", "", "d"}, {"x"}, at(0s));
  EXPECT_EQ(state.client_tokens.size(), 0u);
  for (int i = 0; i <= 2000; i++) remember_made(state, {"A", std::to_string(i), "d"}, {"x"}, at(i * 1s));
  EXPECT_EQ(state.client_tokens.size(), 2000u);
  EXPECT_TRUE(made_before(state, {"A", "0", "d"})->empty());
  EXPECT_FALSE(made_before(state, {"A", "1", "d"})->empty());
}

TEST(Tagging, whatever_is_there_can_be_tagged) {
  TwoVpcs setup;
  auto& state = setup.state;
  auto& group = *state.network.security_groups.begin();
  auto allocation = allocate_address(state)->text();
  auto acl = state.network.vpcs.find(network::VpcId(setup.vpc))->acl;
  auto nat = create_nat_gateway(state, {setup.subnet, allocation}, at(0s))->text();
  struct {
    std::string id, outcome;
  } const cases[] = {
      {setup.vpc, "vpc"},
      {setup.subnet, "subnet"},
      {setup.gateway, "internet-gateway"},
      {state.network.route_tables.begin()->id.text(), "route-table"},
      {allocation, "elastic-ip"},
      {nat, "natgateway"},
      {setup.state.network.interfaces.begin()->id.text(), "network-interface"},
      {group.id.text(), "security-group"},
      {group.rules.front().id.text(), "security-group-rule"},
      {acl, "network-acl"},
      {"ami-0123456789abcdef0", "InvalidID"},
      {"hello", "InvalidID"},
      {"", "InvalidID"},
      {"vpc-0123456789abcdef0", "InvalidVpcID.NotFound"},
      {"vpc-1", "InvalidVpcID.Malformed"},
      {"i-0123456789abcdef0", "InvalidInstanceID.NotFound"},
      {"sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"},
      {"acl-0123456789abcdef0", "InvalidNetworkAclID.NotFound"},
      {"key-0123456789abcdef0", "InvalidKeyPair.NotFound"},
  };
  for (auto const& [id, outcome] : cases) {
    auto kind = taggable(state, id);
    EXPECT_EQ(kind ? std::string((*kind)->type) : code_of(kind), outcome) << id;
  }
}

}  // namespace
}  // namespace fumidai::networks
