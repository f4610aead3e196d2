#pragma once

// What the kernel has to hold so that a network is real: values, computed from the network alone. Two equal
// networks have equal plans, and a part that does not change keeps its names and numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/settings.h"
#include "network/network.h"

namespace fumidai::lab {

// The table of the machine and of a router's host routes.
inline constexpr std::uint32_t kMainTable = 254;

struct LinkEnd {
  std::string space;  // a namespace; empty for the machine's own
  std::string name;
  std::string mac = {};  // "02:1a:2b:3c:4d:5e" from its beginning; empty: whatever the kernel takes

  bool is(std::string_view in, std::string_view called) const { return space == in && name == called; }
  friend bool operator==(LinkEnd const&, LinkEnd const&) = default;
};

// A pair of virtual Ethernet ends.
struct Link {
  LinkEnd near, far;

  friend bool operator==(Link const&, Link const&) = default;
};

struct LinkAddress {
  std::string link;
  Cidr address;

  friend auto operator<=>(LinkAddress const&, LinkAddress const&) = default;
};

enum class RouteKind {
  out,        // through a link
  here,       // to this namespace itself, whatever its addresses are
  blackhole,  // packets vanish: no answer, as on AWS
  other,      // the table does not say: the next rule's table does
};

struct KernelRoute {
  std::uint32_t table;
  Cidr destination;
  RouteKind kind = RouteKind::out;
  std::string link = {};
  std::optional<Address> gateway = {}, source = {};

  friend auto operator<=>(KernelRoute const&, KernelRoute const&) = default;
};

// What comes in by the link looks into this table first; of "lo": what the namespace sends itself. With a
// mark and no link: what a ruleset has marked so, before all others.
struct KernelRule {
  std::string link;
  std::uint32_t table;
  std::uint32_t mark = 0;

  friend auto operator<=>(KernelRule const&, KernelRule const&) = default;
};

// A file under /proc/sys/net of the namespace.
struct Switch {
  std::string path, value;

  friend auto operator<=>(Switch const&, Switch const&) = default;
};

struct Space {
  std::string name;
  std::vector<LinkAddress> addresses = {};
  std::vector<KernelRoute> routes = {};
  std::vector<KernelRule> rules = {};
  std::vector<Switch> switches = {};
  std::string ruleset = {};  // an nft table, as nft reads it; empty for none

  friend bool operator==(Space const&, Space const&) = default;
};

// A dnsmasq in a namespace.
struct NameServer {
  std::string space;
  Address address;      // one of those where it listens
  std::string options;  // lines of its configuration
  std::string hosts;    // the names that it knows itself; changes without a restart

  friend bool operator==(NameServer const&, NameServer const&) = default;
};

struct Plan {
  Space machine = {};  // the part that is on the machine's end of its link
  std::vector<Space> spaces = {};
  std::vector<Link> links = {};
  std::vector<NameServer> name_servers = {};

  Space const* find(std::string_view space) const;  // null when there is none
  friend bool operator==(Plan const&, Plan const&) = default;
};

// Interfaces that stand on nothing (no subnet, no route table) are left out.
Plan plan(network::Network const& network, Settings const& settings);

}  // namespace fumidai::lab
