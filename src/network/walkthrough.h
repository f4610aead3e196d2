#pragma once

// The network of the walkthrough that the tests of this folder share: a VPC with a public and a private
// subnet; a bastion; an instance behind it; an instance for Session Manager, which has no inbound rule. Ids
// are words, so that a failing test reads well.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "network/network.h"

namespace fumidai::network {

inline Address address(std::string_view text) {
  return Address::parse(text).value();
}
inline Cidr block(std::string_view text) {
  return Cidr::parse(text).value();
}

inline VpcId const kVpc("vpc-lab");
inline SubnetId const kPublic("subnet-public"), kPrivate("subnet-private");
inline RouteTableId const kPublicTable("rtb-public"), kPrivateTable("rtb-private");
inline InternetGatewayId const kGateway("igw-lab");
inline NatGatewayId const kNat("nat-lab");
inline SecurityGroupId const kBastionGroup("sg-bastion"), kPrivateGroup("sg-private"),
    kSessionGroup("sg-session"), kEndpointGroup("sg-endpoint");
inline InterfaceId const kBastionPort("eni-bastion"), kPrivatePort("eni-private"),
    kSessionPort("eni-session"), kNatPort("eni-nat");
inline InstanceId const kBastion("i-bastion"), kPrivateInstance("i-private"), kSessionInstance("i-session");
inline Address const kOffice = address("198.51.100.7");
inline Cidr const kAnywhere = block("0.0.0.0/0");

using RulePeer = std::variant<Cidr, SecurityGroupId>;

inline void allow(Network& network, SecurityGroupId const& group, Direction direction, Protocol protocol,
                  Ports ports, RulePeer peer) {
  auto& rules = network.security_groups.find(group)->rules;
  SecurityRuleId id("sgr-" + group.text() + "-" + std::to_string(rules.size()));
  rules.push_back({id, direction, protocol, ports, std::move(peer)});
}
inline void allow_tcp(Network& network, SecurityGroupId const& group, Direction direction, int port,
                      RulePeer peer) {
  allow(network, group, direction, Protocol::tcp, {port, port}, std::move(peer));
}
// All rules of a group in one direction.
inline void revoke(Network& network, SecurityGroupId const& group, Direction direction) {
  std::erase_if(network.security_groups.find(group)->rules,
                [&](auto& rule) { return rule.direction == direction; });
}

// As EC2 makes one: nothing in, everything out.
inline void add_group(Network& network, SecurityGroupId const& id, VpcId const& vpc = kVpc) {
  network.security_groups.put({id, vpc, id.text(), ""});
  allow(network, id, Direction::egress, Protocol::all, {}, kAnywhere);
}

inline void add_instance(Network& network, InstanceId const& id, InterfaceId const& port,
                         SubnetId const& subnet, std::string_view private_address,
                         SecurityGroupId const& group, std::string key_name = "") {
  network.instances.put({id, port, InstanceState::running, "t3.micro", std::move(key_name)});
  network.interfaces.put({port, subnet, address(private_address), id, {group}});
}

inline void set_route(Network& network, RouteTableId const& table, RouteTarget target,
                      Cidr destination = kAnywhere) {
  network.route_tables.find(table)->routes.push_back({destination, std::move(target)});
}
inline void drop_routes(Network& network, RouteTableId const& table) {
  network.route_tables.find(table)->routes.clear();
}

// 5.0: the network that everything else takes for granted.
inline Network bare_network() {
  Network network;
  network.vpcs.put({kVpc, block("10.0.0.0/16"), true, true});
  network.subnets.put({kPublic, kVpc, block("10.0.0.0/24"), "us-east-1a", true});
  network.subnets.put({kPrivate, kVpc, block("10.0.1.0/24"), "us-east-1a"});
  network.internet_gateways.put({kGateway, kVpc});
  network.route_tables.put({RouteTableId("rtb-main"), kVpc, TableAssociationId("rtbassoc-main")});
  network.route_tables.put({kPublicTable, kVpc, {}, {{TableAssociationId("rtbassoc-public"), kPublic}}});
  network.route_tables.put({kPrivateTable, kVpc, {}, {{TableAssociationId("rtbassoc-private"), kPrivate}}});
  set_route(network, kPublicTable, kGateway);
  return network;
}

// 5.1 and 5.2 up to the instances.
inline Network walkthrough() {
  auto network = bare_network();
  for (auto& group : {kBastionGroup, kPrivateGroup, kSessionGroup}) add_group(network, group);
  allow_tcp(network, kBastionGroup, Direction::ingress, 22, Cidr::of(kOffice));
  allow_tcp(network, kPrivateGroup, Direction::ingress, 22, kBastionGroup);
  add_instance(network, kBastion, kBastionPort, kPublic, "10.0.0.10", kBastionGroup, "bastion-key");
  network.interfaces.find(kBastionPort)->auto_public_address = address("203.0.113.10");
  add_instance(network, kPrivateInstance, kPrivatePort, kPrivate, "10.0.1.10", kPrivateGroup, "private-key");
  add_instance(network, kSessionInstance, kSessionPort, kPrivate, "10.0.1.20", kSessionGroup);
  network.instances.find(kSessionInstance)->profile = InstanceProfile{"ssm-profile", "ssm-role", true, true};
  network.instances.find(kSessionInstance)->agent = {true, true, true};
  return network;
}

inline InterfaceEndpointId endpoint_id(std::string_view service) {
  return InterfaceEndpointId("vpce-" + std::string(service));
}
inline InterfaceId endpoint_port(std::string_view service) {
  return InterfaceId("eni-" + std::string(service));
}
inline void add_endpoint(Network& network, std::string_view service, std::string_view private_address) {
  network.endpoints.put({endpoint_id(service), kVpc, "com.amazonaws.us-east-1." + std::string(service)});
  network.interfaces.put(
      {endpoint_port(service), kPrivate, address(private_address), endpoint_id(service), {kEndpointGroup}});
}

// 5.2: Session Manager through interface endpoints.
inline Network with_endpoints(Network network = walkthrough()) {
  network.security_groups.put({kEndpointGroup, kVpc, "vpce-sg", "interface endpoints"});
  allow_tcp(network, kEndpointGroup, Direction::ingress, 443, block("10.0.1.0/24"));
  allow_tcp(network, kEndpointGroup, Direction::egress, 443, kAnywhere);
  add_endpoint(network, "ssm", "10.0.1.101");
  add_endpoint(network, "ssmmessages", "10.0.1.102");
  add_endpoint(network, "ec2messages", "10.0.1.103");
  return network;
}

// 5.3: Session Manager through a NAT gateway.
inline Network with_nat(Network network = walkthrough()) {
  network.nat_gateways.put({kNat, kPublic, kNatPort});
  network.interfaces.put({kNatPort, kPublic, address("10.0.0.200"), kNat});
  network.elastic_addresses.put({AllocationId("eipalloc-nat"), address("203.0.113.200"), kNatPort});
  set_route(network, kPrivateTable, kNat);
  return network;
}

inline ConnectEndpointId const kConnectEndpoint("eice-lab");
inline InterfaceId const kConnectPort("eni-eice");
inline SecurityGroupId const kConnectGroup("sg-eice");

// 5.4: a connect endpoint, which lets nothing in and out only to the private instances' group, whose rule
// for the bastion's is gone.
inline Network with_connect_endpoint(Network network = walkthrough()) {
  network.security_groups.put({kConnectGroup, kVpc, "eice-sg", "EIC endpoint"});
  allow_tcp(network, kConnectGroup, Direction::egress, 22, kPrivateGroup);
  revoke(network, kPrivateGroup, Direction::ingress);
  allow_tcp(network, kPrivateGroup, Direction::ingress, 22, kConnectGroup);
  network.connect_endpoints.put({kConnectEndpoint, kVpc, kPrivate});
  network.interfaces.put({kConnectPort, kPrivate, address("10.0.1.110"), kConnectEndpoint, {kConnectGroup}});
  return network;
}

}  // namespace fumidai::network
