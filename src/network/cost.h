#pragma once

// What each method costs in a VPC, and what costs money there for nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/method.h"
#include "network/price.h"

namespace fumidai::network {

// AWS's own convention: 365 days of 24 hours in 12 months.
inline constexpr std::int64_t kHoursOfMonth = 730;

// One part that a method pays for.
struct CostLine {
  std::string what;              // of the price table
  std::string id;                // of the part; empty for one that the method needs and the VPC does not have
  std::int64_t count = 1;        // zones of an interface endpoint
  std::optional<Money> monthly;  // nothing: the table has no such price

  friend bool operator==(CostLine const&, CostLine const&) = default;
};

struct Cost {
  Method method;
  std::vector<CostLine> lines = {};
  Money monthly = {};                        // of the lines that have a price
  Money per_gigabyte = {};                   // of what a session carries
  std::vector<std::string> unpriced = {};    // "nat-gateway by the hour"
  std::vector<std::string> unverified = {};  // likewise: rows that were used and name no source

  friend bool operator==(Cost const&, Cost const&) = default;
};

// What the method uses of the VPC's parts, and where it lacks some the fewest that it would need. A bastion
// is an instance that is named, or else one more that is to be made.
Cost cost(Network const& network, VpcId const& vpc, Method method, PriceTable const& prices,
          std::optional<InstanceId> const& bastion = {});

// A part that costs money and that nothing uses.
struct IdlePart {
  std::string id;
  VpcId vpc;  // empty for what belongs to none: an elastic address
  std::string reason;
  std::optional<Money> monthly;
  Mend mend;

  friend bool operator==(IdlePart const&, IdlePart const&) = default;
};

// NAT gateways that no route of a running instance leads to, interface endpoints that no running instance
// reaches, elastic addresses that nobody has.
std::vector<IdlePart> idle_parts(Network const& network, PriceTable const& prices);

}  // namespace fumidai::network
