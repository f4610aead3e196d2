#pragma once

// For tests: a state with two VPCs, and how to ask what an error is called.

#include <gtest/gtest.h>

#include "networks/internet_gateways.h"
#include "networks/vpcs.h"

namespace fumidai::networks {

// The name that AWS gives to an error; empty for success.
template <class T>
std::string code_of(Result<T> const& result) {
  return result ? std::string() : std::string(result.error().aws);
}

inline Time at(std::chrono::seconds since) {
  return from_millis(1'800'000'000'000) + since;
}

// A VPC with two subnets and an internet gateway; another one with a subnet and none.
struct TwoVpcs {
  State state;
  std::string vpc, other_vpc, subnet, second_subnet, other_subnet, gateway;

  TwoVpcs() {
    vpc = create_vpc(state, "10.0.0.0/16")->text();
    other_vpc = create_vpc(state, "10.1.0.0/16")->text();
    subnet = create_subnet(state, {vpc, "10.0.0.0/24", {}})->text();
    second_subnet = create_subnet(state, {vpc, "10.0.1.0/24", {}})->text();
    other_subnet = create_subnet(state, {other_vpc, "10.1.0.0/24", {}})->text();
    gateway = create_internet_gateway(state)->text();
    EXPECT_TRUE(attach_internet_gateway(state, gateway, vpc));
  }
};

}  // namespace fumidai::networks
