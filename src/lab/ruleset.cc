#include "lab/ruleset.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "lab/names.h"
#include "lab/router_plan.h"
#include "lab/services.h"

namespace fumidai::lab {

namespace {

using namespace network;

std::string list_of(std::vector<std::string> const& elements) {
  return fmt::format("{{ {} }}", fmt::join(elements, ", "));
}

std::string quoted(std::string_view link) {
  return fmt::format("\"{}\"", link);
}

std::string protocol_match(SecurityRule const& rule) {
  auto any = fmt::format(" meta l4proto {}", static_cast<int>(rule.protocol));
  auto& ports = rule.ports;
  switch (rule.protocol) {
    case Protocol::all: return "";
    case Protocol::tcp:
    case Protocol::udp:
      if (ports.first <= 0 && ports.last >= 65535) return any;
      return fmt::format(" {} dport {}-{}", to_string(rule.protocol), ports.first, ports.last);
    case Protocol::icmp:
      if (ports.first < 0) return any;
      return fmt::format(" icmp type {}{}", ports.first,
                         ports.last < 0 ? "" : fmt::format(" icmp code {}", ports.last));
    default: return any;
  }
}

// Whether nft could say it: a rule that it refuses would take all others of the VPC with it.
bool is_sound(SecurityRule const& rule) {
  auto& ports = rule.ports;
  if (rule.protocol == Protocol::tcp || rule.protocol == Protocol::udp) {
    return ports.first >= 0 && ports.first <= ports.last && ports.last <= 65535;
  }
  if (rule.protocol == Protocol::icmp) return ports.first <= 255 && ports.last <= 255;
  return static_cast<int>(rule.protocol) >= -1 && static_cast<int>(rule.protocol) <= 255;
}

class RouterRuleset {
 public:
  RouterRuleset(Network const& network, Vpc const& vpc, std::vector<Port> const& ports)
      : network_(network), vpc_(vpc), ports_(ports) {
    for (auto& port : ports_) {
      if (!port.is_on || port.nat) continue;
      for (auto& group : port.at.interface->groups) {
        if (is_plain(group.text()) && network_.security_groups.find(group)) groups_.insert(group);
      }
    }
  }

  std::string text() {
    text_ = fmt::format("table ip {} {{\n", kNftTable);
    add_sets();
    add_guard();
    add_translation();
    add_own_doors();
    for (auto& group : groups_) add_group(*network_.security_groups.find(group));
    for (auto& port : ports_) {
      if (port.is_on && !port.nat) add_port(port);
    }
    add_forward();
    return std::move(text_) + "}\n";
  }

 private:
  void add_chain(std::string const& name, std::vector<std::string> const& rules) {
    text_ += fmt::format("  chain {} {{\n", name);
    for (auto& rule : rules) text_ += fmt::format("    {}\n", rule);
    text_ += "  }\n";
  }

  void add_set(std::string const& name, std::string_view type, std::vector<std::string> const& elements) {
    text_ += fmt::format("  set {} {{\n    type {}\n", name, type);
    if (!elements.empty()) text_ += fmt::format("    elements = {}\n", list_of(elements));
    text_ += "  }\n";
  }

  void add_sets() {
    std::vector<std::string> own, instances, gateways, addressed;
    for (auto& port : ports_) {
      if (!port.is_on) continue;
      own.push_back(fmt::format("{} . {}", quoted(port.link), port.address().text()));
      if (port.is_instance) instances.push_back(quoted(port.link));
      if (port.nat) gateways.push_back(quoted(port.link));
      if (port.public_address) addressed.push_back(port.address().text());
    }
    add_set("own", "ifname . ipv4_addr", own);
    add_set("instances", "ifname", instances);
    add_set("nat_gateways", "ifname", gateways);
    add_set("addressed", "ipv4_addr", addressed);  // who has a public address
    for (auto& group : referenced_groups())
      add_set("members_" + group.text(), "ipv4_addr", members_of(group));
  }

  std::set<SecurityGroupId> referenced_groups() const {
    std::set<SecurityGroupId> referenced;
    for (auto& id : groups_) {
      for (auto& rule : network_.security_groups.find(id)->rules) {
        auto* group = std::get_if<SecurityGroupId>(&rule.peer);
        if (group && is_plain(group->text())) referenced.insert(*group);
      }
    }
    return referenced;
  }

  std::vector<std::string> members_of(SecurityGroupId const& group) const {
    std::vector<std::string> members;
    for (auto& port : ports_) {
      auto& groups = port.at.interface->groups;
      if (std::ranges::count(groups, group)) members.push_back(port.address().text());
    }
    return members;
  }

  // Nobody sends under another's address, but an instance that is to forward, and a connect endpoint under
  // its client's when it is to keep that. Answers from outside reach their askers through a NAT gateway's
  // link; they are known by the connection that they belong to, so this comes after connection tracking.
  void add_guard() {
    auto foreign = fmt::format("ip saddr != {}", vpc_.cidr.masked().text());
    std::vector<std::string> rules{"type filter hook prerouting priority mangle; policy drop;",
                                   "iifname \"lo\" accept",
                                   "ct direction reply ct mark != 0 meta mark set ct mark",
                                   "iifname . ip saddr @own accept",
                                   "iifname @nat_gateways ct state established,related accept",
                                   fmt::format("iifname {} {} accept", quoted(kUplink), foreign)};
    for (auto& port : ports_) {
      if (port.forwards && port.is_on) rules.push_back(fmt::format("iifname {} accept", quoted(port.link)));
      if (!port.connect_endpoint || !port.is_on) continue;
      auto link = quoted(port.link);
      auto mark = kept_client_mark(port);
      rules.push_back(fmt::format("iifname {} ct mark {} accept", link, mark));
      if (keeps_client(port))
        rules.push_back(fmt::format("iifname {} {} ct state new ct mark set {} accept", link, foreign, mark));
    }
    add_chain("guard", rules);
  }

  static bool keeps_client(Port const& port) {
    return port.is_on && port.connect_endpoint && port.connect_endpoint->preserve_client_ip;
  }

  // Connect endpoints of the group that send under their clients' addresses.
  std::vector<std::string> senders_of(SecurityGroupId const& group) const {
    std::vector<std::string> senders;
    for (auto& port : ports_) {
      if (keeps_client(port) && std::ranges::count(port.at.interface->groups, group))
        senders.push_back(quoted(port.link));
    }
    return senders;
  }

  // The internet gateway: a public address is a private one, and the other way round.
  void add_translation() {
    std::vector<std::string> in, out;
    for (auto& port : ports_) {
      if (!port.public_address || !port.is_on) continue;
      in.push_back(fmt::format("{} : {}", port.public_address->text(), port.address().text()));
      out.push_back(fmt::format("{} : {}", port.address().text(), port.public_address->text()));
    }
    if (in.empty()) return;
    add_chain("come_in", {"type nat hook prerouting priority dstnat;",
                          fmt::format("iifname {} dnat to ip daddr map {}", quoted(kUplink), list_of(in))});
    add_chain("go_out", {"type nat hook postrouting priority srcnat;",
                         fmt::format("oifname {} snat to ip saddr map {}", quoted(kUplink), list_of(out))});
  }

  // What the router itself answers, and that it stays silent where a packet does not get through.
  void add_own_doors() {
    std::vector<std::string> resolvers;
    for (auto& address : resolver_addresses(vpc_)) resolvers.push_back(address.text());
    std::vector<std::string> input{
        "type filter hook input priority filter; policy drop;", "ct state established,related accept",
        "iifname \"lo\" accept",
        fmt::format("iifname @instances ip daddr {} tcp dport 80 accept", metadata_address().text())};
    if (!resolvers.empty()) {
      for (auto protocol : {"udp", "tcp"}) {
        input.push_back(
            fmt::format("iifname @instances ip daddr {} {} dport 53 accept", list_of(resolvers), protocol));
      }
    }
    add_chain("own_doors", input);
    add_chain("silence", {"type filter hook output priority filter;",
                          "icmp type destination-unreachable icmp code != frag-needed drop"});
  }

  static std::optional<std::string> peer_match(SecurityRule const& rule) {
    auto side = rule.direction == Direction::ingress ? "saddr" : "daddr";
    if (auto* group = std::get_if<SecurityGroupId>(&rule.peer)) {
      if (!is_plain(group->text())) return {};
      return fmt::format(" ip {} @members_{}", side, group->text());
    }
    auto& block = std::get<Cidr>(rule.peer);
    if (block.base.is_v6) return {};
    return block.prefix == 0 ? "" : fmt::format(" ip {} {}", side, block.masked().text());
  }

  void add_group(SecurityGroup const& group) {
    std::vector<std::string> in, out;
    for (auto& rule : group.rules) {
      auto peer = peer_match(rule);
      if (!peer || !is_sound(rule)) continue;
      bool is_in = rule.direction == Direction::ingress;
      auto match = *peer + protocol_match(rule) + (is_in ? " accept" : " goto arriving");
      (is_in ? in : out).push_back(match.substr(1));
      auto* group_of_peer = std::get_if<SecurityGroupId>(&rule.peer);
      auto senders = is_in && group_of_peer ? senders_of(*group_of_peer) : std::vector<std::string>();
      if (!senders.empty())
        in.push_back(fmt::format("iifname {}{} accept", list_of(senders), protocol_match(rule)));
    }
    add_chain("in_" + group.id.text(), in);
    late_.emplace_back("out_" + group.id.text(), out);
  }

  void add_port(Port const& port) {
    std::vector<std::string> to, from;
    if (!port.forwards) to.push_back(fmt::format("ip daddr != {} drop", port.address().text()));
    for (auto& group : port.at.interface->groups) {
      if (!groups_.contains(group)) continue;
      to.push_back("jump in_" + group.text());
      from.push_back("jump out_" + group.text());
    }
    for (auto* rules : {&to, &from}) rules->push_back("drop");
    add_chain("to_" + port.link, to);
    late_.emplace_back("from_" + port.link, from);
    arriving_.push_back(fmt::format("{} : jump to_{}", quoted(port.link), port.link));
    leaving_.push_back(fmt::format("{} : jump from_{}", quoted(port.link), port.link));
  }

  // A chain has to be there before what jumps to it, so the senders' side follows.
  void add_forward() {
    std::vector<std::string> arriving{"oifname @nat_gateways accept",
                                      fmt::format("oifname {} accept", quoted(kUplink))};
    if (!arriving_.empty()) arriving.push_back("oifname vmap " + list_of(arriving_));
    arriving.push_back("drop");
    add_chain("arriving", arriving);
    for (auto& [name, rules] : late_) add_chain(name, rules);

    std::vector<std::string> forward{
        "type filter hook forward priority filter; policy drop;",
        "ip daddr 169.254.0.0/16 drop",  // link-local: what the lab is joined with
        fmt::format("oifname {} ip saddr != @addressed drop", quoted(kUplink)),
        fmt::format("iifname {} ip daddr != @addressed drop", quoted(kUplink)),
        "iifname @nat_gateways oifname @nat_gateways drop",  // as on AWS, where one behind another loses all
        "ct state established,related accept",
        "ct state invalid drop",
        fmt::format("iifname {} ct status dnat goto arriving", quoted(kUplink)),
        "iifname @nat_gateways goto arriving"};
    if (!leaving_.empty()) forward.push_back("iifname vmap " + list_of(leaving_));
    add_chain("through", forward);
  }

  Network const& network_;
  Vpc const& vpc_;
  std::vector<Port> const& ports_;
  std::set<SecurityGroupId> groups_;  // that someone carries
  std::vector<std::pair<std::string, std::vector<std::string>>> late_;
  std::vector<std::string> arriving_, leaving_;
  std::string text_;
};

}  // namespace

std::string router_ruleset(Network const& network, Vpc const& vpc, std::vector<Port> const& ports) {
  return RouterRuleset(network, vpc, ports).text();
}

std::string nat_ruleset(NatGateway const& gateway, Address const& address) {
  // One that is gone forgets its connections too.
  bool forwards = gateway.is_public && gateway.state == NatState::available;
  return fmt::format(
      "table ip {} {{\n"
      "  chain through {{\n"
      "    type filter hook forward priority filter; policy drop;\n"
      "{}"
      "  }}\n"
      "  chain go_out {{\n"
      "    type nat hook postrouting priority srcnat;\n"
      "    ip saddr != {} oifname \"{}\" snat to {}\n"
      "  }}\n"
      "}}\n",
      kNftTable, forwards ? "    ct state new,established,related accept\n" : "", address.text(),
      kInterfaceLink, address.text());
}

std::string internet_ruleset() {
  return fmt::format(
      "table ip {} {{\n"
      "  chain through {{\n"
      "    type filter hook forward priority filter; policy accept;\n"
      "    oifname \"{}\" ct state established,related accept\n"
      "    oifname \"{}\" drop\n"
      "  }}\n"
      "}}\n",
      kNftTable, kHostPeer, kHostPeer);
}

}  // namespace fumidai::lab
