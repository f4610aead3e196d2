#include "networks/interface_endpoints.h"

#include "networks/elastic_addresses.h"
#include "networks/internet_gateways.h"
#include "networks/security_groups.h"
#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

using network::EndpointState;

class InterfaceEndpoints : public RegionTest {
 protected:
  InterfaceEndpoints() {
    EXPECT_TRUE(modify_vpc(state, vpc, {{}, true}));
    group = create_security_group(state, {vpc, "vpce", "endpoints"})->text();
    far = create_security_group(state, {other_vpc, "vpce", "endpoints"})->text();
  }

  network::InterfaceEndpoint const& endpoint(std::string const& id) const {
    return *state.network.endpoints.find(network::InterfaceEndpointId(id));
  }
  std::vector<network::NetworkInterface const*> interfaces(std::string const& id) const {
    return state.network.interfaces_of(network::InterfaceEndpointId(id));
  }
  std::string made(NewEndpoint const& wanted) {
    auto id = create_endpoint(state, wanted, kTestTime);
    EXPECT_TRUE(id) << id.error().detail;
    return id ? id->text() : "";
  }

  std::string group, far;
  std::string const ssm = "com.amazonaws.us-east-1.ssm", messages = "com.amazonaws.us-east-1.ssmmessages";
};

TEST_F(InterfaceEndpoints, a_new_one_is_pending_with_an_interface_a_subnet) {
  auto id = made({vpc, ssm, {subnet, other_zone}, {group}});
  EXPECT_EQ(endpoint(id).state, EndpointState::pending);
  EXPECT_EQ(endpoint(id).created_at, kTestTime);
  ASSERT_EQ(interfaces(id).size(), 2u);
  for (auto const* interface : interfaces(id)) {
    EXPECT_EQ(interface->groups, std::vector{network::SecurityGroupId(group)});
    EXPECT_EQ(interface->description, "VPC Endpoint Interface " + id);
    EXPECT_EQ(network::type_of(interface->owner), "vpc_endpoint");
  }
  EXPECT_EQ(interfaces(made({vpc, messages, {subnet}, {}})).at(0)->groups,
            std::vector{default_group_of(vpc).id});
}

TEST_F(InterfaceEndpoints, what_cannot_be_made) {
  made({vpc, messages, {subnet}, {group}});
  auto same_zone = create_subnet(state, {vpc, "10.0.3.0/24", "us-east-1a"})->text();
  auto small = create_subnet(state, {vpc, "10.0.4.0/28", "us-east-1c"})->text();
  for (int i = 0; i < 11; i++) made({vpc, ssm, {small}, {group}, false});
  struct {
    NewEndpoint endpoint;
    char const* error;
    std::string why;
  } const cases[] = {
      {{"vpc-0123456789abcdef0", ssm, {}, {}}, "InvalidVpcID.NotFound", ""},
      {{vpc, "com.amazonaws.us-east-1.nothing", {}, {}},
       "InvalidServiceName",
       "The Vpc Endpoint Service 'com.amazonaws.us-east-1.nothing' does not exist"},
      {{vpc, "com.amazonaws.eu-west-1.ssm", {}, {}}, "InvalidServiceName", ""},
      {{vpc, "ssm\n", {}, {}}, "InvalidServiceName", "'ssm\\x0a'"},
      {{vpc, ssm, {subnet, same_zone}, {}}, "DuplicateSubnetsInSameZone", same_zone},
      {{vpc, ssm, {subnet, subnet}, {}}, "DuplicateSubnetsInSameZone", subnet},
      {{vpc, ssm, {elsewhere}, {}}, "InvalidParameter", "does not belong to the VPC"},
      {{vpc, ssm, {"subnet-0123456789abcdef0"}, {}}, "InvalidSubnetID.NotFound", ""},
      {{vpc, ssm, {subnet}, {far}}, "InvalidParameter", "belong to different networks"},
      {{vpc, ssm, {subnet}, {"sg-0123456789abcdef0"}}, "InvalidGroup.NotFound", ""},
      {{vpc, ssm, {small}, {}}, "InsufficientFreeAddressesInSubnet", small},
      {{vpc, messages, {subnet}, {}},
       "InvalidParameter",
       "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
       "ssmmessages.us-east-1.amazonaws.com in the VPC " +
           vpc},
      {{other_vpc, ssm, {elsewhere}, {}},
       "InvalidParameter",
       "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
       "true for " +
           other_vpc},
      {{other_vpc, ssm, {elsewhere}, {}, false}, "", ""},
      {{vpc, messages, {subnet}, {}, false}, "", ""},
      {{vpc, ssm, {}, {}}, "", ""},
  };
  for (auto const& [wanted, error, why] : cases) {
    auto before = state;
    auto outcome = create_endpoint(state, wanted, kTestTime);
    EXPECT_EQ(aws_name(outcome), error) << sentence(outcome);
    EXPECT_NE(sentence(outcome).find(why), std::string::npos) << sentence(outcome);
    if (!outcome) EXPECT_EQ(state, before);
  }
  for (int i = 0; i < 36; i++) made({vpc, ssm, {}, {}, false});
  EXPECT_EQ(aws_name(create_endpoint(state, {vpc, ssm, {}, {}, false}, kTestTime)),
            "VpcEndpointLimitExceeded");
}

TEST_F(InterfaceEndpoints, one_that_goes_gives_everything_back) {
  auto id = made({vpc, ssm, {subnet}, {group}});
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "DependencyViolation");
  EXPECT_EQ(aws_name(delete_endpoint(state, "vpce-1", kTestTime)), "InvalidVpcEndpointId.Malformed");
  EXPECT_EQ(aws_name(delete_endpoint(state, "vpce-0123456789abcdef0", kTestTime)),
            "InvalidVpcEndpoint.NotFound");
  EXPECT_EQ(aws_name(delete_endpoint(state, id, kTestTime)), "");
  EXPECT_EQ(endpoint(id).state, EndpointState::deleting);
  EXPECT_EQ(endpoint(id).deleted_at, kTestTime);
  EXPECT_TRUE(interfaces(id).empty());
  EXPECT_EQ(aws_name(delete_endpoint(state, id, kTestTime)), "InvalidVpcEndpoint.NotFound");
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {})), "IncorrectState");
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "");
  made({vpc, ssm, {subnet}, {}});  // the name is free again
}

TEST_F(InterfaceEndpoints, an_address_of_an_interface_that_goes_is_free) {
  EXPECT_TRUE(attach_internet_gateway(state, create_internet_gateway(state)->text(), vpc));
  auto id = made({vpc, ssm, {subnet, other_zone}, {group}});
  std::vector<std::string> allocations;
  for (auto const* interface : interfaces(id)) {
    allocations.push_back(allocate_address(state)->text());
    ASSERT_TRUE(give_address(state, allocations.back(), interface->id));
    EXPECT_EQ(aws_name(release_address(state, allocations.back())), "InvalidIPAddress.InUse");
  }
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{}, {subnet}})), "");
  ASSERT_EQ(aws_name(delete_endpoint(state, id, kTestTime)), "");
  for (auto const& allocation : allocations) EXPECT_EQ(aws_name(release_address(state, allocation)), "");
}

TEST_F(InterfaceEndpoints, subnets_groups_and_names_can_be_changed) {
  auto id = made({vpc, ssm, {subnet}, {group}, false});
  auto second = create_security_group(state, {vpc, "second", "another"})->text();
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{other_zone}, {}, {second}, {group}, true, "{}"})), "");
  ASSERT_EQ(interfaces(id).size(), 2u);
  for (auto const* interface : interfaces(id))
    EXPECT_EQ(interface->groups, std::vector{network::SecurityGroupId(second)});
  EXPECT_TRUE(endpoint(id).private_dns);
  EXPECT_EQ(endpoint(id).policy, "{}");
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{}, {subnet}})), "");
  ASSERT_EQ(interfaces(id).size(), 1u);
  auto before = state;
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{subnet}, {}, {}, {second}})), "InvalidParameter");
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{}, {subnet}})), "InvalidParameter");
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{subnet, elsewhere}})), "InvalidParameter");
  EXPECT_EQ(aws_name(modify_endpoint(state, id, {{}, {}, {far}})), "InvalidParameter");
  EXPECT_EQ(aws_name(modify_endpoint(state, "vpce-0123456789abcdef0", {})), "InvalidVpcEndpointId.NotFound");
  EXPECT_EQ(state, before);
  auto other = made({vpc, ssm, {subnet}, {}, false});
  EndpointChange take_the_name;
  take_the_name.private_dns = true;
  EXPECT_EQ(aws_name(modify_endpoint(state, other, take_the_name)), "InvalidParameter");
}

TEST_F(InterfaceEndpoints, groups_wait_for_the_first_subnet) {
  auto id = made({vpc, ssm, {}, {group}});
  EXPECT_EQ(groups_of(state, endpoint(id)), std::vector{network::SecurityGroupId(group)});
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "DependencyViolation");
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{subnet}})), "");
  ASSERT_EQ(interfaces(id).size(), 1u);
  EXPECT_EQ(interfaces(id)[0]->groups, std::vector{network::SecurityGroupId(group)});
  auto second = create_security_group(state, {vpc, "second", "another"})->text();
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{}, {subnet}})), "");
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{}, {}, {second}, {group}})), "");
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{other_zone}})), "");
  EXPECT_EQ(interfaces(id).at(0)->groups, std::vector{network::SecurityGroupId(second)});
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "");
  // As it was stored before endpoints kept them.
  state.network.endpoints.find(network::InterfaceEndpointId(id))->groups = {};
  EXPECT_EQ(groups_of(state, endpoint(id)), std::vector{network::SecurityGroupId(second)});
  ASSERT_EQ(aws_name(modify_endpoint(state, id, {{subnet}})), "");
  ASSERT_EQ(interfaces(id).size(), 2u);
  for (auto const* interface : interfaces(id))
    EXPECT_EQ(interface->groups, std::vector{network::SecurityGroupId(second)});
}

TEST_F(InterfaceEndpoints, their_names_lead_to_them) {
  auto id = made({vpc, ssm, {subnet}, {group}});
  auto names = dns_names(state, endpoint(id));
  ASSERT_EQ(names.size(), 3u);
  EXPECT_TRUE(names[0].starts_with(id + "-"));
  EXPECT_TRUE(names[0].ends_with(".ssm.us-east-1.vpce.amazonaws.com"));
  EXPECT_NE(names[1].find("-us-east-1a.ssm."), std::string::npos);
  EXPECT_EQ(names[2], "ssm.us-east-1.amazonaws.com");
}

}  // namespace
}  // namespace fumidai::networks
