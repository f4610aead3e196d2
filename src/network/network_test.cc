#include "network/network.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

TEST(Table, keeps_one_value_an_id_in_the_order_of_ids) {
  Table<ElasticAddress> table;
  for (auto id : {"b", "c", "a", "b"}) table.put({AllocationId(id), address("203.0.113.1")});
  std::string ids;
  for (auto& value : table) ids += value.id.text();
  EXPECT_EQ(ids, "abc");
  table.erase(AllocationId("b"));
  table.erase(AllocationId("none"));
  EXPECT_EQ(table.find(AllocationId("b")), nullptr);
  EXPECT_EQ(table.find(AllocationId("c"))->id, AllocationId("c"));
  EXPECT_EQ(table.size(), 2u);
}

TEST(Network, is_a_value) {
  auto one = with_nat(with_endpoints()), other = one;
  EXPECT_EQ(one, other);
  other.nat_gateways.find(kNat)->state = NatState::deleting;
  EXPECT_NE(one, other);
}

TEST(Network, an_elastic_address_goes_before_the_one_given_at_launch) {
  auto network = walkthrough();
  auto& bastion = *network.interfaces.find(kBastionPort);
  EXPECT_EQ(network.public_address(bastion), address("203.0.113.10"));
  network.elastic_addresses.put({AllocationId("eipalloc-1"), address("203.0.113.77"), kBastionPort});
  EXPECT_EQ(network.public_address(bastion), address("203.0.113.77"));
  EXPECT_EQ(network.by_public_address(address("203.0.113.10")), nullptr);
}

TEST(Network, a_route_is_a_blackhole_once_its_target_is_gone) {
  auto network = with_nat();
  auto is_blackhole = [&](RouteTableId const& id) {
    auto& table = *network.route_tables.find(id);
    return network.is_blackhole(table, table.routes.front());
  };
  for (auto [state, gone] : {std::pair(NatState::pending, false), std::pair(NatState::available, false),
                             std::pair(NatState::failed, true), std::pair(NatState::deleting, true),
                             std::pair(NatState::deleted, true)}) {
    network.nat_gateways.find(kNat)->state = state;
    EXPECT_EQ(is_blackhole(kPrivateTable), gone) << to_string(state);
  }
  network.nat_gateways.erase(kNat);
  EXPECT_TRUE(is_blackhole(kPrivateTable));
  EXPECT_FALSE(is_blackhole(kPublicTable));
  network.internet_gateways.find(kGateway)->vpc = VpcId("vpc-other");
  EXPECT_TRUE(is_blackhole(kPublicTable));
}

TEST(Network, of_two_endpoints_of_a_service_the_one_that_serves_is_meant) {
  auto network = with_endpoints();
  auto pending = *network.endpoints.find(endpoint_id("ssm"));
  pending.id = InterfaceEndpointId("vpce-a-pending-one");
  pending.state = EndpointState::pending;
  network.endpoints.put(pending);
  EXPECT_EQ(network.endpoint_for(kVpc, "ssm")->id, endpoint_id("ssm"));
  network.endpoints.find(endpoint_id("ssm"))->state = EndpointState::deleted;
  EXPECT_EQ(network.endpoint_for(kVpc, "ssm")->id, pending.id);
  EXPECT_EQ(network.endpoint_for(VpcId("vpc-other"), "ssm"), nullptr);
}

TEST(Network, interfaces_say_what_they_are_in_the_words_of_AWS) {
  EXPECT_EQ(type_of(kBastion), "interface");
  EXPECT_EQ(type_of(kNat), "nat_gateway");
  EXPECT_EQ(type_of(endpoint_id("ssm")), "vpc_endpoint");
  EXPECT_EQ(type_of(ConnectEndpointId("eice-1")), "ec2_instance_connect_endpoint");
  EXPECT_EQ(text_of(InterfaceOwner()), "");
}

TEST(SecurityRule, covers_the_protocols_ports_and_peers_that_it_names_and_no_others) {
  SecurityGroupId group("sg-1"), other("sg-2");
  struct Case {
    Protocol protocol;
    Ports ports;
    RulePeer peer;
    Flow flow;
    Peer from;
    bool allowed;
  };
  using enum Protocol;
  auto inside = block("10.0.1.0/24");
  Case cases[] = {
      {tcp, {22, 22}, inside, {tcp, 22}, {address("10.0.1.255")}, true},
      {tcp, {22, 22}, inside, {tcp, 22}, {address("10.0.2.0")}, false},
      {tcp, {22, 22}, inside, {tcp, 23}, {address("10.0.1.1")}, false},
      {tcp, {22, 22}, inside, {udp, 22}, {address("10.0.1.1")}, false},
      {tcp, {1000, 2000}, inside, {tcp, 1000}, {address("10.0.1.1")}, true},
      {tcp, {1000, 2000}, inside, {tcp, 2000}, {address("10.0.1.1")}, true},
      {tcp, {1000, 2000}, inside, {tcp, 999}, {address("10.0.1.1")}, false},
      {tcp, {1000, 2000}, inside, {tcp, 2001}, {address("10.0.1.1")}, false},
      {all, {}, inside, {udp, 53}, {address("10.0.1.1")}, true},
      {all, {}, inside, {Protocol(47), 0}, {address("10.0.1.1")}, true},
      {Protocol(47), {}, inside, {Protocol(47), 0}, {address("10.0.1.1")}, true},
      {icmp, {-1, -1}, inside, {icmp, 8}, {address("10.0.1.1")}, true},
      {icmp, {8, -1}, inside, {icmp, 8}, {address("10.0.1.1")}, true},
      {icmp, {0, -1}, inside, {icmp, 8}, {address("10.0.1.1")}, false},
      {all, {}, kAnywhere, {tcp, 22}, {address("2001:db8::1")}, false},
      {tcp, {22, 22}, group, {tcp, 22}, {address("10.0.1.1"), {other, group}}, true},
      {tcp, {22, 22}, group, {tcp, 22}, {address("10.0.1.1"), {other}}, false},
      {tcp, {22, 22}, group, {tcp, 22}, {address("10.0.1.1")}, false},
  };
  for (auto& row : cases) {
    SecurityRule rule{SecurityRuleId("sgr-1"), Direction::ingress, row.protocol, row.ports, row.peer};
    EXPECT_EQ(allows(rule, Direction::ingress, row.flow, row.from), row.allowed) << &row - cases;
    EXPECT_FALSE(allows(rule, Direction::egress, row.flow, row.from)) << &row - cases;
  }
}

}  // namespace
}  // namespace fumidai::network
