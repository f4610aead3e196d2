#pragma once

// Everything that is known of a region's networks at one moment. A value: reachability, methods and cost read
// it and change nothing.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/connect_endpoint.h"
#include "network/endpoint.h"
#include "network/gateway.h"
#include "network/instance.h"
#include "network/interface.h"
#include "network/route_table.h"
#include "network/security_group.h"
#include "network/table.h"
#include "network/vpc.h"

namespace fumidai::network {

// An interface and what surrounds it. Lives as long as the network that it points into stays unchanged.
struct Location {
  NetworkInterface const* interface;
  Subnet const* subnet;
  Vpc const* vpc;
  RouteTable const* table;  // its subnet's own, or else the VPC's main one
};

// The rule that lets a connection begin, and whose it is.
struct Allowance {
  SecurityGroup const* group;
  SecurityRule const* rule;
};

struct Network {
  std::string region = "us-east-1";
  Table<Vpc> vpcs = {};
  Table<Subnet> subnets = {};
  Table<RouteTable> route_tables = {};
  Table<InternetGateway> internet_gateways = {};
  Table<NatGateway> nat_gateways = {};
  Table<ElasticAddress> elastic_addresses = {};
  Table<SecurityGroup> security_groups = {};
  Table<NetworkInterface> interfaces = {};
  Table<InterfaceEndpoint> endpoints = {};
  Table<ConnectEndpoint> connect_endpoints = {};
  Table<Instance> instances = {};

  // Fails with not_found where the interface, or something that it stands on, is missing.
  Result<Location> locate(InterfaceId const& interface) const;
  Result<Location> locate(InstanceId const& instance) const;

  RouteTable const* table_of(Subnet const& subnet) const;
  InternetGateway const* gateway_of(VpcId const& vpc) const;
  bool is_blackhole(RouteTable const& table, Route const& route) const;
  // Whether the table sends packets for the address straight to an internet gateway that is there.
  bool leads_to_gateway(RouteTable const& table, Vpc const& vpc, Address const& to) const;
  bool is_public(Subnet const& subnet) const;  // does so for the internet as such

  ElasticAddress const* elastic_address_of(InterfaceId const& interface) const;
  std::optional<Address> public_address(NetworkInterface const& interface) const;
  NetworkInterface const* by_private_address(VpcId const& vpc, Address const& address) const;
  NetworkInterface const* by_public_address(Address const& address) const;
  std::vector<NetworkInterface const*> interfaces_of(InterfaceOwner const& owner) const;
  std::vector<Instance const*> instances_in(VpcId const& vpc) const;
  Instance const* instance_at(InterfaceId const& interface) const;  // null when it is nobody's, or another's

  std::string full_name(std::string_view service) const;  // com.amazonaws.us-east-1.ssm
  // ssm; empty where the service is not so named.
  std::string_view short_name(InterfaceEndpoint const& endpoint) const;
  // The name that is an endpoint's own, of all its interfaces or of those in one zone:
  // vpce-…-1a2b3c4d[-us-east-1a].ssm.us-east-1.vpce.amazonaws.com.
  std::string own_name(InterfaceEndpoint const& endpoint, std::string_view zone = {}) const;
  // The endpoint of "ssm", "ssmmessages", ... in a VPC, those that are gone left out; the available one
  // first, and among those the one that takes the name.
  InterfaceEndpoint const* endpoint_for(VpcId const& vpc, std::string_view service) const;
  // Whether the service's public name leads to this endpoint for everyone in its VPC.
  bool takes_the_name(InterfaceEndpoint const& endpoint) const;

  std::optional<Allowance> allowance(std::span<SecurityGroupId const> groups, Direction direction,
                                     Flow const& flow, Peer const& peer) const;

  friend bool operator==(Network const&, Network const&) = default;
};

// Some address out there that nobody in particular has (192.0.2.1, from a block for documentation): for
// questions about the internet as such.
Address the_internet();

// Addresses that no router of the internet carries: private, shared, link-local, loopback.
bool is_unroutable(Address const& address);

}  // namespace fumidai::network
