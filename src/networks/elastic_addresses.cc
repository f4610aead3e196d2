#include "networks/elastic_addresses.h"

#include <algorithm>
#include <set>

namespace fumidai::networks {

namespace {

// 203.0.113.0/24, a block for documentation that nobody routes; the first ones are left to whoever sets up
// the machine.
Address pool_address(unsigned number) {
  return {false, {203, 0, 113, static_cast<std::uint8_t>(number)}};
}
constexpr unsigned kPoolFirst = 10, kPoolLast = 254;

Error not_permitted(network::ElasticAddress const& address) {
  return {Errc::conflict,
          "The address '" + address.address.text() +
              "' is used by a NAT gateway. Delete the NAT gateway to free its address.",
          "OperationNotPermitted"};
}

bool is_of_nat(State const& state, network::ElasticAddress const& address) {
  auto* interface = address.interface ? state.network.interfaces.find(*address.interface) : nullptr;
  return interface && std::holds_alternative<network::NatGatewayId>(interface->owner);
}

Error already_associated(std::string const& what, network::ElasticAddress const& address) {
  return {Errc::conflict,
          "resource " + what + " is already associated with associate-id " + address.association.text(),
          "Resource.AlreadyAssociated"};
}

Result<network::NetworkInterface*> primary_interface(State& state, std::string const& id) {
  TRY(auto* instance, find(state.network.instances, id));
  using enum network::InstanceState;
  auto const& now = instance->state;
  if (now == pending || now == shutting_down || now == terminated)
    return Error{Errc::conflict, "The instance '" + id + "' is not in a valid state for this operation.",
                 "IncorrectInstanceState"};
  return find(state.network.interfaces, instance->interface.text());
}

// Interfaces of gateways and endpoints are EC2's own: whoever sees them cannot change them.
Result<network::NetworkInterface*> callers_interface(State& state, std::string const& id) {
  TRY(auto* interface, find(state.network.interfaces, id));
  bool is_callers = std::holds_alternative<std::monostate>(interface->owner) ||
                    std::holds_alternative<InstanceId>(interface->owner);
  if (is_callers) return interface;
  return Error{Errc::conflict,
               "You do not have permission to access the specified resource: the interface '" + id +
                   "' is managed by " + network::text_of(interface->owner) + ".",
               "AuthFailure"};
}

Result<network::NetworkInterface*> interface_for(State& state, NewAddressAssociation const& wanted) {
  if (wanted.instance.empty() == wanted.interface.empty())
    return Error{Errc::invalid, "Either InstanceId or NetworkInterfaceId must be given, and not both",
                 wanted.instance.empty() ? "MissingParameter" : "InvalidParameterCombination"};
  if (!wanted.instance.empty()) return primary_interface(state, wanted.instance);
  return callers_interface(state, wanted.interface);
}

Result<void> check_gateway(State const& state, network::NetworkInterface const& interface) {
  TRY(auto location, state.network.locate(interface.id));
  if (state.network.gateway_of(location.vpc->id)) return success();
  return Error{Errc::conflict,
               "Network " + location.vpc->id.text() + " is not attached to any internet gateway",
               "Gateway.NotAttached"};
}

void set_free(network::ElasticAddress& address) {
  address.interface.reset();
  address.association = {};
}

Result<network::AddressAssociationId> associate(State& state, network::ElasticAddress& address,
                                                network::NetworkInterface& interface, bool may_reassociate) {
  CHECK(check_gateway(state, interface));
  if (address.interface == interface.id) return address.association;
  if (address.interface && !may_reassociate) return already_associated(address.id.text(), address);
  if (is_of_nat(state, address)) return not_permitted(address);
  if (auto* other = state.network.elastic_address_of(interface.id)) {
    if (!may_reassociate) return already_associated(interface.id.text(), *other);
    set_free(*state.network.elastic_addresses.find(other->id));
  }
  address.interface = interface.id;
  address.association = network::AddressAssociationId(new_id(kAddressAssociation));
  interface.auto_public_address.reset();
  return address.association;
}

}  // namespace

Result<Address> take_public_address(State const& state) {
  std::set<Address> taken;
  for (auto const& elastic : state.network.elastic_addresses) taken.insert(elastic.address);
  for (auto const& interface : state.network.interfaces) {
    if (interface.auto_public_address) taken.insert(*interface.auto_public_address);
  }
  for (auto number = kPoolFirst; number <= kPoolLast; number++) {
    if (!taken.contains(pool_address(number))) return pool_address(number);
  }
  return Error{Errc::limit_exceeded, "There are no free public addresses. Release one that is not used.",
               "InsufficientAddressCapacity"};
}

Result<network::AllocationId> allocate_address(State& state) {
  if (state.network.elastic_addresses.size() >= kMostElasticAddresses)
    return Error{Errc::limit_exceeded, "The maximum number of addresses has been reached.",
                 "AddressLimitExceeded"};
  TRY(auto address, take_public_address(state));
  network::AllocationId id(new_id(kAllocation));
  state.network.elastic_addresses.put({id, address});
  return id;
}

Result<void> release_address(State& state, std::string const& allocation) {
  TRY(auto* address, find(state.network.elastic_addresses, allocation));
  if (address->interface)
    return Error{Errc::conflict, "Address " + address->address.text() + " is in use.",
                 "InvalidIPAddress.InUse"};
  state.network.elastic_addresses.erase(address->id);
  drop_tags(state, allocation);
  return success();
}

Result<network::AddressAssociationId> associate_address(State& state, NewAddressAssociation const& wanted) {
  TRY(auto* address, find(state.network.elastic_addresses, wanted.allocation));
  TRY(auto* interface, interface_for(state, wanted));
  return associate(state, *address, *interface, wanted.may_reassociate);
}

Result<void> give_address(State& state, std::string const& allocation, network::InterfaceId const& to) {
  TRY(auto* address, find(state.network.elastic_addresses, allocation));
  TRY(auto* interface, find(state.network.interfaces, to.text()));
  CHECK(associate(state, *address, *interface, false));
  return success();
}

Result<void> disassociate_address(State& state, std::string const& association) {
  CHECK(check_id(kAddressAssociation, association));
  auto* found = address_with(state, association);
  if (!found) return not_found(kAddressAssociation, association);
  if (is_of_nat(state, *found)) return not_permitted(*found);
  set_free(*state.network.elastic_addresses.find(found->id));
  return success();
}

network::ElasticAddress const* address_with(State const& state, std::string const& association) {
  if (association.empty()) return nullptr;  // so is that of an address that is free
  auto found = std::ranges::find(state.network.elastic_addresses, network::AddressAssociationId(association),
                                 &network::ElasticAddress::association);
  return found == state.network.elastic_addresses.end() ? nullptr : &*found;
}

}  // namespace fumidai::networks
