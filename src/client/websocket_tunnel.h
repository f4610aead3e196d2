#pragma once

// A tunnel by AWS's openTunnel: a WebSocket, which ends with its connection.

#include "client/tunnel.h"

namespace fumidai::client {

// Signed with what the profile holds. Errors: the plane's; deadline_exceeded.
awaitable<Result<std::unique_ptr<Tunnel>>> open_websocket_tunnel(Plane& plane, wire::OpenTunnel asked,
                                                                 std::string dns_name,
                                                                 io::SteadyTime deadline);

}  // namespace fumidai::client
