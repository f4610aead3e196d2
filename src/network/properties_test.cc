// What must hold for any tables, groups and networks; tried on generated ones.

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <sstream>

#include "network/path.h"
#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  bool once_in(unsigned times) { return below(times) == 0; }
  template <class T>
  T pick(std::vector<T> const& from) {
    return from[below(static_cast<unsigned>(from.size()))];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), random_);
  }

  // Few distinct bits, so that blocks nest and addresses fall on their edges often.
  Address any_address() {
    static constexpr std::uint8_t kBytes[] = {0, 1, 127, 128, 254, 255};
    Address address;
    for (unsigned i = 0; i < 4; i++) address.bytes[i] = kBytes[below(6)];
    return address;
  }
  Cidr any_block() { return {any_address(), below(33)}; }

  SecurityRule any_rule(std::vector<SecurityGroupId> const& groups) {
    int first = static_cast<int>(below(4));
    return {SecurityRuleId("sgr"),
            once_in(2) ? Direction::ingress : Direction::egress,
            pick<Protocol>({Protocol::tcp, Protocol::udp, Protocol::all}),
            {first, first + static_cast<int>(below(3))},
            once_in(3) ? RulePeer(pick(groups)) : RulePeer(any_block())};
  }

 private:
  std::mt19937 random_;
};

std::uint32_t number(Address const& address) {
  auto& b = address.bytes;
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

bool holds_by_arithmetic(Cidr const& block, Address const& address) {
  auto shift = 32 - block.prefix;
  return std::uint64_t{number(block.base)} >> shift == std::uint64_t{number(address)} >> shift;
}

TEST(Properties, the_chosen_route_holds_the_address_and_none_that_does_is_longer) {
  Generator any(1);
  for (int round = 0; round < 5000; round++) {
    Vpc vpc{kVpc, any.any_block()};
    RouteTable table{RouteTableId("rtb"), kVpc};
    for (auto count = any.below(6); count > 0; count--) table.routes.push_back({any.any_block(), kGateway});
    auto to = any.any_address();
    auto chosen = choose_route(table, vpc, to);

    auto all = table.routes;
    all.push_back({vpc.cidr, Local()});
    int longest = -1;
    for (auto& route : all) {
      if (holds_by_arithmetic(route.destination, to))
        longest = std::max(longest, int(route.destination.prefix));
    }
    ASSERT_EQ(chosen ? int(chosen->destination.prefix) : -1, longest);
    if (chosen) ASSERT_TRUE(holds_by_arithmetic(chosen->destination, to));
    bool is_local = chosen && std::holds_alternative<Local>(chosen->target);
    bool local_ties = vpc.cidr.contains(to) && int(vpc.cidr.prefix) == longest;
    ASSERT_EQ(is_local, local_ties);
  }
}

TEST(Properties, groups_add_up_and_their_order_and_number_never_take_anything_away) {
  Generator any(2);
  std::vector<SecurityGroupId> ids{SecurityGroupId("sg-1"), SecurityGroupId("sg-2"), SecurityGroupId("sg-3")};
  for (int round = 0; round < 5000; round++) {
    Network network;
    for (auto& id : ids) {
      SecurityGroup group{id, kVpc};
      for (auto count = any.below(3); count > 0; count--) group.rules.push_back(any.any_rule(ids));
      network.security_groups.put(group);
    }
    Flow flow{Protocol::tcp, static_cast<int>(any.below(6))};
    Peer peer{any.any_address(), {any.pick(ids)}};
    auto direction = any.once_in(2) ? Direction::ingress : Direction::egress;
    auto allowed = [&](std::vector<SecurityGroupId> const& groups) {
      return network.allowance(groups, direction, flow, peer).has_value();
    };

    bool by_one = std::ranges::any_of(ids, [&](auto& id) { return allowed({id}); });
    auto shuffled = ids;
    any.shuffle(shuffled);
    ASSERT_EQ(allowed(ids), by_one);
    ASSERT_EQ(allowed(shuffled), by_one);
    ASSERT_FALSE(allowed({}));
    if (auto found = network.allowance(ids, direction, flow, peer)) {
      ASSERT_TRUE(allows(*found->rule, direction, flow, peer));
    }
    network.security_groups.find(any.pick(ids))->rules.push_back(any.any_rule(ids));
    ASSERT_GE(allowed(ids), by_one);
  }
}

// Breaks some of the walkthrough, and routes it at random.
Network injured(Generator& any) {
  auto network = with_nat(with_endpoints());
  for (auto& group : {kBastionGroup, kPrivateGroup, kSessionGroup, kEndpointGroup}) {
    if (any.once_in(4)) revoke(network, group, Direction::ingress);
    if (any.once_in(4)) revoke(network, group, Direction::egress);
  }
  for (auto& table : {kPublicTable, kPrivateTable}) {
    if (any.once_in(3)) drop_routes(network, table);
    if (any.once_in(3)) set_route(network, table, kNat, block("192.0.0.0/8"));
    if (any.once_in(4)) set_route(network, table, kGateway, block("192.0.2.0/24"));
  }
  if (any.once_in(4)) network.internet_gateways.find(kGateway)->vpc.reset();
  if (any.once_in(4)) network.interfaces.find(kBastionPort)->auto_public_address.reset();
  if (any.once_in(3)) network.nat_gateways.find(kNat)->state = NatState(any.below(5));
  if (any.once_in(4)) {
    network.nat_gateways.find(kNat)->subnet = kPrivate;
    network.interfaces.find(kNatPort)->subnet = kPrivate;
  }
  if (any.once_in(4)) network.instances.find(kPrivateInstance)->state = InstanceState::stopped;
  return network;
}

// Enough of EC2 to run what a mend says.
class Ec2 {
 public:
  // A subnet that is public is what the person has to bring where none is.
  explicit Ec2(Network& network) : network_(network) {
    SubnetId subnet("subnet-new");
    network.subnets.put({subnet, kVpc, block("10.0.9.0/24"), "us-east-1a"});
    network.route_tables.put({RouteTableId("rtb-new"),
                              kVpc,
                              {},
                              {{TableAssociationId("rtbassoc-new"), subnet}},
                              {{kAnywhere, kGateway}}});
  }

  void run(std::string const& command) {
    std::istringstream words(command);
    std::string aws, ec2, action, option, value;
    words >> aws >> ec2 >> action;
    std::map<std::string, std::string> in;
    while (words >> option >> value) in[option] = resolved(value);
    if (action.starts_with("authorize-security-group-")) return authorize(action, in);
    if (action == "create-route" || action == "replace-route") return route(action, in);
    if (action == "start-instances") {
      network_.instances.find(InstanceId(in["--instance-ids"]))->state = InstanceState::running;
    } else if (action == "attach-internet-gateway") {
      network_.internet_gateways.find(InternetGatewayId(in["--internet-gateway-id"]))->vpc = kVpc;
    } else if (action == "allocate-address") {
      network_.elastic_addresses.put({AllocationId("eipalloc-new"), address("203.0.113.99")});
    } else if (action == "associate-address") {
      auto& elastic = *network_.elastic_addresses.find(AllocationId(in["--allocation-id"]));
      elastic.interface = InterfaceId(in["--network-interface-id"]);
    } else if (action == "create-nat-gateway") {
      SubnetId subnet(in["--subnet-id"]);
      InterfaceId port("eni-new");
      network_.nat_gateways.put({NatGatewayId("nat-new"), subnet, port});
      network_.interfaces.put({port, subnet, address("10.0.0.201"), NatGatewayId("nat-new")});
      network_.elastic_addresses.find(AllocationId(in["--allocation-id"]))->interface = port;
    } else {
      ADD_FAILURE() << "no such action: " << command;
    }
  }

 private:
  static std::string resolved(std::string const& value) {
    static std::map<std::string, std::string> const kKnown{{"'<allocation-id>'", "eipalloc-new"},
                                                           {"'<nat-gateway-id>'", "nat-new"},
                                                           {"'<public-subnet-id>'", "subnet-new"},
                                                           {"'<internet-gateway-id>'", kGateway.text()}};
    auto known = kKnown.find(value);
    return known == kKnown.end() ? value : known->second;
  }

  void authorize(std::string const& action, std::map<std::string, std::string>& in) {
    auto direction = action.ends_with("ingress") ? Direction::ingress : Direction::egress;
    auto group = in["--source-group"];
    auto peer = group.empty() ? RulePeer(block(in["--cidr"])) : RulePeer(SecurityGroupId(group));
    allow_tcp(network_, SecurityGroupId(in["--group-id"]), direction, std::stoi(in["--port"]), peer);
  }

  void route(std::string const& action, std::map<std::string, std::string>& in) {
    auto& routes = network_.route_tables.find(RouteTableId(in["--route-table-id"]))->routes;
    auto destination = block(in["--destination-cidr-block"]);
    auto same = std::ranges::find(routes, destination, &Route::destination);
    ASSERT_EQ(same != routes.end(), action == "replace-route");
    if (same != routes.end()) routes.erase(same);
    auto gateway = in["--gateway-id"];
    auto target = gateway.empty() ? RouteTarget(NatGatewayId(in["--nat-gateway-id"]))
                                  : RouteTarget(InternetGatewayId(gateway));
    routes.push_back({destination, target});
  }

  Network& network_;
};

TEST(Properties, whatever_is_broken_running_the_mends_one_after_the_other_opens_the_way) {
  Generator any(3);
  struct Way {
    End from, to;
    int port;
  };
  std::vector<Way> ways{{kOffice, kBastionPort, 22},
                        {kBastionPort, kPrivatePort, 22},
                        {kSessionPort, endpoint_port("ssm"), 443},
                        {kSessionPort, the_internet(), 443},
                        {kBastionPort, the_internet(), 443}};
  int broken = 0;
  for (int round = 0; round < 3000; round++) {
    auto network = injured(any);
    auto [from, to, port] = any.pick(ways);
    auto found = path(network, from, to, {Protocol::tcp, port}).value();
    broken += !found.arrives();
    for (int step = 0; step < 8 && !found.arrives(); step++) {
      auto& mend = found.blocked()->mend;
      // Nothing to run against a gateway that is still being made: wait.
      if (found.blocked()->block == Block::nat_not_available && mend.empty()) {
        network.nat_gateways.find(kNat)->state = NatState::available;
      } else {
        ASSERT_FALSE(mend.empty()) << found.text();
      }
      for (auto& command : mend.commands) Ec2(network).run(command);
      found = path(network, from, to, {Protocol::tcp, port}).value();
    }
    ASSERT_TRUE(found.arrives()) << "round " << round << "\n" << found.text() << found.blocked()->mend.text();
  }
  EXPECT_GT(broken, 1000);
}

}  // namespace
}  // namespace fumidai::network
