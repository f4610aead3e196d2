#pragma once

// The members of the values that are stored. A member that is not named here is not stored: what others know
// of an instance is filled in by whoever judges it.

#include "networks/record.h"
#include "networks/state.h"

namespace fumidai::network {

BOOST_DESCRIBE_STRUCT(Vpc, (), (id, cidr, dns_support, dns_hostnames, acl))
BOOST_DESCRIBE_STRUCT(Subnet, (), (id, vpc, cidr, zone, maps_public_ip))
BOOST_DESCRIBE_STRUCT(Route, (), (destination, target))
BOOST_DESCRIBE_STRUCT(TableAssociation, (), (id, subnet))
BOOST_DESCRIBE_STRUCT(RouteTable, (), (id, vpc, main, associations, routes))
BOOST_DESCRIBE_STRUCT(InternetGateway, (), (id, vpc))
BOOST_DESCRIBE_STRUCT(NatAddress, (), (private_address, allocation, public_address, association))
BOOST_DESCRIBE_STRUCT(NatGateway, (),
                      (id, subnet, interface, is_public, state, failure, created_at, deleted_at, given_back))
BOOST_DESCRIBE_STRUCT(ElasticAddress, (), (id, address, interface, association))
BOOST_DESCRIBE_STRUCT(Ports, (), (first, last))
BOOST_DESCRIBE_STRUCT(SecurityRule, (), (id, direction, protocol, ports, peer, description))
BOOST_DESCRIBE_STRUCT(SecurityGroup, (), (id, vpc, name, description, rules))
BOOST_DESCRIBE_STRUCT(NetworkInterface, (),
                      (id, subnet, private_address, owner, groups, auto_public_address, description,
                       attachment))
BOOST_DESCRIBE_STRUCT(InterfaceEndpoint, (),
                      (id, vpc, service, private_dns, state, policy, created_at, deleted_at, groups))
BOOST_DESCRIBE_STRUCT(ConnectEndpoint, (),
                      (id, vpc, subnet, preserve_client_ip, state, state_message, dns_name, created_at,
                       state_since))
BOOST_DESCRIBE_STRUCT(InstanceProfile, (), (name))
BOOST_DESCRIBE_STRUCT(Instance, (), (id, interface, state, type, key_name, profile, source_dest_check))

}  // namespace fumidai::network

namespace fumidai::networks {

BOOST_DESCRIBE_STRUCT(KeyPair, (), (id, name, type, fingerprint, public_key, created_at))
BOOST_DESCRIBE_STRUCT(MetadataOptions, (), (enabled, tokens_required, hop_limit, tags))
BOOST_DESCRIBE_STRUCT(Launch, (),
                      (id, reservation, image, client_token, index, launched_at, state_since, user_data,
                       metadata, protected_from_termination, wants_public_address, is_new, rebooted_at,
                       reason_code, reason, profile_association, profile_associated_at, public_key,
                       stops_by_force))
BOOST_DESCRIBE_STRUCT(Tagged, (), (id, tags))
BOOST_DESCRIBE_STRUCT(ClientToken, (), (id, digest, made, at))

// Calls visit(kind, table...) for each table, with that table of each of the states; kinds are words of the
// store.
template <class Visitor, class... States>
void for_each_table(Visitor&& visit, States&... states) {
  visit("vpc", states.network.vpcs...);
  visit("subnet", states.network.subnets...);
  visit("route-table", states.network.route_tables...);
  visit("internet-gateway", states.network.internet_gateways...);
  visit("nat-gateway", states.network.nat_gateways...);
  visit("elastic-address", states.network.elastic_addresses...);
  visit("security-group", states.network.security_groups...);
  visit("network-interface", states.network.interfaces...);
  visit("interface-endpoint", states.network.endpoints...);
  visit("connect-endpoint", states.network.connect_endpoints...);
  visit("instance", states.network.instances...);
  visit("key-pair", states.key_pairs...);
  visit("launch", states.launches...);
  visit("tags", states.tagged...);
  visit("client-token", states.client_tokens...);
}

}  // namespace fumidai::networks
