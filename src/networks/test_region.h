#pragma once

// For tests: a state with a VPC and its subnets, and what went wrong by AWS's name.

#include <gtest/gtest.h>

#include <algorithm>

#include "networks/vpcs.h"

namespace fumidai::networks {

inline constexpr auto kTestTime = Time(std::chrono::milliseconds(1'800'000'000'000));

// The name that AWS gives to a failure; "" for none.
template <class T>
std::string aws_name(Result<T> const& result) {
  return result ? "" : std::string(result.error().aws);
}
template <class T>
std::string sentence(Result<T> const& result) {
  return result ? "" : result.error().detail;
}

class RegionTest : public testing::Test {
 protected:
  RegionTest() {
    vpc = create_vpc(state, "10.0.0.0/16")->text();
    subnet = create_subnet(state, {vpc, "10.0.1.0/24", "us-east-1a"})->text();
    other_zone = create_subnet(state, {vpc, "10.0.2.0/24", "us-east-1b"})->text();
    other_vpc = create_vpc(state, "10.1.0.0/16")->text();
    elsewhere = create_subnet(state, {other_vpc, "10.1.1.0/24", "us-east-1a"})->text();
  }

  network::SecurityGroup const& default_group_of(std::string const& of) const {
    return *std::ranges::find_if(state.network.security_groups, [&](auto const& group) {
      return group.vpc.text() == of && group.name == "default";
    });
  }

  State state;
  std::string vpc, subnet, other_zone, other_vpc, elsewhere;
};

}  // namespace fumidai::networks
