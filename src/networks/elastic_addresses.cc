#include "networks/elastic_addresses.h"

#include <algorithm>

namespace fumidai::networks {

Result<Address> take_public_address(State const& state) {
  auto address = *Address::parse("203.0.113.10");
  for (; address.bytes[3] < 255; address.bytes[3]++) {
    bool taken = std::ranges::any_of(state.network.interfaces,
                                     [&](auto const& each) { return each.auto_public_address == address; }) ||
                 std::ranges::any_of(state.network.elastic_addresses,
                                     [&](auto const& each) { return each.address == address; });
    if (!taken) return address;
  }
  return Error{Errc::limit_exceeded, "There are no free public addresses.", "InsufficientAddressCapacity"};
}

}  // namespace fumidai::networks
