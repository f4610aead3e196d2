#include "network/path.h"

#include <fmt/format.h>

#include <algorithm>

namespace fumidai::network {

namespace {

std::string list_of(std::vector<SecurityGroupId> const& groups) {
  if (groups.empty()) return "no group";
  std::string list;
  for (auto& group : groups) list += (list.empty() ? "" : ", ") + group.text();
  return list;
}

std::string text_of(Address const& address) {
  return address == the_internet() ? "the internet" : address.text();
}

std::string text_of(SecurityRule const& rule) {
  auto* block = std::get_if<Cidr>(&rule.peer);
  auto peer = block ? block->text() : std::get<SecurityGroupId>(rule.peer).text();
  return fmt::format("rule {} ({} {})", rule.id.text(), rule.direction == Direction::ingress ? "from" : "to",
                     peer);
}

// Where a connection is aimed at, as seen from where it begins.
struct Aim {
  Address address;
  std::optional<Location> location = {};  // of the interface that has the address, if one of ours does
  bool within = false;                    // the own VPC, by a private address
};

class Walk {
 public:
  // With a client: whose address the other end sees as the sender's.
  Walk(Network const& network, Flow const& flow, std::optional<Address> client = {})
      : network_(network), flow_(flow), client_(client) {}

  Result<void> go(End const& from, End const& to) {
    auto* interface = std::get_if<InterfaceId>(&from);
    if (!interface) return from_outside(std::get<Address>(from), to);
    TRY(auto source, network_.locate(*interface));
    TRY(auto aim, aim_from(source, to));
    if (!owner_is_ready(source)) return success();
    if (aim.within) {
      within_vpc(source, aim);
    } else {
      across_the_internet(source, aim);
    }
    return success();
  }

  Path take() { return std::move(path_); }

 private:
  Result<Aim> aim_from(Location const& source, End const& to) const {
    if (auto* id = std::get_if<InterfaceId>(&to)) {
      TRY(auto there, network_.locate(*id));
      bool within = there.vpc->id == source.vpc->id;
      auto seen = within ? std::nullopt : network_.public_address(*there.interface);
      return Aim{seen.value_or(there.interface->private_address), there, within};
    }
    auto& address = std::get<Address>(to);
    bool within = source.vpc->cidr.contains(address);
    auto* interface =
        within ? network_.by_private_address(source.vpc->id, address) : network_.by_public_address(address);
    if (!interface) return Aim{address, {}, within};
    TRY(auto there, network_.locate(interface->id));
    return Aim{address, there, within};
  }

  // Routes of a VPC's own block lead nowhere else, so there is no way out to lose and none back.
  void within_vpc(Location const& source, Aim const& aim) {
    Peer there{aim.address, aim.location ? aim.location->interface->groups : std::vector<SecurityGroupId>{}};
    ask_groups(source, Direction::egress, there);
    pass(Pass::route, source.table->id.text(),
         fmt::format("sends {} to local ({})", aim.address.text(), source.vpc->cidr.text()));
    if (!aim.location) return block_unknown(aim.address, *source.vpc);
    auto sender = client_.value_or(source.interface->private_address);
    arrive(*aim.location, {sender, source.interface->groups});
  }

  void across_the_internet(Location const& source, Aim const& aim) {
    ask_groups(source, Direction::egress, {aim.address});
    if (aim.location && aim.location->interface->private_address == aim.address) {
      return block(Pass::address, aim.address.text(), Block::other_vpc,
                   fmt::format("is a private address of {}, and {} does not see other VPCs",
                               aim.location->vpc->id.text(), source.vpc->id.text()));
    }
    if (is_unroutable(aim.address)) return block_private(aim.address);
    if (auto seen_as = leave(source, aim.address); seen_as && aim.location) come_in(*aim.location, *seen_as);
  }

  Result<void> from_outside(Address const& from, End const& to) {
    TRY(auto aim, aim_from_outside(to));
    if (aim.location) {
      come_in(*aim.location, from);
    } else if (is_unroutable(aim.address)) {
      block_private(aim.address);
    } else {
      pass(Pass::address, aim.address.text(), "is outside too");
    }
    return success();
  }

  Result<Aim> aim_from_outside(End const& to) const {
    auto* id = std::get_if<InterfaceId>(&to);
    auto* interface = id ? network_.interfaces.find(*id) : network_.by_public_address(std::get<Address>(to));
    if (!id && !interface) return Aim{std::get<Address>(to)};
    TRY(auto there, network_.locate(id ? *id : interface->id));
    return Aim{there.interface->private_address, there};
  }

  // Out of the VPC by the route of the source's subnet: the address that the others see, or nothing when it
  // ends here.
  std::optional<Address> leave(Location const& source, Address const& to) {
    auto route = follow_route(source, to);
    if (!route) return {};
    if (std::holds_alternative<NatGatewayId>(route->target)) return through_nat(source, *route, to);
    if (auto* id = std::get_if<InterfaceId>(&route->target)) {
      to_forwarder(*id);
      return {};
    }
    auto seen_as = network_.public_address(*source.interface);
    if (!pass_gateway(*source.vpc)) return {};
    if (!seen_as) {
      block(Pass::public_address, source.interface->id.text(), Block::no_public_address,
            "has no public address, and an internet gateway passes nothing without one",
            mend_public_address(network_, source.interface->id));
      return {};
    }
    pass(Pass::public_address, source.interface->id.text(), "goes out as " + seen_as->text());
    return seen_as;
  }

  std::optional<Route> follow_route(Location const& source, Address const& to) {
    auto& table = *source.table;
    auto route = choose_route(table, *source.vpc, to);
    if (!route) {
      block(Pass::route, table.id.text(), Block::no_route, "has no route for " + text_of(to),
            mend_way_out(network_, source, nullptr));
      return {};
    }
    auto sends = fmt::format("sends {} to {}", route->destination.text(), network::text_of(route->target));
    if (std::holds_alternative<Local>(route->target)) {
      block_unknown(to, *source.vpc);
      return {};
    }
    if (network_.is_blackhole(table, *route) && !leads_to_failed_nat(*route)) {
      block(Pass::route, table.id.text(), Block::blackhole, sends + ", which is gone: a blackhole",
            mend_way_out(network_, source, &*route));
      return {};
    }
    pass(Pass::route, table.id.text(), sends);
    return route;
  }

  // Which can tell why.
  bool leads_to_failed_nat(Route const& route) const {
    auto* id = std::get_if<NatGatewayId>(&route.target);
    auto* gateway = id ? network_.nat_gateways.find(*id) : nullptr;
    return gateway && gateway->state == NatState::failed;
  }

  // The network's part ends here.
  void to_forwarder(InterfaceId const& interface) {
    auto& instance = *network_.instance_at(interface);
    auto& id = instance.id.text();
    if (!instance.source_dest_check) {
      return block(Pass::forwarder, id, Block::forwarded_unknown,
                   "gets it; whether its system forwards what is not for it is not known here");
    }
    block(
        Pass::forwarder, id, Block::source_dest_check,
        "checks sources and destinations: it gets only what is for itself",
        {{aws_command({"ec2", "modify-instance-attribute", "--instance-id", id, "--no-source-dest-check"})}});
  }

  std::optional<Address> through_nat(Location const& source, Route const& route, Address const& to) {
    auto& nat = *network_.nat_gateways.find(std::get<NatGatewayId>(route.target));
    auto at = network_.locate(nat.interface);
    if (auto fault = fault_of(nat, source, route, at ? &*at : nullptr, to)) {
      path_.hops.push_back(*std::move(fault));
      return {};
    }
    pass(Pass::nat_gateway, nat.id.text(), "is available in public subnet " + nat.subnet.text());
    return leave(*at, to);
  }

  std::optional<Hop> fault_of(NatGateway const& nat, Location const& source, Route const& route,
                              Location const* at, Address const& to) const {
    auto fault = [&](Block why, std::string reason, Mend mend) {
      return Hop{Pass::nat_gateway, nat.id.text(), std::move(reason), why, std::move(mend)};
    };
    auto another = mend_way_out(network_, source, &route);
    auto failure = nat.failure.empty() ? "" : ": " + nat.failure;
    if (!nat.is_public) return fault(Block::nat_is_private, "is a private NAT gateway", another);
    if (!network_.gateway_of(source.vpc->id)) {
      return fault(Block::no_internet_gateway,
                   fmt::format("is {}{}; {} has no internet gateway", to_string(nat.state), failure,
                               source.vpc->id.text()),
                   another);
    }
    if (nat.state != NatState::available) {
      return fault(Block::nat_not_available, fmt::format("is {}{}", to_string(nat.state), failure),
                   nat.state == NatState::pending ? Mend() : another);
    }
    // Also what ends the walk: a NAT gateway whose route leads to a NAT gateway could send it in circles.
    if (!at || !network_.leads_to_gateway(*at->table, *at->vpc, to)) {
      return fault(Block::nat_in_private_subnet,
                   fmt::format("is in {}, whose own route does not lead to an internet gateway: it takes "
                               "packets and loses them",
                               nat.subnet.text()),
                   another);
    }
    return {};
  }

  bool pass_gateway(Vpc const& vpc) {
    auto* gateway = network_.gateway_of(vpc.id);
    if (!gateway) {
      block(Pass::internet_gateway, vpc.id.text(), Block::no_internet_gateway, "has no internet gateway",
            mend_internet_gateway(network_, vpc.id));
      return false;
    }
    pass(Pass::internet_gateway, gateway->id.text(), "is attached to " + vpc.id.text());
    return true;
  }

  // In from the internet, to an interface of ours.
  void come_in(Location const& there, Address const& from) {
    if (!pass_gateway(*there.vpc)) return;
    auto& id = there.interface->id.text();
    auto address = network_.public_address(*there.interface);
    if (!address) {
      // What stands in a private subnet is meant to have none.
      bool may_have_one = there.subnet->maps_public_ip || network_.is_public(*there.subnet);
      return block(Pass::public_address, id, Block::no_public_address,
                   fmt::format("has no public address; {} means nothing outside its VPC",
                               there.interface->private_address.text()),
                   may_have_one ? mend_public_address(network_, there.interface->id) : Mend());
    }
    pass(Pass::public_address, id, "is " + address->text() + " on the internet");
    if (leads_back(there, from)) arrive(there, {from});
  }

  // Only the gateway can give a reply the address that it was asked under.
  bool leads_back(Location const& there, Address const& to) {
    auto& table = *there.table;
    auto route = choose_route(table, *there.vpc, to);
    bool back = network_.leads_to_gateway(table, *there.vpc, to);
    if (back) {
      pass(Pass::route, table.id.text(), "sends replies to " + network::text_of(route->target));
    } else {
      block(Pass::route, table.id.text(), Block::no_way_back,
            fmt::format("does not send replies for {} to an internet gateway", text_of(to)),
            mend_route_to_gateway(network_, there, route ? &*route : nullptr));
    }
    return back;
  }

  void arrive(Location const& there, Peer const& from) {
    pass(Pass::subnet, there.subnet->id.text(), "holds " + there.interface->private_address.text());
    if (owner_is_ready(there)) ask_groups(there, Direction::ingress, from);
  }

  bool owner_is_ready(Location const& at) {
    auto& owner = at.interface->owner;
    auto* endpoint = std::holds_alternative<InterfaceEndpointId>(owner)
                         ? network_.endpoints.find(std::get<InterfaceEndpointId>(owner))
                         : nullptr;
    auto* instance = std::holds_alternative<InstanceId>(owner)
                         ? network_.instances.find(std::get<InstanceId>(owner))
                         : nullptr;
    auto* door = std::holds_alternative<ConnectEndpointId>(owner)
                     ? network_.connect_endpoints.find(std::get<ConnectEndpointId>(owner))
                     : nullptr;
    bool ready = (!endpoint || endpoint->state == EndpointState::available) &&
                 (!instance || instance->state == InstanceState::running) &&
                 (!door || is_usable(door->state));
    if (ready) return true;
    auto state = endpoint ? to_string(endpoint->state)
                 : door   ? to_string(door->state)
                          : to_string(instance->state);
    bool can_start = instance && instance->state == InstanceState::stopped;
    auto id = network::text_of(owner);
    auto start = aws_command({"ec2", "start-instances", "--instance-ids", id});
    block(Pass::owner, id, Block::not_ready, fmt::format("is {}", state), can_start ? Mend{{start}} : Mend{});
    return false;
  }

  void ask_groups(Location const& at, Direction direction, Peer const& peer) {
    auto kind = direction == Direction::ingress ? Pass::ingress_rule : Pass::egress_rule;
    auto& groups = at.interface->groups;
    if (std::holds_alternative<NatGatewayId>(at.interface->owner)) return;
    if (auto allowance = network_.allowance(groups, direction, flow_, peer)) {
      return pass(kind, allowance->group->id.text(),
                  fmt::format("allows {} by {}", to_string(flow_), text_of(*allowance->rule)));
    }
    auto way = direction == Direction::ingress ? "from" : "to";
    block(kind, list_of(groups),
          direction == Direction::ingress ? Block::no_ingress_rule : Block::no_egress_rule,
          fmt::format("has no {} rule for {} {} {}", to_string(direction), to_string(flow_), way,
                      text_of(peer.address)),
          mend_rule(groups, direction, flow_, peer));
  }

  void block_unknown(Address const& address, Vpc const& vpc) {
    block(Pass::address, address.text(), Block::no_such_address,
          "is in the block of " + vpc.id.text() + " and belongs to no interface there");
  }
  void block_private(Address const& address) {
    block(Pass::address, address.text(), Block::private_address,
          "is a private address: no router of the internet knows a way to it");
  }
  void pass(Pass kind, std::string id, std::string reason) {
    path_.hops.push_back({kind, std::move(id), std::move(reason)});
  }
  void block(Pass kind, std::string id, Block why, std::string reason, Mend mend = {}) {
    path_.hops.push_back({kind, std::move(id), std::move(reason), why, std::move(mend)});
  }

  Network const& network_;
  Flow const& flow_;
  std::optional<Address> client_;
  Path path_;
};

Result<Path> walked(Walk walk, End const& from, End const& to, Flow const& flow) {
  CHECK(walk.go(from, to));
  auto path = walk.take();
  path.from = from;
  path.to = to;
  path.flow = flow;
  return path;
}

}  // namespace

std::string_view to_string(Pass pass) {
  switch (pass) {
    case Pass::owner: return "state";
    case Pass::egress_rule: return "security group, outbound";
    case Pass::route: return "route table";
    case Pass::nat_gateway: return "NAT gateway";
    case Pass::forwarder: return "instance";
    case Pass::internet_gateway: return "internet gateway";
    case Pass::public_address: return "public address";
    case Pass::address: return "address";
    case Pass::subnet: return "subnet";
    case Pass::ingress_rule: return "security group, inbound";
  }
  return "";
}

std::string_view to_string(Block block) {
  switch (block) {
    case Block::not_ready: return "not-ready";
    case Block::no_egress_rule: return "no-egress-rule";
    case Block::no_route: return "no-route";
    case Block::blackhole: return "blackhole";
    case Block::no_internet_gateway: return "no-internet-gateway";
    case Block::no_public_address: return "no-public-address";
    case Block::nat_not_available: return "nat-not-available";
    case Block::nat_is_private: return "nat-is-private";
    case Block::nat_in_private_subnet: return "nat-in-private-subnet";
    case Block::source_dest_check: return "source-dest-check";
    case Block::forwarded_unknown: return "forwarded-unknown";
    case Block::private_address: return "private-address";
    case Block::other_vpc: return "other-vpc";
    case Block::no_such_address: return "no-such-address";
    case Block::no_way_back: return "no-way-back";
    case Block::no_ingress_rule: return "no-ingress-rule";
  }
  return "";
}

Hop const* Path::blocked() const {
  auto found = std::ranges::find_if(hops, [](auto& hop) { return hop.block.has_value(); });
  return found == hops.end() ? nullptr : &*found;
}

bool Path::passes(Pass pass) const {
  return std::ranges::any_of(hops, [&](auto& hop) { return hop.pass == pass && !hop.block; });
}

std::string Path::text() const {
  std::string text;
  for (auto& hop : hops) {
    text += fmt::format("{} {}: {} {}\n", hop.block ? "✗" : "✓", to_string(hop.pass), hop.id, hop.reason);
  }
  return text;
}

Result<Path> path(Network const& network, End const& from, End const& to, Flow const& flow) {
  return walked(Walk(network, flow), from, to, flow);
}

Result<Path> tunnel_path(Network const& network, ConnectEndpointId const& from, Address const& client,
                         End const& to, Flow const& flow) {
  auto* endpoint = network.connect_endpoints.find(from);
  auto interfaces = network.interfaces_of(from);
  if (!endpoint || interfaces.empty())
    return Error{Errc::not_found, "the network has no '" + from.text() + "' with an interface"};
  auto sender = endpoint->preserve_client_ip ? std::optional(client) : std::nullopt;
  TRY(auto way, walked(Walk(network, flow, sender), interfaces.front()->id, to, flow));
  way.sender = sender;
  return way;
}

}  // namespace fumidai::network
