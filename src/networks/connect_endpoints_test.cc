#include "networks/connect_endpoints.h"

#include "networks/interfaces.h"
#include "networks/security_groups.h"
#include "networks/settle.h"
#include "networks/tagging.h"
#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

using namespace std::chrono_literals;
using network::ConnectEndpoint;
using enum network::ConnectEndpointState;

class ConnectEndpoints : public RegionTest {
 protected:
  Result<network::ConnectEndpointId> create(NewConnectEndpoint const& wanted,
                                            ConnectLimits const& limits = ConnectLimits::none()) {
    return create_connect_endpoint(state, wanted, limits, kTestTime);
  }
  std::string made(std::string const& in) {
    auto id = create({in});
    EXPECT_TRUE(id) << sentence(id);
    settle(state, kTestTime + 1s);
    return id->text();
  }
  ConnectEndpoint& at(std::string const& id) {
    return *state.network.connect_endpoints.find(network::ConnectEndpointId(id));
  }
  network::NetworkInterface const& interface_of(std::string const& id) {
    return *state.network.interfaces_of(network::ConnectEndpointId(id)).at(0);
  }
};

TEST_F(ConnectEndpoints, one_has_an_interface_a_name_and_the_default_group) {
  auto id = create({subnet});
  ASSERT_TRUE(id) << sentence(id);
  EXPECT_TRUE(check_id(kConnectEndpoint, id->text()));
  auto const& endpoint = at(id->text());
  EXPECT_EQ(endpoint.state, create_in_progress);
  EXPECT_EQ(endpoint.vpc.text(), vpc);
  EXPECT_EQ(endpoint.dns_name, id->text() + "." + connect_zone("us-east-1"));
  EXPECT_FALSE(endpoint.preserve_client_ip);
  auto const& interface = interface_of(id->text());
  EXPECT_EQ(interface.subnet.text(), subnet);
  EXPECT_EQ(interface.groups, std::vector{default_group_of(vpc).id});
  EXPECT_EQ(network::type_of(interface.owner), "ec2_instance_connect_endpoint");
}

TEST_F(ConnectEndpoints, the_zone_has_eight_digits_and_the_regions_name) {
  auto zone = connect_zone("eu-north-1", "access.example");
  EXPECT_EQ(zone.substr(8), ".ec2-instance-connect-endpoint.eu-north-1.access.example");
  EXPECT_EQ(zone.find_first_not_of("0123456789abcdef"), 8u);
}

TEST_F(ConnectEndpoints, all_have_names_of_the_domain_that_the_server_has_now) {
  std::string ids[] = {made(subnet), made(subnet)};
  rename_connect_endpoints(state, "access.example");
  for (auto const& id : ids)
    EXPECT_EQ(at(id).dns_name, id + "." + connect_zone("us-east-1", "access.example"));
}

TEST_F(ConnectEndpoints, states_in_progress_end_by_themselves) {
  auto id = create({subnet})->text();
  EXPECT_EQ(next_settling(state), kTestTime + kInBetween);
  EXPECT_TRUE(settle(state, kTestTime + 1s));
  EXPECT_EQ(at(id).state, create_complete);
  EXPECT_FALSE(next_settling(state));

  ASSERT_TRUE(modify_connect_endpoint(state, id, {{}, true}, kTestTime + 5s));
  EXPECT_EQ(at(id).state, update_in_progress);
  EXPECT_TRUE(at(id).preserve_client_ip);
  settle(state, kTestTime + 6s);
  EXPECT_EQ(at(id).state, update_complete);

  ASSERT_TRUE(put_tags(state, id, {{"Name", "door"}}));
  ASSERT_TRUE(delete_connect_endpoint(state, id, kTestTime + 10s));
  EXPECT_EQ(at(id).state, delete_in_progress);
  EXPECT_EQ(interface_of(id).subnet.text(), subnet);
  settle(state, kTestTime + 11s);
  EXPECT_EQ(at(id).state, delete_complete);
  EXPECT_TRUE(state.network.interfaces_of(network::ConnectEndpointId(id)).empty());
  EXPECT_EQ(aws_name(delete_connect_endpoint(state, id, kTestTime + 12s)),
            "InvalidInstanceConnectEndpointId.NotFound");
  settle(state, kTestTime + 11s + kShown);
  EXPECT_EQ(state.network.connect_endpoints.size(), 0u);
  EXPECT_TRUE(state.tags_of(id).empty());
}

TEST_F(ConnectEndpoints, what_is_refused_changes_nothing) {
  auto before = state;
  auto other_group = default_group_of(other_vpc).id.text();
  struct {
    NewConnectEndpoint wanted;
    char const* name;
  } const table[] = {
      {{"subnet-x"}, "InvalidSubnetID.Malformed"},
      {{"subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"},
      {{subnet, {"sg-x"}}, "InvalidGroupId.Malformed"},
      {{subnet, {"sg-0123456789abcdef0"}}, "InvalidGroup.NotFound"},
      {{subnet, {other_group}}, "InvalidParameter"},
      {{subnet, {}, false, "dualstack"}, "InvalidParameter"},
      {{subnet, {}, false, "ipv6"}, "InvalidParameter"},
      {{subnet, {}, true, "dualstack"}, "InvalidParameterCombination"},
      {{subnet, {}, false, "ipv5"}, "InvalidParameterValue"},
  };
  for (auto const& [wanted, name] : table) EXPECT_EQ(aws_name(create(wanted)), name);
  EXPECT_EQ(state, before);
  EXPECT_TRUE(create({subnet, {}, true, "ipv4"}));
}

TEST_F(ConnectEndpoints, e1_awss_limits_hold_only_where_they_are_asked_for) {
  auto aws = ConnectLimits::aws();
  auto first = create({subnet}, aws);
  ASSERT_TRUE(first);
  auto in_subnet = create({subnet}, aws), in_vpc = create({other_zone}, aws);
  EXPECT_EQ(aws_name(in_subnet), "ResourceLimitExceeded");
  EXPECT_NE(sentence(in_subnet).find("1 instance connect endpoint per subnet"), std::string::npos);
  EXPECT_EQ(aws_name(in_vpc), "ResourceLimitExceeded");
  EXPECT_NE(sentence(in_vpc).find("1 instance connect endpoint per VPC"), std::string::npos);
  EXPECT_NE(sentence(in_vpc).find(first->text()), std::string::npos);
  EXPECT_TRUE(create({elsewhere}, aws));
  EXPECT_TRUE(create({other_zone}));
  EXPECT_TRUE(create({subnet}));

  // A deleted one does not count.
  State fresh = state;
  fresh.network.connect_endpoints = {};
  auto id = create_connect_endpoint(fresh, {subnet}, aws, kTestTime)->text();
  settle(fresh, kTestTime + 1s);
  ASSERT_TRUE(delete_connect_endpoint(fresh, id, kTestTime + 2s));
  EXPECT_EQ(aws_name(create_connect_endpoint(fresh, {subnet}, aws, kTestTime + 2s)), "ResourceLimitExceeded");
  settle(fresh, kTestTime + 3s);
  EXPECT_TRUE(create_connect_endpoint(fresh, {subnet}, aws, kTestTime + 4s));
}

TEST_F(ConnectEndpoints, the_sixth_of_a_region_is_refused) {
  auto aws = ConnectLimits::aws();
  for (int i = 0; i < 6; i++) {
    auto new_vpc = create_vpc(state, "10.2.0.0/16")->text();
    auto id = create({create_subnet(state, {new_vpc, "10.2.0.0/24", {}})->text()}, aws);
    EXPECT_EQ(aws_name(id), i < 5 ? "" : "ResourceLimitExceeded") << sentence(id);
  }
}

TEST_F(ConnectEndpoints, a_change_replaces_the_groups_and_waits_for_the_one_before) {
  auto id = create({subnet})->text();
  EXPECT_EQ(aws_name(modify_connect_endpoint(state, id, {{}, true}, kTestTime)), "IncorrectState");
  EXPECT_EQ(aws_name(delete_connect_endpoint(state, id, kTestTime)), "IncorrectState");
  settle(state, kTestTime + 1s);
  auto group = create_security_group(state, {vpc, "doors", "doors"})->text();
  EXPECT_EQ(aws_name(modify_connect_endpoint(state, id, {}, kTestTime)), "MissingParameter");
  EXPECT_EQ(
      aws_name(modify_connect_endpoint(state, id, {{default_group_of(other_vpc).id.text()}}, kTestTime)),
      "InvalidParameter");
  EXPECT_EQ(aws_name(modify_connect_endpoint(state, id, {{}, true, "ipv6"}, kTestTime)),
            "InvalidParameterCombination");
  EXPECT_EQ(at(id).state, create_complete);
  ASSERT_TRUE(modify_connect_endpoint(state, id, {{group}}, kTestTime + 2s));
  EXPECT_EQ(interface_of(id).groups, std::vector{network::SecurityGroupId(group)});
  EXPECT_TRUE(is_usable(at(id).state));
  EXPECT_EQ(aws_name(delete_connect_endpoint(state, "eice-12", kTestTime)),
            "InvalidInstanceConnectEndpointId.Malformed");
}

TEST_F(ConnectEndpoints, what_it_stands_on_is_in_use_until_it_is_gone) {
  auto group = create_security_group(state, {other_vpc, "doors", "doors"})->text();
  auto id = create({elsewhere, {group}})->text();
  settle(state, kTestTime + 1s);
  EXPECT_TRUE(taggable(state, id));
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "DependencyViolation");
  EXPECT_EQ(aws_name(delete_subnet(state, elsewhere)), "DependencyViolation");
  ASSERT_TRUE(delete_connect_endpoint(state, id, kTestTime + 2s));
  EXPECT_EQ(aws_name(delete_subnet(state, elsewhere)), "DependencyViolation");
  settle(state, kTestTime + 3s);
  EXPECT_TRUE(delete_security_group(state, group));
  EXPECT_TRUE(delete_subnet(state, elsewhere));
  EXPECT_TRUE(delete_vpc(state, other_vpc));
  EXPECT_EQ(state.network.connect_endpoints.size(), 0u);
}

}  // namespace
}  // namespace fumidai::networks
