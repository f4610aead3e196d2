#pragma once

// A private network, and the parts it is cut into. Values: what EC2's API stores about them and nothing more.

#include <string>

#include "base/cidr.h"
#include "network/ids.h"

namespace fumidai::network {

// VPCs do not see each other, even where their blocks do not overlap.
struct Vpc {
  VpcId id;
  Cidr cidr;
  // Both on: a name of AWS may resolve to an interface endpoint inside (its private DNS).
  bool dns_support = true, dns_hostnames = false;
  std::string acl = {};  // acl-…: of its default network ACL, which lets everything through

  bool has_private_dns() const { return dns_support && dns_hostnames; }
  friend bool operator==(Vpc const&, Vpc const&) = default;
};

struct Subnet {
  SubnetId id;
  VpcId vpc;
  Cidr cidr;
  std::string zone;             // us-east-1a
  bool maps_public_ip = false;  // new instances get a public address

  friend bool operator==(Subnet const&, Subnet const&) = default;
};

}  // namespace fumidai::network
