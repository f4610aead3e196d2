#include "networks/vpcs.h"

#include "networks/interfaces.h"
#include "networks/route_tables.h"
#include "networks/test_state.h"

namespace fumidai::networks {
namespace {

TEST(Vpcs, refuse_with_the_names_of_AWS) {
  struct {
    std::string block, code;
  } const cases[] = {
      {"10.0.0.5/16", ""},
      {"10.0.0.0/28", ""},
      {"10.0.0.0/15", "InvalidVpc.Range"},
      {"10.0.0.0/29", "InvalidVpc.Range"},
      {"224.0.0.0/16", "InvalidVpc.Range"},  // of nobody
      {"127.0.0.0/16", "InvalidVpc.Range"},
      {"169.254.0.0/24", "InvalidVpc.Range"},
      {"0.1.0.0/16", "InvalidVpc.Range"},
      {"10.0.0.0", "InvalidParameterValue"},
      {"hello", "InvalidParameterValue"},
      {"fd00::/64", "InvalidParameterValue"},
  };
  for (auto const& [block, code] : cases) {
    State state;
    EXPECT_EQ(code_of(create_vpc(state, block)), code) << block;
  }
}

TEST(Subnets, refuse_with_the_names_of_AWS) {
  TwoVpcs setup;
  struct {
    NewSubnet subnet;
    std::string code;
  } const cases[] = {
      {{setup.vpc, "10.0.2.0/24", "us-east-1b"}, ""},
      {{setup.vpc, "10.0.2.0/24", "us-west-1b"}, "InvalidParameterValue"},
      {{setup.vpc, "10.0.0.128/25", {}}, "InvalidSubnet.Conflict"},
      {{setup.vpc, "10.1.0.0/24", {}}, "InvalidSubnet.Range"},
      {{setup.vpc, "10.0.2.0/29", {}}, "InvalidSubnet.Range"},
      {{setup.vpc, "hello", {}}, "InvalidParameterValue"},
      {{"vpc-0123456789abcdef0", "10.0.2.0/24", {}}, "InvalidVpcID.NotFound"},
  };
  for (auto const& [subnet, code] : cases) {
    auto copy = setup.state;
    EXPECT_EQ(code_of(create_subnet(copy, subnet)), code) << subnet.cidr_block;
  }
}

TEST(Subnets, have_a_limit_in_each_vpc) {
  TwoVpcs setup;
  auto block = [](int number) {
    return "10.0." + std::to_string(16 + number / 16) + "." + std::to_string(number % 16 * 16) + "/28";
  };
  for (int i = 0; i < 198; i++) ASSERT_TRUE(create_subnet(setup.state, {setup.vpc, block(i), {}}));
  EXPECT_EQ(code_of(create_subnet(setup.state, {setup.vpc, block(198), {}})), "SubnetLimitExceeded");
  EXPECT_TRUE(create_subnet(setup.state, {setup.other_vpc, "10.1.1.0/24", {}}));
  EXPECT_TRUE(delete_subnet(setup.state, setup.second_subnet));
  EXPECT_TRUE(create_subnet(setup.state, {setup.vpc, block(198), {}}));
}

TEST(Vpcs, go_when_what_is_in_them_is_gone) {
  TwoVpcs setup;
  auto& state = setup.state;
  auto table = create_route_table(state, setup.other_vpc)->text();
  auto expect_stays = [&] { EXPECT_EQ(code_of(delete_vpc(state, setup.other_vpc)), "DependencyViolation"); };
  expect_stays();
  EXPECT_TRUE(delete_subnet(state, setup.other_subnet));
  expect_stays();
  EXPECT_TRUE(delete_route_table(state, table));
  ASSERT_TRUE(attach_internet_gateway(state, create_internet_gateway(state)->text(), setup.other_vpc));
  expect_stays();
  auto gateway = state.network.gateway_of(network::VpcId(setup.other_vpc))->id.text();
  EXPECT_TRUE(detach_internet_gateway(state, gateway, setup.other_vpc));
  EXPECT_TRUE(delete_vpc(state, setup.other_vpc));
  EXPECT_EQ(state.network.route_tables.size(), 1u);  // the other VPC's main one
  EXPECT_EQ(state.network.security_groups.size(), 1u);
}

TEST(Vpcs, leave_no_tags_of_what_goes_with_them) {
  State state;
  auto vpc = create_vpc(state, "10.0.0.0/16")->text();
  auto const& group = *state.network.security_groups.begin();
  std::vector<std::string> parts{vpc, group.id.text(), state.network.route_tables.begin()->id.text()};
  for (auto const& rule : group.rules) parts.push_back(rule.id.text());
  for (auto const& part : parts) ASSERT_TRUE(put_tags(state, part, {{"team", "a"}}));
  ASSERT_TRUE(delete_vpc(state, vpc));
  for (auto const& part : parts) EXPECT_TRUE(state.tags_of(part).empty()) << part;
}

TEST(Interfaces, take_addresses_and_give_them_back) {
  TwoVpcs setup;
  auto& state = setup.state;
  auto& subnet = *state.network.subnets.find(network::SubnetId(setup.subnet));
  EXPECT_EQ(free_addresses(state, subnet), 251);
  auto id = make_interface(state, {subnet.id, InstanceId("i-1")});
  ASSERT_TRUE(id);
  auto const& interface = *state.network.interfaces.find(*id);
  EXPECT_EQ(interface.private_address.text(), "10.0.0.4");
  EXPECT_TRUE(interface.attachment.starts_with("eni-attach-"));
  EXPECT_EQ(free_addresses(state, subnet), 250);
  EXPECT_EQ(code_of(make_interface(state, {subnet.id, {}, {}, {}, "10.0.0.4"})), "InvalidIPAddress.InUse");
  EXPECT_EQ(code_of(make_interface(state, {subnet.id, {}, {}, {}, "10.0.0.255"})), "InvalidParameterValue");
  drop_interface(state, *id);
  EXPECT_EQ(free_addresses(state, subnet), 251);
  EXPECT_TRUE(delete_subnet(state, setup.subnet));
}

TEST(Interfaces, have_names_and_a_mac_address) {
  auto address = *Address::parse("10.0.1.5");
  EXPECT_EQ(private_name("us-east-1", address), "ip-10-0-1-5.ec2.internal");
  EXPECT_EQ(private_name("eu-west-1", address), "ip-10-0-1-5.eu-west-1.compute.internal");
  EXPECT_EQ(public_name("us-east-1", address), "ec2-10-0-1-5.compute-1.amazonaws.com");
  EXPECT_EQ(public_name("eu-west-1", address), "ec2-10-0-1-5.eu-west-1.compute.amazonaws.com");
  auto mac = network::mac_address(network::InterfaceId("eni-1"));
  EXPECT_EQ(mac.size(), 17u);
  EXPECT_TRUE(mac.starts_with("02:"));
  EXPECT_EQ(mac, network::mac_address(network::InterfaceId("eni-1")));
  EXPECT_NE(mac, network::mac_address(network::InterfaceId("eni-2")));
}

}  // namespace
}  // namespace fumidai::networks
