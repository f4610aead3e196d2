#include "lab/plan.h"

#include <algorithm>
#include <set>

#include "lab/name_server_plan.h"
#include "lab/names.h"
#include "lab/router_plan.h"
#include "lab/ruleset.h"
#include "network/walkthrough.h"

namespace fumidai::lab {
namespace {

using namespace network;

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// The one route of the router's table for the destination.
KernelRoute route(Network const& network, RouteTableId const& table, std::string_view destination) {
  auto made = plan(network, {});
  auto& routes = made.find("fumidai-lab-vpc-lab")->routes;
  auto found = std::ranges::find_if(routes, [&](auto& each) {
    return each.table == kernel_table(table) && each.destination == block(destination);
  });
  if (found == routes.end()) ADD_FAILURE() << "no route for " << destination;
  return found == routes.end() ? KernelRoute{} : *found;
}

std::string ruleset(Network const& network) {
  return plan(network, {}).find("fumidai-lab-vpc-lab")->ruleset;
}

TEST(Plan, has_a_namespace_for_each_interface_and_vpc) {
  auto made = plan(with_nat(), {});
  std::vector<std::string> names;
  for (auto& space : made.spaces) names.push_back(space.name);
  EXPECT_EQ(names, (std::vector<std::string>{"fumidai-lab-internet", "fumidai-lab-vpc-lab",
                                             "fumidai-lab-eni-bastion", "fumidai-lab-eni-nat",
                                             "fumidai-lab-eni-private", "fumidai-lab-eni-session"}));
  EXPECT_EQ(made.links[2], (Link{{"fumidai-lab-vpc-lab", "ebastion"},
                                 {"fumidai-lab-eni-bastion", "eth0", network::mac_address(kBastionPort)}}));
  EXPECT_EQ(made.name_servers.size(), 2);
}

TEST(Plan, names_of_links_fit_and_keep_the_end_of_the_id) {
  EXPECT_EQ(link_name(InterfaceId("eni-0123456789abcdef0")), "e56789abcdef0");
  EXPECT_EQ(link_name(VpcId("vpc-0123456789abcdef0")), "v56789abcdef0");
  EXPECT_LE(host_link({.label = "seven77"}).size(), 15);
}

TEST(Plan, routes_lead_where_the_table_says) {
  auto network = with_nat();
  EXPECT_EQ(route(network, kPublicTable, "0.0.0.0/0").link, "internet");
  auto to_nat = route(network, kPrivateTable, "0.0.0.0/0");
  EXPECT_EQ(to_nat.link, "enat");
  EXPECT_EQ(to_nat.gateway, address("10.0.0.200"));
  EXPECT_EQ(route(network, RouteTableId("rtb-main"), "0.0.0.0/0").kind, RouteKind::blackhole);
  EXPECT_EQ(route(network, kPrivateTable, "10.0.0.0/16").kind, RouteKind::other);

  network.nat_gateways.find(kNat)->state = NatState::deleted;
  network.internet_gateways.find(kGateway)->vpc.reset();
  EXPECT_EQ(route(network, kPrivateTable, "0.0.0.0/0").kind, RouteKind::blackhole);
  EXPECT_EQ(route(network, kPublicTable, "0.0.0.0/0").kind, RouteKind::blackhole);
}

TEST(Plan, a_new_vpc_changes_nothing_of_the_others) {
  auto network = walkthrough();
  auto before = plan(network, {});
  network.vpcs.put({VpcId("vpc-a"), block("10.0.0.0/16")});
  auto after = plan(network, {});
  for (auto& space : before.spaces) {
    if (space.name != "fumidai-lab-internet") EXPECT_EQ(*after.find(space.name), space);
  }
}

TEST(Plan, uplinks_differ_and_are_link_local) {
  Network network;
  for (int i = 0; i < 500; i++) network.vpcs.put({VpcId("vpc-" + std::to_string(i)), block("10.0.0.0/16")});
  std::set<Address> addresses;
  for (auto& uplink : uplinks_of(network)) {
    EXPECT_TRUE(block("169.254.128.0/17").contains(uplink.address));
    EXPECT_FALSE(uplink.address == address("169.254.169.253") ||
                 uplink.address == address("169.254.169.254"));
    addresses.insert(uplink.address);
  }
  EXPECT_EQ(addresses.size(), 500);
}

TEST(Plan, what_stands_on_nothing_is_left_out) {
  auto network = walkthrough();
  network.subnets.erase(kPrivate);
  EXPECT_EQ(plan(network, {}).find("fumidai-lab-eni-private"), nullptr);
  network.route_tables = {};
  EXPECT_EQ(plan(network, {}).spaces.size(), 2);
}

TEST(Ruleset, says_each_rule_of_a_group) {
  using enum Protocol;
  auto network = walkthrough();
  auto rule = [&](Protocol protocol, Ports ports, RulePeer peer) {
    allow(network, kSessionGroup, Direction::ingress, protocol, ports, std::move(peer));
  };
  rule(tcp, {8000, 8010}, block("10.1.2.3/8"));
  rule(udp, {0, 65535}, kAnywhere);
  rule(icmp, {8, 0}, kAnywhere);
  rule(icmp, {-1, -1}, kAnywhere);
  rule(Protocol{47}, {}, Cidr::of(address("192.0.2.1")));
  rule(all, {}, kBastionGroup);
  rule(tcp, {22, 22}, block("::/0"));  // the lab has no IPv6
  rule(tcp, {-1, 70000}, kAnywhere);   // no sound rule
  EXPECT_TRUE(holds(ruleset(network),
                    "  chain in_sg-session {\n"
                    "    ip saddr 10.0.0.0/8 tcp dport 8000-8010 accept\n"
                    "    meta l4proto 17 accept\n"
                    "    icmp type 8 icmp code 0 accept\n"
                    "    meta l4proto 1 accept\n"
                    "    ip saddr 192.0.2.1/32 meta l4proto 47 accept\n"
                    "    ip saddr @members_sg-bastion accept\n"
                    "  }\n"))
      << ruleset(network);
  EXPECT_TRUE(
      holds(ruleset(network), "set members_sg-bastion {\n    type ipv4_addr\n    elements = { 10.0.0.10 }"));
}

TEST(Ruleset, a_public_address_is_translated_while_there_is_a_gateway) {
  auto network = walkthrough();
  EXPECT_TRUE(holds(ruleset(network), "dnat to ip daddr map { 203.0.113.10 : 10.0.0.10 }"));
  network.internet_gateways.find(kGateway)->vpc.reset();
  EXPECT_FALSE(holds(ruleset(network), "203.0.113.10"));
}

TEST(Ruleset, what_is_not_ready_neither_sends_nor_receives) {
  auto network = walkthrough();
  network.instances.find(kPrivateInstance)->state = InstanceState::stopped;
  EXPECT_FALSE(holds(ruleset(network), "\"eprivate\""));
}

TEST(Plan, nothing_that_a_user_types_is_in_it) {
  auto network = with_endpoints(with_nat());
  auto hostile = "x\n}; flush ruleset #\" $(reboot) /../";
  auto before = plan(network, {});
  for (auto& group : {kBastionGroup, kPrivateGroup, kSessionGroup, kEndpointGroup}) {
    auto& changed = *network.security_groups.find(group);
    changed.name = changed.description = hostile;
    for (auto& rule : changed.rules) rule.description = hostile;
  }
  network.nat_gateways.find(kNat)->failure = hostile;
  network.instances.find(kBastion)->key_name = hostile;
  EXPECT_EQ(plan(network, {}), before);

  // And were it an id or a service's name, it would be left out.
  network.vpcs.put({VpcId(hostile), block("10.9.0.0/16")});
  network.endpoints.find(endpoint_id("ssm"))->service = std::string("com.amazonaws.us-east-1.") + hostile;
  network.interfaces.put(
      {InterfaceId(hostile), kPrivate, address("10.0.1.66"), {}, {SecurityGroupId(hostile)}});
  allow(network, kSessionGroup, Direction::ingress, Protocol::all, {}, SecurityGroupId(hostile));
  auto after = plan(network, {});
  EXPECT_EQ(after.spaces, before.spaces);
  for (auto& server : after.name_servers) EXPECT_FALSE(holds(server.hosts + server.options, "reboot"));
}

TEST(Plan, a_connect_endpoint_is_a_namespace_with_its_own_address_and_groups) {
  auto network = with_connect_endpoint();
  auto made = plan(network, {});
  auto* space = made.find("fumidai-lab-eni-eice");
  ASSERT_TRUE(space);
  EXPECT_EQ(space->addresses, (std::vector<LinkAddress>{{"eth0", block("10.0.1.110/24")}}));
  EXPECT_TRUE(holds(ruleset(network), "\"eeice\" . 10.0.1.110"));
  EXPECT_TRUE(
      holds(ruleset(network), "set members_sg-eice {\n    type ipv4_addr\n    elements = { 10.0.1.110 }"));
  EXPECT_TRUE(holds(ruleset(network), "jump out_sg-eice"));
  EXPECT_FALSE(holds(ruleset(network), "ct mark set"));
  network.connect_endpoints.find(kConnectEndpoint)->preserve_client_ip = true;
  EXPECT_TRUE(holds(ruleset(network), "iifname \"eeice\" ip saddr != 10.0.0.0/16 ct state new ct mark set"));
  network.connect_endpoints.find(kConnectEndpoint)->state = ConnectEndpointState::create_in_progress;
  EXPECT_FALSE(holds(ruleset(network), "\"eeice\""));
}

TEST(Names, of_connect_endpoints_lead_to_the_plane) {
  auto network = with_connect_endpoint();
  auto& endpoint = *network.connect_endpoints.find(kConnectEndpoint);
  auto internet = [&] { return plan(network, {}).name_servers.front().options; };
  endpoint.dns_name = "eice-lab.0a1b2c3d.ec2-instance-connect-endpoint.us-east-1.amazonaws.com";
  EXPECT_TRUE(holds(internet(), "address=/us-east-1.amazonaws.com/198.51.100.10\n"));
  EXPECT_FALSE(holds(internet(), "0a1b2c3d"));
  endpoint.dns_name = "eice-lab.0a1b2c3d.ec2-instance-connect-endpoint.us-east-1.access.example";
  EXPECT_TRUE(holds(internet(),
                    "address=/0a1b2c3d.ec2-instance-connect-endpoint.us-east-1.access.example/"
                    "198.51.100.10\n"));
  endpoint.dns_name = "eice-lab.x/evil\nserver=1.2.3.4";
  EXPECT_FALSE(holds(internet(), "evil"));
}

TEST(Names, of_an_endpoint_lead_to_its_addresses) {
  auto hosts = [](Network const& network) { return plan(network, {}).name_servers.back().hosts; };
  auto network = with_endpoints();
  EXPECT_TRUE(holds(hosts(network), "10.0.1.101 ssm.us-east-1.amazonaws.com\n"));
  auto& endpoint = *network.endpoints.find(endpoint_id("ssm"));
  for (auto const& name : {network.own_name(endpoint), network.own_name(endpoint, "us-east-1a")})
    EXPECT_TRUE(holds(hosts(network), "10.0.1.101 " + name + "\n")) << name;
  EXPECT_TRUE(holds(hosts(network), "10.0.1.20 ip-10-0-1-20.ec2.internal\n"));
  network.endpoints.find(endpoint_id("ssm"))->private_dns = false;
  EXPECT_FALSE(holds(hosts(network), " ssm.us-east-1.amazonaws.com"));
  network.endpoints.find(endpoint_id("ssm"))->state = EndpointState::pending;
  EXPECT_FALSE(holds(hosts(network), "vpce-ssm-"));
  network.vpcs.find(kVpc)->dns_support = false;
  EXPECT_EQ(plan(network, {}).name_servers.size(), 1);
  EXPECT_EQ(private_name(address("10.0.1.5"), "eu-west-1"), "ip-10-0-1-5.eu-west-1.compute.internal");
}

}  // namespace
}  // namespace fumidai::lab
