#pragma once

// The methods side by side, for one VPC: what each needs, exposes and costs here.

#include <string>
#include <vector>

#include "network/cost.h"

namespace fumidai::network {

// The same method on Fumidai. Nothing there is rented by the hour or by the gigabyte: it costs what the host
// costs that runs the plane, however many methods, networks and instances there are.
struct OwnTerms {
  std::string keys = {};   // that a person has to have
  std::string needs = {};  // beside the plane
  Money monthly = {}, per_gigabyte = {};

  friend bool operator==(OwnTerms const&, OwnTerms const&) = default;
};

OwnTerms own_terms(Method method);

// A method in a VPC. Texts are for people; empty means none.
struct MethodRow {
  Method method;
  std::int64_t reachable = 0, instances = 0;  // running instances that it reaches, of all of the VPC
  std::string obstacle = {};                  // of the first that it does not reach
  std::string keys = {};                      // "2 key pairs", "none"
  std::vector<std::string> inbound = {};      // "tcp 22 from 203.0.113.7/32 to sg-… (i-…)"
  bool agent = false;
  std::string exposure = {};
  std::string redundancy = {};
  Cost cost;  // on AWS
  OwnTerms own = {};
};

struct Comparison {
  VpcId vpc;
  std::vector<MethodRow> methods = {};
  std::vector<IdlePart> idle = {};  // of the VPC
};

// For a person who comes from that address. Fails with not_found, for a VPC that is not there or lacks its
// main route table.
Result<Comparison> compare(Network const& network, VpcId const& vpc, PriceTable const& prices,
                           Address const& from = the_internet());

}  // namespace fumidai::network
