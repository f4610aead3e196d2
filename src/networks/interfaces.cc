#include "networks/interfaces.h"

#include <algorithm>

#include "base/random.h"
#include "networks/vpcs.h"

namespace fumidai::networks {

namespace {

// us-east-1 is older than the names of regions.
constexpr std::string_view kOldestRegion = "us-east-1";

std::string dashed(Address const& address) {
  auto text = address.text();
  std::ranges::replace(text, '.', '-');
  return text;
}

}  // namespace

Result<network::InterfaceId> make_interface(State& state, NewInterface const& wanted) {
  TRY(auto* subnet, find(state.network.subnets, wanted.subnet.text()));
  TRY(auto address, wanted.private_address.empty() ? take_address(state, *subnet)
                                                   : take_address(state, *subnet, wanted.private_address));
  network::NetworkInterface interface {
    network::InterfaceId(new_id(kNetworkInterface)), subnet->id, address, wanted.owner, wanted.groups
  };
  interface.description = wanted.description;
  interface.attachment = "eni-attach-" + random_hex(17);
  auto id = interface.id;
  state.network.interfaces.put(std::move(interface));
  return id;
}

void drop_interface(State& state, network::InterfaceId const& id) {
  if (auto* elastic = state.network.elastic_address_of(id)) {
    auto* address = state.network.elastic_addresses.find(elastic->id);
    address->interface.reset();
    address->association = {};
  }
  state.network.interfaces.erase(id);
  drop_tags(state, id.text());
}

void drop_interfaces_of(State& state, network::InterfaceOwner const& owner) {
  std::vector<network::InterfaceId> gone;
  for (auto* interface : state.network.interfaces_of(owner)) gone.push_back(interface->id);
  for (auto const& id : gone) drop_interface(state, id);
}

std::string private_name(std::string_view region, Address const& address) {
  auto domain = region == kOldestRegion ? "ec2.internal" : std::string(region) + ".compute.internal";
  return "ip-" + dashed(address) + "." + domain;
}

std::string public_name(std::string_view region, Address const& address) {
  auto domain = region == kOldestRegion ? "compute-1" : std::string(region) + ".compute";
  return "ec2-" + dashed(address) + "." + domain + ".amazonaws.com";
}

}  // namespace fumidai::networks
