#pragma once

// The ways between a VPC and the internet, and the public addresses for them.

#include <optional>
#include <string>
#include <string_view>

#include "base/cidr.h"
#include "base/clock.h"
#include "network/ids.h"

namespace fumidai::network {

// Translates nothing but an interface's own public address: an interface without one cannot use it.
struct InternetGateway {
  InternetGatewayId id;
  std::optional<VpcId> vpc;  // that it is attached to

  friend bool operator==(InternetGateway const&, InternetGateway const&) = default;
};

enum class NatState { pending, available, failed, deleting, deleted };

// AWS's words.
constexpr std::string_view to_string(NatState state) {
  using enum NatState;
  switch (state) {
    case pending: return "pending";
    case available: return "available";
    case failed: return "failed";
    case deleting: return "deleting";
    case deleted: return "deleted";
  }
  return "";
}

// What a NAT gateway is reached by; of a private one, only the first.
struct NatAddress {
  Address private_address;
  AllocationId allocation = {};
  std::optional<Address> public_address = {};
  AddressAssociationId association = {};

  friend bool operator==(NatAddress const&, NatAddress const&) = default;
};

// Lets a subnet's interfaces out under one address. It needs a way out itself: its own subnet's route.
struct NatGateway {
  NatGatewayId id;
  SubnetId subnet;
  InterfaceId interface;  // carries its private and, as an elastic address, its public address
  bool is_public = true;  // connectivity type; a private one reaches no internet
  NatState state = NatState::available;
  std::string failure = {};  // of a failed one: AWS's code, "Gateway.NotAttached"
  Time created_at{}, deleted_at{};
  std::optional<NatAddress> given_back = {};  // what it had: it is shown for a while

  friend bool operator==(NatGateway const&, NatGateway const&) = default;
};

struct ElasticAddress {
  AllocationId id;
  Address address;
  std::optional<InterfaceId> interface = {};  // that it is associated with
  AddressAssociationId association = {};

  friend bool operator==(ElasticAddress const&, ElasticAddress const&) = default;
};

}  // namespace fumidai::network
