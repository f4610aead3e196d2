#pragma once

// A person's end of a tunnel through a connect endpoint: AWS's openTunnel, signed with what the profile
// holds. Of several endpoints the next is tried when one fails.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/plane.h"
#include "io/websocket.h"
#include "wire/open_tunnel.h"

namespace fumidai::client {

struct TunnelTarget {
  struct Endpoint {
    std::string id, dns_name;
  };
  std::string instance, address;
  std::vector<Endpoint> endpoints;  // best first
};

// Where the plane says that an instance can be reached. Error: the plane's.
awaitable<Result<TunnelTarget>> find_tunnel(Plane& plane, std::string target);

// Tells, for the person, what is about to be tried after a failure.
using Tell = std::function<void(std::string const& sentence)>;

// Error: that of the last endpoint.
awaitable<Result<std::unique_ptr<io::WebSocket>>> open_tunnel(Plane& plane, TunnelTarget target,
                                                              std::uint16_t port,
                                                              std::chrono::seconds duration, Tell tell);

// The near end of the bytes. `read` gives none at the end; `write` is false when nobody takes them any more.
struct NearEnd {
  std::function<awaitable<Bytes>()> read;
  std::function<awaitable<bool>(Bytes)> write;
};

// Carries until one side ends. Error: the reason that the plane gave, for any end but an ordinary one.
awaitable<Result<void>> carry_tunnel(io::WebSocket& tunnel, NearEnd near);

}  // namespace fumidai::client
