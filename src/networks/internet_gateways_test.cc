#include "networks/internet_gateways.h"

#include "networks/elastic_addresses.h"
#include "networks/interfaces.h"
#include "networks/test_state.h"

namespace fumidai::networks {
namespace {

TEST(InternetGateways, are_attached_detached_and_deleted) {
  TwoVpcs setup;
  auto& state = setup.state;
  EXPECT_EQ(state.network.gateway_of(network::VpcId(setup.vpc))->id.text(), setup.gateway);
  EXPECT_EQ(code_of(delete_internet_gateway(state, setup.gateway)), "DependencyViolation");
  EXPECT_EQ(code_of(delete_vpc(state, setup.vpc)), "DependencyViolation");
  EXPECT_TRUE(detach_internet_gateway(state, setup.gateway, setup.vpc));
  EXPECT_TRUE(put_tags(state, setup.gateway, {{"a", "b"}}));
  EXPECT_TRUE(delete_internet_gateway(state, setup.gateway));
  EXPECT_TRUE(state.tags_of(setup.gateway).empty());
  EXPECT_EQ(code_of(delete_internet_gateway(state, setup.gateway)), "InvalidInternetGatewayID.NotFound");
}

TEST(InternetGateways, refuse_with_the_names_of_AWS) {
  TwoVpcs setup;
  auto& state = setup.state;
  auto second = create_internet_gateway(state)->text();
  struct {
    std::string gateway, vpc;
    std::string attach, detach;
  } const cases[] = {
      {setup.gateway, setup.vpc, "Resource.AlreadyAssociated", ""},
      {setup.gateway, setup.other_vpc, "Resource.AlreadyAssociated", "Gateway.NotAttached"},
      {second, setup.vpc, "InvalidParameterValue", "Gateway.NotAttached"},
      {second, "vpc-0123456789abcdef0", "InvalidVpcID.NotFound", "InvalidVpcID.NotFound"},
      {second, "vpc-1", "InvalidVpcID.Malformed", "InvalidVpcID.Malformed"},
      {"igw-0123456789abcdef0", setup.vpc, "InvalidInternetGatewayID.NotFound",
       "InvalidInternetGatewayID.NotFound"},
      {"igw-x", setup.vpc, "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayId.Malformed"},
  };
  for (auto const& [gateway, vpc, attach, detach] : cases) {
    auto one = state, two = state;
    EXPECT_EQ(code_of(attach_internet_gateway(one, gateway, vpc)), attach) << gateway << " " << vpc;
    EXPECT_EQ(code_of(detach_internet_gateway(two, gateway, vpc)), detach) << gateway << " " << vpc;
  }
}

TEST(InternetGateways, stay_while_something_behind_them_has_a_public_address) {
  TwoVpcs setup;
  auto& state = setup.state;
  auto interface = *make_interface(state, {network::SubnetId(setup.subnet), InstanceId("i-1")});
  state.network.interfaces.find(interface)->auto_public_address = *take_public_address(state);
  EXPECT_EQ(code_of(detach_internet_gateway(state, setup.gateway, setup.vpc)), "DependencyViolation");
  state.network.interfaces.find(interface)->auto_public_address.reset();
  EXPECT_TRUE(detach_internet_gateway(state, setup.gateway, setup.vpc));
}

TEST(InternetGateways, have_a_limit) {
  State state;
  for (int i = 0; i < 100; i++) EXPECT_TRUE(create_internet_gateway(state));
  EXPECT_EQ(code_of(create_internet_gateway(state)), "InternetGatewayLimitExceeded");
}

}  // namespace
}  // namespace fumidai::networks
