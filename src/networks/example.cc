#include "networks/example.h"

#include <algorithm>

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

// What is shown for a while, but does nothing any more.
template <class Part>
bool is_gone(Part const&) {
  return false;
}
bool is_gone(network::Instance const& instance) {
  return instance.state == InstanceState::terminated || instance.state == InstanceState::shutting_down;
}
bool is_gone(network::NatGateway const& gateway) {
  return gateway.state != network::NatState::pending && gateway.state != network::NatState::available;
}
bool is_gone(network::ConnectEndpoint const& endpoint) {
  return !is_usable(endpoint.state) && endpoint.state != network::ConnectEndpointState::create_in_progress;
}
// One that another gateway has, as one that is being deleted does, is of no use.
bool is_gone(network::ElasticAddress const& address) {
  return address.interface.has_value();
}

bool is_part(Tags const& tags, std::string const& example) {
  auto found = tags.find(std::string(kExampleTag));
  return found != tags.end() && found->second == example;
}

// Finds the example's parts, by their tags.
class Parts {
 public:
  Parts(State const& state, std::string const& example) : state_(state), example_(example) {}

  template <class Part>
  Part const* find(Table<Part> const& table, std::string_view name) const {
    auto is_it = [&](Part const& part) { return !is_gone(part) && is_called(part.id.text(), name); };
    auto found = std::ranges::find_if(table, is_it);
    return found == table.end() ? nullptr : &*found;
  }

 private:
  bool is_called(std::string const& id, std::string_view name) const {
    auto const& tags = state_.tags_of(id);
    auto called = tags.find("Name");
    return is_part(tags, example_) && called != tags.end() && called->second == name;
  }

  State const& state_;
  std::string const& example_;
};

// Makes what is missing, and leaves what is there as it is.
class Maker {
 public:
  Maker(State& state, ExampleWish const& wish, Time now)
      : state_(state), network_(state.network), wish_(wish), now_(now), parts_(state, wish.name) {}

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

  // The id of the part of that name, which `make` makes if it is not there.
  template <class Part, class Make>
  Result<std::string> part(Table<Part> const& table, std::string_view name, Make make) {
    if (auto const* known = parts_.find(table, name)) return known->id.text();
    TRY(auto id, make());
    return named(id, name);
  }

  // A VPC with a public and a private subnet.
  Result<Ground> ground(std::string const& name) {
    Ground made;
    TRY(made.vpc, vpc(name));
    TRY(made.public_subnet, subnet(made.vpc, kPublicBlock, name + "-public", true));
    TRY(made.private_subnet, subnet(made.vpc, kPrivateBlock, name + "-private", false));
    TRY(auto gateway, internet_gateway(made.vpc, name));
    TRY(auto public_table, table(made.vpc, made.public_subnet, name + "-public"));
    CHECK(lead_out(public_table, gateway));
    TRY(made.private_table, table(made.vpc, made.private_subnet, name + "-private"));
    return made;
  }

  Result<std::string> vpc(std::string const& name) {
    return part(network_.vpcs, name, [&]() -> Result<network::VpcId> {
      TRY(auto id, create_vpc(state_, kBlock));
      CHECK(modify_vpc(state_, id.text(), {{}, true}));
      return id;
    });
  }

  Result<std::string> subnet(std::string const& vpc, char const* block, std::string const& name,
                             bool is_public) {
    return part(network_.subnets, name, [&]() -> Result<network::SubnetId> {
      TRY(auto id, create_subnet(state_, {vpc, block, ""}));
      network_.subnets.find(id)->maps_public_ip = is_public;
      return id;
    });
  }

  Result<std::string> internet_gateway(std::string const& vpc, std::string const& name) {
    if (auto const* attached = network_.gateway_of(network::VpcId(vpc))) return attached->id.text();
    TRY(auto id, part(network_.internet_gateways, name, [&] { return create_internet_gateway(state_); }));
    CHECK(attach_internet_gateway(state_, id, vpc));
    return id;
  }

  // A subnet that somebody gave another table keeps it.
  Result<std::string> table(std::string const& vpc, std::string const& subnet, std::string const& name) {
    TRY(auto id, part(network_.route_tables, name, [&] { return create_route_table(state_, vpc); }));
    auto serves = [&](auto const& each) { return each.serves(network::SubnetId(subnet)); };
    if (std::ranges::none_of(network_.route_tables, serves)) CHECK(associate_route_table(state_, id, subnet));
    return id;
  }

  // Whatever no other route takes, it takes to that gateway; a route that leads somewhere stays.
  Result<void> lead_out(std::string const& table_id, std::string const& gateway) {
    auto const& table = *network_.route_tables.find(network::RouteTableId(table_id));
    auto route = std::ranges::find(table.routes, *Cidr::parse(kAnywhere), &network::Route::destination);
    NewRoute wanted{table_id, kAnywhere, {gateway}};
    if (route == table.routes.end()) return create_route(state_, wanted);
    return leads_nowhere(table, *route) ? replace_route(state_, wanted) : success();
  }

  bool leads_nowhere(network::RouteTable const& table, network::Route const& route) const {
    auto const* nat = std::get_if<network::NatGatewayId>(&route.target);
    auto const* gateway = nat ? network_.nat_gateways.find(*nat) : nullptr;
    return network_.is_blackhole(table, route) || (gateway && is_gone(*gateway));
  }

  // Names of groups are unique in a VPC, so that one is the example's, whatever its tags.
  Result<std::string> group(std::string const& vpc, std::string const& name) {
    for (auto const& each : network_.security_groups) {
      if (each.vpc.text() == vpc && each.name == name) return each.id.text();
    }
    TRY(auto id, create_security_group(state_, {vpc, name, name}));
    return named(id, name);
  }

  Result<void> allow_in(std::string const& group, int port, WrittenRule::Peer kind, std::string peer) {
    WrittenRule rule{"tcp", port, port, kind, std::move(peer)};
    auto made = authorize(state_, group, Direction::ingress, {rule});
    bool is_there = !made && made.error().aws == "InvalidPermission.Duplicate";
    return made || is_there ? success() : Result<void>(made.error());
  }

  Result<InstanceId> instance(std::string_view name, std::string const& subnet, std::string const& group,
                              std::string key, std::string profile) {
    auto id = part(network_.instances, name, [&]() -> Result<InstanceId> {
      NewInstances wanted;
      wanted.image = std::string(images().front().id);
      wanted.subnet = subnet;
      wanted.groups = {group};
      wanted.key_name = std::move(key);
      wanted.profile = std::move(profile);
      TRY(auto ids, run_instances(state_, wanted, now_));
      return ids.front();
    });
    if (!id) return id.error();
    return InstanceId(*id);
  }

  // The name of a pair with this key; one with another key goes, when it is the example's. An instance knows
  // the key that the pair had when it was made: one that knows another goes as well, to be made again.
  Result<std::string> key(std::string const& name, SshPublicKey const& key, std::string_view of) {
    auto line = line_of(key, name);
    auto const* known = state_.key_pair_named(name);
    if (known && known->public_key == line) return name;
    if (known && !is_part(state_.tags_of(known->id.text()), wish_.name))
      return Error{Errc::conflict, "The key pair '" + name + "' has another key, and is not the example's.",
                   "InvalidKeyPair.Duplicate"};
    auto const* old = parts_.find(network_.instances, of);
    if (old && state_.public_key_of(*old) != line) CHECK(terminate_instances(state_, {old->id.text()}, now_));
    CHECK(delete_key_pair(state_, name, ""));
    TRY(auto id, add_key_pair(state_, name, key, now_));
    CHECK(named(id, name));
    return name;
  }

  Result<void> bastion(Ground const& at, Example& example) {
    TRY(auto outer, group(at.vpc, "bastion-sg"));
    TRY(auto inner, group(at.vpc, "private-sg"));
    CHECK(allow_in(outer, 22, WrittenRule::Peer::ipv4, wish_.person.text() + "/32"));
    CHECK(allow_in(inner, 22, WrittenRule::Peer::group, outer));
    TRY(auto outer_key, key(wish_.name + "-bastion-key", wish_.bastion, kBastion));
    TRY(auto inner_key, key(wish_.name + "-private-key", wish_.inner, kBehind));
    TRY(example.bastion, instance(kBastion, at.public_subnet, outer, outer_key, ""));
    TRY(example.behind_bastion, instance(kBehind, at.private_subnet, inner, inner_key, ""));
    return success();
  }

  // An endpoint that somebody made in the place of the example's does as well.
  Result<void> endpoints(Ground const& at, Example& example) {
    TRY(auto door, group(at.vpc, "vpce-sg"));
    CHECK(allow_in(door, 443, WrittenRule::Peer::ipv4, kPrivateBlock));
    for (auto service : network::kSessionManagerServices) {
      if (network_.endpoint_for(network::VpcId(at.vpc), service)) continue;
      NewEndpoint wanted{at.vpc, network_.full_name(service), {at.private_subnet}, {door}};
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
    CHECK(part(network_.connect_endpoints, "connect",
               [&] { return create_connect_endpoint(state_, wanted, ConnectLimits::none(), now_); }));
    TRY(example.by_tunnel, instance(kTunnel, at.private_subnet, inner, "", ""));
    return success();
  }

  Result<void> nat(Ground const& at, Example& example) {
    TRY(auto gateway, part(network_.nat_gateways, "example-nat", [&]() -> Result<network::NatGatewayId> {
          TRY(auto address,
              part(network_.elastic_addresses, "example-nat", [&] { return allocate_address(state_); }));
          return create_nat_gateway(state_, {at.public_subnet, address}, now_);
        }));
    CHECK(lead_out(at.private_table, gateway));
    TRY(auto closed, group(at.vpc, "ssm-instance-sg"));
    TRY(example.by_nat, instance(kNat, at.private_subnet, closed, "", wish_.profile));
    return success();
  }

  State& state_;
  Network& network_;
  ExampleWish const& wish_;
  Time now_;
  Parts parts_;
};

}  // namespace

Result<Example> make_example(State& state, ExampleWish const& wish, Time now) {
  auto made = Maker(state, wish, now).make();
  if (made) return made;
  auto error = made.error();
  if (error.detail.ends_with('.')) error.detail.pop_back();
  error.detail = "The example '" + wish.name + "' cannot be made whole: " + error.detail +
                 ". Change or delete what is in the way, and make it again.";
  return error;
}

std::vector<std::string> parts_of_example(State const& state, std::string const& name) {
  std::vector<std::string> ids;
  for (auto const& [id, tags] : state.tagged) {
    if (is_part(tags, name)) ids.push_back(id.text());
  }
  for (auto const& group : state.network.security_groups) {
    if (is_part(state.tags_of(group.vpc.text()), name) && !is_part(state.tags_of(group.id.text()), name))
      ids.push_back(group.id.text());
  }
  return ids;
}

Result<Example> find_example(State const& state, std::string const& name) {
  Example example;
  std::string missing;
  Parts parts(state, name);
  auto find = [&](std::string_view role) {
    auto const* instance = parts.find(state.network.instances, role);
    if (instance) return instance->id;
    missing += (missing.empty() ? "" : ", ") + std::string(role);
    return InstanceId();
  };
  example.bastion = find(kBastion);
  example.behind_bastion = find(kBehind);
  example.by_endpoints = find(kEndpoints);
  example.by_nat = find(kNat);
  example.by_tunnel = find(kTunnel);
  if (missing.empty()) return example;
  return Error{Errc::not_found,
               "The example '" + name + "' lacks " + missing + ". It is made whole by: fumidai lab up",
               "DoesNotExistException"};
}

}  // namespace fumidai::networks
