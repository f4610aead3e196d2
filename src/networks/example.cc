#include "networks/example.h"

#include "networks/connect_endpoints.h"
#include "networks/elastic_addresses.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/interface_endpoints.h"
#include "networks/internet_gateways.h"
#include "networks/key_pairs.h"
#include "networks/nat_gateways.h"
#include "networks/route_tables.h"
#include "networks/security_groups.h"
#include "networks/vpcs.h"

namespace fumidai::networks {

namespace {

using network::Direction;

constexpr char const* kBlock = "10.0.0.0/16";
constexpr char const* kPublicBlock = "10.0.0.0/24";
constexpr char const* kPrivateBlock = "10.0.1.0/24";
constexpr char const* kAnywhere = "0.0.0.0/0";

// What the role of an instance in the example is called in its tag Name.
constexpr std::string_view kBastion = "bastion", kBehind = "behind-bastion", kEndpoints = "by-endpoints",
                           kNat = "by-nat", kTunnel = "by-tunnel";

struct Ground {
  std::string vpc, public_subnet, private_subnet, private_table;
};

class Maker {
 public:
  Maker(State& state, ExampleWish const& wish, Time now) : state_(state), wish_(wish), now_(now) {}

  Result<Example> make() {
    Example example;
    TRY(auto first, ground("example"));
    CHECK(bastion(first, example));
    CHECK(endpoints(first, example));
    CHECK(tunnel(first, example));
    TRY(auto second, ground("example-nat"));
    CHECK(nat(second, example));
    return example;
  }

 private:
  template <class Tag>
  Result<std::string> named(Id<Tag> const& id, std::string_view name) {
    CHECK(put_tags(state_, id.text(), {{"Name", std::string(name)}, {std::string(kExampleTag), wish_.name}}));
    return id.text();
  }

  // A VPC with a public and a private subnet.
  Result<Ground> ground(std::string const& name) {
    Ground made;
    TRY(auto vpc, create_vpc(state_, kBlock));
    TRY(made.vpc, named(vpc, name));
    CHECK(modify_vpc(state_, made.vpc, {{}, true}));
    TRY(auto outside, create_subnet(state_, {made.vpc, kPublicBlock, ""}));
    TRY(made.public_subnet, named(outside, name + "-public"));
    state_.network.subnets.find(outside)->maps_public_ip = true;
    TRY(auto inside, create_subnet(state_, {made.vpc, kPrivateBlock, ""}));
    TRY(made.private_subnet, named(inside, name + "-private"));
    TRY(auto gateway, create_internet_gateway(state_));
    TRY(auto gateway_id, named(gateway, name));
    CHECK(attach_internet_gateway(state_, gateway_id, made.vpc));
    TRY(auto public_table, table(made.vpc, made.public_subnet, name + "-public"));
    CHECK(create_route(state_, {public_table, kAnywhere, {gateway_id}}));
    TRY(made.private_table, table(made.vpc, made.private_subnet, name + "-private"));
    return made;
  }

  Result<std::string> table(std::string const& vpc, std::string const& subnet, std::string const& name) {
    TRY(auto id, create_route_table(state_, vpc));
    CHECK(associate_route_table(state_, id.text(), subnet));
    return named(id, name);
  }

  Result<std::string> group(std::string const& vpc, std::string const& name) {
    TRY(auto id, create_security_group(state_, {vpc, name, name}));
    return named(id, name);
  }

  Result<void> allow_in(std::string const& group, int port, WrittenRule::Peer kind, std::string peer) {
    WrittenRule rule{"tcp", port, port, kind, std::move(peer)};
    CHECK(authorize(state_, group, Direction::ingress, {rule}));
    return success();
  }

  Result<InstanceId> instance(std::string_view name, std::string const& subnet, std::string const& group,
                              std::string key, std::string profile) {
    NewInstances wanted;
    wanted.image = std::string(images().front().id);
    wanted.subnet = subnet;
    wanted.groups = {group};
    wanted.key_name = std::move(key);
    wanted.profile = std::move(profile);
    TRY(auto ids, run_instances(state_, wanted, now_));
    CHECK(named(ids.front(), name));
    return ids.front();
  }

  Result<std::string> key(std::string const& name, SshPublicKey const& key) {
    TRY(auto id, add_key_pair(state_, name, key, now_));
    CHECK(named(id, name));
    return name;
  }

  Result<void> bastion(Ground const& at, Example& example) {
    TRY(auto outer, group(at.vpc, "bastion-sg"));
    TRY(auto inner, group(at.vpc, "private-sg"));
    CHECK(allow_in(outer, 22, WrittenRule::Peer::ipv4, wish_.person.text() + "/32"));
    CHECK(allow_in(inner, 22, WrittenRule::Peer::group, outer));
    TRY(auto outer_key, key(wish_.name + "-bastion-key", wish_.bastion));
    TRY(auto inner_key, key(wish_.name + "-private-key", wish_.inner));
    TRY(example.bastion, instance(kBastion, at.public_subnet, outer, outer_key, ""));
    TRY(example.behind_bastion, instance(kBehind, at.private_subnet, inner, inner_key, ""));
    return success();
  }

  Result<void> endpoints(Ground const& at, Example& example) {
    TRY(auto door, group(at.vpc, "vpce-sg"));
    CHECK(allow_in(door, 443, WrittenRule::Peer::ipv4, kPrivateBlock));
    for (auto service : network::kSessionManagerServices) {
      NewEndpoint wanted{at.vpc, state_.network.full_name(service), {at.private_subnet}, {door}};
      TRY(auto id, create_endpoint(state_, wanted, now_));
      CHECK(named(id, service));
    }
    TRY(auto closed, group(at.vpc, "ssm-instance-sg"));
    TRY(example.by_endpoints, instance(kEndpoints, at.private_subnet, closed, "", wish_.profile));
    return success();
  }

  Result<void> tunnel(Ground const& at, Example& example) {
    TRY(auto outer, group(at.vpc, "eice-sg"));
    TRY(auto inner, group(at.vpc, "eic-instance-sg"));
    CHECK(allow_in(inner, 22, WrittenRule::Peer::group, outer));
    NewConnectEndpoint wanted{at.private_subnet, {outer}};
    wanted.domain = wish_.connect_domain;
    TRY(auto id, create_connect_endpoint(state_, wanted, ConnectLimits::none(), now_));
    CHECK(named(id, "connect"));
    TRY(example.by_tunnel, instance(kTunnel, at.private_subnet, inner, "", ""));
    return success();
  }

  Result<void> nat(Ground const& at, Example& example) {
    TRY(auto address, allocate_address(state_));
    TRY(auto address_id, named(address, "example-nat"));
    TRY(auto gateway, create_nat_gateway(state_, {at.public_subnet, address_id}, now_));
    TRY(auto gateway_id, named(gateway, "example-nat"));
    CHECK(create_route(state_, {at.private_table, kAnywhere, {gateway_id}}));
    TRY(auto closed, group(at.vpc, "ssm-instance-sg"));
    TRY(example.by_nat, instance(kNat, at.private_subnet, closed, "", wish_.profile));
    return success();
  }

  State& state_;
  ExampleWish const& wish_;
  Time now_;
};

}  // namespace

Result<Example> make_example(State& state, ExampleWish const& wish, Time now) {
  if (find_example(state, wish.name))
    return invalid_parameter("The networks of the example '" + wish.name + "' are there already.");
  return Maker(state, wish, now).make();
}

std::optional<Example> find_example(State const& state, std::string const& name) {
  Example example;
  for (auto const& instance : state.network.instances) {
    auto const& tags = state.tags_of(instance.id.text());
    auto tag = tags.find(std::string(kExampleTag));
    bool is_gone =
        instance.state == InstanceState::terminated || instance.state == InstanceState::shutting_down;
    if (is_gone || tag == tags.end() || tag->second != name || !tags.contains("Name")) continue;
    auto const& role = tags.at("Name");
    if (role == kBastion) example.bastion = instance.id;
    if (role == kBehind) example.behind_bastion = instance.id;
    if (role == kEndpoints) example.by_endpoints = instance.id;
    if (role == kNat) example.by_nat = instance.id;
    if (role == kTunnel) example.by_tunnel = instance.id;
  }
  bool is_whole = !example.bastion.empty() && !example.behind_bastion.empty() &&
                  !example.by_endpoints.empty() && !example.by_nat.empty() && !example.by_tunnel.empty();
  return is_whole ? std::optional(example) : std::nullopt;
}

}  // namespace fumidai::networks
