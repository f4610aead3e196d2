#include "networks/nat_gateways.h"

#include <algorithm>

#include "networks/elastic_addresses.h"
#include "networks/interfaces.h"

namespace fumidai::networks {

namespace {

constexpr std::ptrdiff_t kMostInZone = 20;

bool is_live(network::NatGateway const& gateway) {
  return gateway.state != network::NatState::failed && gateway.state != network::NatState::deleted;
}

Result<void> check_address(State const& state, NewNatGateway const& wanted) {
  if (!wanted.is_public && !wanted.allocation.empty())
    return Error{Errc::invalid, "A private NAT gateway cannot have an elastic address: omit AllocationId",
                 "InvalidParameterCombination"};
  if (wanted.is_public && wanted.allocation.empty())
    return Error{Errc::invalid, "The request must contain the parameter AllocationId", "MissingParameter"};
  if (wanted.is_public) CHECK(find(state.network.elastic_addresses, wanted.allocation));
  return success();
}

Result<void> check_limit(State const& state, network::Subnet const& subnet) {
  auto in_zone = [&](auto const& gateway) {
    auto* place = state.network.subnets.find(gateway.subnet);
    return is_live(gateway) && place && place->zone == subnet.zone;
  };
  if (std::ranges::count_if(state.network.nat_gateways, in_zone) < kMostInZone) return success();
  return Error{Errc::limit_exceeded,
               "The maximum number of NAT gateways of " + subnet.zone + " has been reached.",
               "NatGatewayLimitExceeded"};
}

}  // namespace

Result<network::NatGatewayId> create_nat_gateway(State& state, NewNatGateway const& wanted, Time now) {
  TRY(auto* subnet, find(state.network.subnets, wanted.subnet));
  CHECK(check_address(state, wanted));
  CHECK(check_limit(state, *subnet));
  network::NatGatewayId id(new_id(kNatGateway));
  auto description = "Interface for NAT Gateway " + id.text();
  TRY(auto interface, make_interface(state, {subnet->id, id, {}, description, wanted.private_address}));
  network::NatGateway gateway{id, subnet->id, interface, wanted.is_public, network::NatState::pending};
  gateway.created_at = now;
  if (wanted.is_public) {
    auto given = give_address(state, wanted.allocation, interface);
    if (!given) gateway.failure = given.error().aws;
  }
  state.network.nat_gateways.put(std::move(gateway));
  return id;
}

Result<void> delete_nat_gateway(State& state, std::string const& id, Time now) {
  TRY(auto* gateway, find(state.network.nat_gateways, id));
  using enum network::NatState;
  if (gateway->state == deleted) return not_found(kNatGateway, id);
  if (gateway->state == deleting) return success();
  gateway->state = gateway->state == failed ? deleted : deleting;  // a failed one has nothing to give back
  gateway->deleted_at = now;
  return success();
}

std::optional<network::NatAddress> address_of(State const& state, network::NatGateway const& gateway) {
  auto* interface = state.network.interfaces.find(gateway.interface);
  if (!interface) return gateway.given_back;
  network::NatAddress address{interface->private_address};
  if (auto* elastic = state.network.elastic_address_of(interface->id)) {
    address.allocation = elastic->id;
    address.public_address = elastic->address;
    address.association = elastic->association;
  }
  return address;
}

std::string failure_message(network::NatGateway const& gateway) {
  if (gateway.failure == "Gateway.NotAttached") return "The network has no internet gateway attached";
  if (gateway.failure == "Resource.AlreadyAssociated") return "The elastic address is already associated";
  return gateway.failure.empty() ? "" : "The NAT gateway could not be made";
}

}  // namespace fumidai::networks
