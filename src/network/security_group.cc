#include "network/security_group.h"

#include <algorithm>

namespace fumidai::network {

namespace {

bool covers(SecurityRule const& rule, Flow const& flow) {
  if (rule.protocol == Protocol::all) return true;
  if (rule.protocol != flow.protocol) return false;
  switch (flow.protocol) {
    case Protocol::tcp:
    case Protocol::udp: return rule.ports.first <= flow.port && flow.port <= rule.ports.last;
    case Protocol::icmp:
    case Protocol::icmp_v6: return rule.ports.first == -1 || rule.ports.first == flow.port;
    default: return true;
  }
}

bool covers(SecurityRule const& rule, Peer const& peer) {
  if (auto* block = std::get_if<Cidr>(&rule.peer)) return block->contains(peer.address);
  return std::ranges::count(peer.groups, std::get<SecurityGroupId>(rule.peer)) > 0;
}

}  // namespace

std::string_view to_string(Direction direction) {
  return direction == Direction::ingress ? "ingress" : "egress";
}

std::string to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp: return "tcp";
    case Protocol::udp: return "udp";
    case Protocol::icmp: return "icmp";
    case Protocol::icmp_v6: return "icmpv6";
    default: return std::to_string(static_cast<int>(protocol));
  }
}

std::string to_string(Flow const& flow) {
  bool has_port = flow.protocol == Protocol::tcp || flow.protocol == Protocol::udp;
  return to_string(flow.protocol) + (has_port ? " " + std::to_string(flow.port) : "");
}

bool allows(SecurityRule const& rule, Direction direction, Flow const& flow, Peer const& peer) {
  return rule.direction == direction && covers(rule, flow) && covers(rule, peer);
}

}  // namespace fumidai::network
