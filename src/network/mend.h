#pragma once

// What to run so that a requirement is met: commands of the AWS CLI, made of ids. A part that only the person
// or an earlier command knows stands in angle brackets, in quotes, so that a shell does not take it for a
// file.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "network/network.h"

namespace fumidai::network {

struct Mend {
  std::vector<std::string> commands = {};  // in their order; none where only a decision helps

  bool empty() const { return commands.empty(); }
  std::string text() const;  // a line each
  friend bool operator==(Mend const&, Mend const&) = default;
};

// "aws ec2 ...", each argument quoted for a shell where it has to be: names are the customer's text.
std::string aws_command(std::initializer_list<std::string_view> arguments);

// A rule for the flow, on the first of the groups, for what the peer is: by one of its groups where that is
// possible, else by its address. A mend never opens a door to the whole internet.
Mend mend_rule(std::vector<SecurityGroupId> const& groups, Direction direction, Flow const& flow,
               Peer const& peer);

// The next step to a way out to the internet for an interface: an internet gateway for its VPC; then a route
// to that if it has a public address, else to a NAT gateway that works, else to a new one. With `instead_of`,
// by changing that route and not by a new one.
Mend mend_way_out(Network const& network, Location const& from, Route const* instead_of);

Mend mend_route_to_gateway(Network const& network, Location const& from, Route const* instead_of);
Mend mend_internet_gateway(Network const& network, VpcId const& vpc);
Mend mend_public_address(Network const& network, InterfaceId const& interface);

}  // namespace fumidai::network
