#pragma once

// Public addresses: the pool that instances and elastic addresses are given theirs from.

#include "networks/resource.h"

namespace fumidai::networks {

// The lowest that nobody has, from 203.0.113.10 on. Error: InsufficientAddressCapacity.
Result<Address> take_public_address(State const& state);

}  // namespace fumidai::networks
