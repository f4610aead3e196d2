#include "network/comparison.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

MethodRow row(Network const& network, Method method) {
  auto comparison = compare(network, kVpc, {});
  EXPECT_TRUE(comparison);
  for (auto& each : comparison->methods) {
    if (each.method == method) return each;
  }
  return MethodRow{method};
}

TEST(Comparison, a_bastion_needs_keys_and_an_open_port) {
  auto bastion = row(walkthrough(), Method::bastion);
  EXPECT_EQ(bastion.instances, 2);
  EXPECT_EQ(bastion.keys, "2 key pairs");
  EXPECT_EQ(bastion.exposure, "203.0.113.10 on the internet");
  EXPECT_EQ(bastion.redundancy, "none: 1 bastion");
  EXPECT_FALSE(bastion.agent);
  std::vector<std::string> inbound{"tcp 22 from sg-bastion to i-private (sg-private)",
                                   "tcp 22 from 198.51.100.7/32 to i-bastion (sg-bastion)"};
  EXPECT_EQ(bastion.inbound, inbound);
}

TEST(Comparison, a_bastion_needs_only_rules_that_let_the_person_or_it_in) {
  auto network = with_connect_endpoint();
  auto let_in = [&](SecurityGroupId const& group, int port, RulePeer peer) {
    allow_tcp(network, group, Direction::ingress, port, std::move(peer));
  };
  let_in(kPrivateGroup, 22, kBastionGroup);
  let_in(kPrivateGroup, 22, block("10.0.0.0/24"));
  let_in(kPrivateGroup, 22, block("10.0.1.0/24"));
  let_in(kPrivateGroup, 443, kBastionGroup);
  let_in(kBastionGroup, 22, kConnectGroup);
  let_in(kBastionGroup, 443, kAnywhere);
  std::vector<std::string> inbound{"tcp 22 from sg-bastion to i-private (sg-private)",
                                   "tcp 22 from 10.0.0.0/24 to i-private (sg-private)",
                                   "tcp 22 from 198.51.100.7/32 to i-bastion (sg-bastion)"};
  EXPECT_EQ(row(network, Method::bastion).inbound, inbound);
  network.instances.find(kBastion)->state = InstanceState::stopped;
  EXPECT_TRUE(row(network, Method::bastion).inbound.empty());
}

TEST(Comparison, endpoints_put_nothing_on_the_internet) {
  auto endpoints = row(with_endpoints(), Method::session_manager_endpoints);
  EXPECT_EQ(endpoints.reachable, 1);  // the one that has a role
  EXPECT_EQ(endpoints.instances, 3);
  EXPECT_TRUE(endpoints.agent);
  EXPECT_EQ(endpoints.keys, "none");
  EXPECT_EQ(endpoints.exposure, "nothing on the internet");
  EXPECT_EQ(endpoints.redundancy, "none: 1 zone");
  EXPECT_NE(endpoints.obstacle.find("has no instance profile"), std::string::npos);
}

TEST(Comparison, endpoints_are_as_redundant_as_the_least_of_those_that_are_needed) {
  auto network = with_endpoints();
  network.subnets.find(kPublic)->zone = "us-east-1b";
  auto in_second_zone = [&](char const* service, char const* at) {
    InterfaceId id(std::string("eni-b-") + service);
    network.interfaces.put({id, kPublic, address(at), endpoint_id(service), {kEndpointGroup}});
  };
  in_second_zone("ssm", "10.0.0.101");
  in_second_zone("ec2messages", "10.0.0.103");
  auto of_one = row(network, Method::session_manager_endpoints);
  EXPECT_EQ(of_one.redundancy, "none: 1 zone");
  for (auto& rule : of_one.inbound) EXPECT_EQ(rule.find("ec2messages"), rule.npos) << rule;
  in_second_zone("ssmmessages", "10.0.0.102");
  EXPECT_EQ(row(network, Method::session_manager_endpoints).redundancy, "2 zones");
  network.endpoints.find(endpoint_id("ssm"))->state = EndpointState::deleted;
  EXPECT_EQ(row(network, Method::session_manager_endpoints).redundancy, "no zone");
}

TEST(Comparison, a_connect_endpoint_opens_instances_to_itself_only_and_costs_nothing) {
  auto tunnel = row(with_connect_endpoint(), Method::connect_endpoint);
  EXPECT_EQ(tunnel.reachable, 1);
  EXPECT_EQ(tunnel.instances, 3);
  EXPECT_FALSE(tunnel.agent);
  EXPECT_EQ(tunnel.keys, "one for 60 seconds, pushed each time");
  EXPECT_EQ(tunnel.inbound, std::vector<std::string>{"tcp 22 from sg-eice to i-private (sg-private)"});
  EXPECT_EQ(tunnel.exposure, "nothing on the internet");
  EXPECT_EQ(tunnel.redundancy, "none: 1 endpoint (AWS allows 1 a VPC, Fumidai any number)");
  EXPECT_TRUE(tunnel.cost.lines.empty() && tunnel.cost.unpriced.empty());
  EXPECT_EQ(row(walkthrough(), Method::connect_endpoint).redundancy,
            "no endpoint (AWS allows 1 a VPC, Fumidai any number)");
}

TEST(Comparison, on_fumidai_no_method_is_rented) {
  for (auto method : kMethods) {
    auto own = row(walkthrough(), method).own;
    EXPECT_EQ(own, own_terms(method));
    EXPECT_EQ(own.monthly, Money{}) << to_string(method);
    EXPECT_EQ(own.per_gigabyte, Money{}) << to_string(method);
    EXPECT_FALSE(own.keys.empty() || own.needs.empty()) << to_string(method);
  }
}

TEST(Comparison, on_fumidai_sessions_need_an_agent_and_no_key) {
  for (auto method : {Method::session_manager_endpoints, Method::session_manager_nat}) {
    EXPECT_EQ(own_terms(method).keys, "none");
    EXPECT_EQ(own_terms(method).needs.find("the agent, and "), 0U);
  }
}

TEST(Comparison, tells_what_a_method_lacks) {
  auto nat = row(walkthrough(), Method::session_manager_nat);
  EXPECT_EQ(nat.reachable, 0);
  EXPECT_EQ(nat.redundancy, "no NAT gateway");
}

TEST(Comparison, warns_of_what_nobody_uses_in_this_vpc_only) {
  auto network = with_nat();
  drop_routes(network, kPrivateTable);
  EXPECT_EQ(compare(network, kVpc, {})->idle.front().id, kNat.text());
  network.vpcs.put({VpcId("vpc-other"), block("10.1.0.0/16")});
  EXPECT_TRUE(compare(network, VpcId("vpc-other"), {})->idle.empty());
}

TEST(Comparison, an_address_that_nobody_has_is_idle_in_no_vpc) {
  auto network = walkthrough();
  network.elastic_addresses.put({AllocationId("eipalloc-nobody"), address("203.0.113.99")});
  EXPECT_TRUE(compare(network, kVpc, {})->idle.empty());
  ASSERT_EQ(idle_parts(network, {}).size(), 1U);
  EXPECT_TRUE(idle_parts(network, {}).front().vpc.empty());
}

TEST(Comparison, knows_no_other_vpcs) {
  EXPECT_EQ(compare(walkthrough(), VpcId("vpc-none"), {}).error().code, Errc::not_found);
}

}  // namespace
}  // namespace fumidai::network
