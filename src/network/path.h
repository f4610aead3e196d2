#pragma once

// Reachability: what a connection passes on its way, and what stops it. Routing ends a path at once; a group
// that refuses does not, so that one look tells about both ends.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "network/mend.h"
#include "network/network.h"

namespace fumidai::network {

// An interface, or an address. A connection from an address comes from outside; one to an address means what
// that address means where it begins: of two VPCs with the same block, the own one.
using End = std::variant<InterfaceId, Address>;

enum class Pass {
  owner,             // of an interface: an instance that has to run, an endpoint that has to be available
  egress_rule,       //
  route,             // of a subnet, by its table
  nat_gateway,       //
  forwarder,         // an instance that a route leads to
  internet_gateway,  //
  public_address,    // which an interface needs to be seen from outside
  address,           // the one aimed at
  subnet,            // that holds it
  ingress_rule,      //
};

std::string_view to_string(Pass pass);

enum class Block {
  not_ready,              // an instance is not running, an endpoint not available
  no_egress_rule,         //
  no_route,               //
  blackhole,              // the route's target is gone
  no_internet_gateway,    // none is attached to the VPC
  no_public_address,      // an internet gateway passes only what has one
  nat_not_available,      // pending or failed
  nat_is_private,         // made without a public side
  source_dest_check,      // an instance that takes only what is for it
  forwarded_unknown,      // what an instance makes of it is its own to say
  nat_in_private_subnet,  // its own subnet has no way to the internet, so it takes packets and loses them
  private_address,        // aimed at across the internet
  other_vpc,              // VPCs do not see each other
  no_such_address,        // within the VPC, and nobody's
  no_way_back,            // the subnet's route does not lead replies to the internet gateway
  no_ingress_rule,        //
};

std::string_view to_string(Block block);

struct Hop {
  Pass pass;
  std::string id;      // of what is passed; an address where that is all there is
  std::string reason;  // by which rule or route, or for the lack of which
  std::optional<Block> block = {};
  Mend mend = {};

  friend bool operator==(Hop const&, Hop const&) = default;
};

struct Path {
  std::vector<Hop> hops = {};
  // What was asked.
  End from = Address(), to = Address();
  Flow flow = {};
  std::optional<Address> sender = {};  // that the other end sees, where it is not that of `from`

  Hop const* blocked() const;  // the first that is; null when the connection arrives
  bool arrives() const { return blocked() == nullptr; }
  bool passes(Pass pass) const;
  std::string text() const;  // a line for each hop
  friend bool operator==(Path const&, Path const&) = default;
};

// Fails only with not_found, for interfaces that the network does not have or has without their surroundings.
Result<Path> path(Network const& network, End const& from, End const& to, Flow const& flow);

// From a connect endpoint, for a client out there. Where the endpoint preserves the client's address that is
// the sender that the instance's groups see, and a reference to the endpoint's group matches all the same
// (ec2-instance-connect.md 3.6). Fails with not_found, also for an endpoint without an interface.
Result<Path> tunnel_path(Network const& network, ConnectEndpointId const& from, Address const& client,
                         End const& to, Flow const& flow);

}  // namespace fumidai::network
