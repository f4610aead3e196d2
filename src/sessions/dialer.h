#pragma once

// How the plane reaches what a tunnel leads to: a connect endpoint opens the connection from its own place in
// the network.

#include <memory>

#include "base/cidr.h"
#include "io/stream.h"
#include "network/ids.h"

namespace fumidai::sessions {

class Dialer {
 public:
  virtual ~Dialer() = default;

  // For the client of that address, which the target sees where the endpoint preserves it. Errors, for the
  // person at the other end of the tunnel: unavailable (refused, no answer in time, the endpoint cannot be
  // reached).
  virtual awaitable<Result<std::unique_ptr<io::Stream>>> dial(network::ConnectEndpointId endpoint,
                                                              Address client, Address address,
                                                              std::uint16_t port) = 0;
};

}  // namespace fumidai::sessions
