#pragma once

// Who may open a connection to or from an interface. Groups are stateful: a rule is asked when a connection
// begins, in its direction only, and answers pass. There is no deny; the rules of all groups of an interface
// add up.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/cidr.h"
#include "network/ids.h"

namespace fumidai::network {

enum class Direction { ingress, egress };

std::string_view to_string(Direction direction);

// IP protocol numbers; any other fits too.
enum class Protocol : std::int16_t { all = -1, icmp = 1, tcp = 6, udp = 17, icmp_v6 = 58 };

std::string to_string(Protocol protocol);  // AWS's words: "tcp", "-1", "47"

// Of TCP and UDP, first to last. Of ICMP, type and code, -1 for any. Of others nothing.
struct Ports {
  int first = 0, last = 65535;

  friend bool operator==(Ports const&, Ports const&) = default;
};

// A connection that someone wants: for ICMP, `port` is the type.
struct Flow {
  Protocol protocol = Protocol::tcp;
  int port = 0;

  friend bool operator==(Flow const&, Flow const&) = default;
};

std::string to_string(Flow const& flow);  // "tcp 22"

struct SecurityRule {
  SecurityRuleId id;
  Direction direction;
  Protocol protocol;
  Ports ports;
  std::variant<Cidr, SecurityGroupId> peer;
  std::string description = {};

  friend bool operator==(SecurityRule const&, SecurityRule const&) = default;
};

struct SecurityGroup {
  SecurityGroupId id;
  VpcId vpc;
  std::string name, description;
  std::vector<SecurityRule> rules = {};

  friend bool operator==(SecurityGroup const&, SecurityGroup const&) = default;
};

// The other end as a rule sees it. It has groups only when it is addressed privately within the same VPC: a
// reference to a group means the private addresses of the interfaces that carry it.
struct Peer {
  Address address;
  std::vector<SecurityGroupId> groups = {};
};

bool allows(SecurityRule const& rule, Direction direction, Flow const& flow, Peer const& peer);

}  // namespace fumidai::network
