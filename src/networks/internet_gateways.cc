#include "networks/internet_gateways.h"

#include <algorithm>

namespace fumidai::networks {

namespace {

constexpr std::size_t kMostGateways = 100;

bool has_public_addresses(Network const& network, network::VpcId const& vpc) {
  return std::ranges::any_of(network.interfaces, [&](auto const& interface) {
    auto* subnet = network.subnets.find(interface.subnet);
    return subnet && subnet->vpc == vpc && network.public_address(interface);
  });
}

}  // namespace

Result<network::InternetGatewayId> create_internet_gateway(State& state) {
  if (state.network.internet_gateways.size() >= kMostGateways)
    return Error{Errc::limit_exceeded, "The maximum number of internet gateways has been reached.",
                 "InternetGatewayLimitExceeded"};
  network::InternetGatewayId id(new_id(kInternetGateway));
  state.network.internet_gateways.put({id});
  return id;
}

Result<void> attach_internet_gateway(State& state, std::string const& gateway_id, std::string const& vpc_id) {
  TRY(auto* gateway, find(state.network.internet_gateways, gateway_id));
  TRY(auto* vpc, find(state.network.vpcs, vpc_id));
  if (gateway->vpc)
    return Error{Errc::conflict,
                 "resource " + gateway_id + " is already attached to network " + gateway->vpc->text(),
                 "Resource.AlreadyAssociated"};
  if (state.network.gateway_of(vpc->id))
    return invalid_parameter("Network " + vpc_id + " already has an internet gateway attached");
  gateway->vpc = vpc->id;
  return success();
}

Result<void> detach_internet_gateway(State& state, std::string const& gateway_id, std::string const& vpc_id) {
  TRY(auto* gateway, find(state.network.internet_gateways, gateway_id));
  TRY(auto* vpc, find(state.network.vpcs, vpc_id));
  if (gateway->vpc != vpc->id)
    return Error{Errc::conflict, "resource " + gateway_id + " is not attached to network " + vpc_id,
                 "Gateway.NotAttached"};
  if (has_public_addresses(state.network, vpc->id))
    return dependency_violation("Network " + vpc_id +
                                " has some mapped public address(es). Please unmap those public address(es) "
                                "before detaching the gateway.");
  gateway->vpc.reset();
  return success();
}

Result<void> delete_internet_gateway(State& state, std::string const& gateway_id) {
  TRY(auto* gateway, find(state.network.internet_gateways, gateway_id));
  if (gateway->vpc)
    return dependency_violation("The internetGateway '" + gateway_id +
                                "' has dependencies and cannot be deleted.");
  state.network.internet_gateways.erase(gateway->id);
  drop_tags(state, gateway_id);
  return success();
}

}  // namespace fumidai::networks
