#pragma once

// A tunnel that an agent carries, over a data channel: it goes on over lost connections of either side, and
// restarts of the plane, without losing a byte.

#include "client/tunnel.h"

namespace fumidai::client {

// By an agent of the connect endpoint. Errors: the plane's, deadline_exceeded when that one is silent;
// unavailable, when the agent is, or cannot reach the port.
awaitable<Result<std::unique_ptr<Tunnel>>> open_channel_tunnel(Plane plane, wire::OpenTunnel asked, Tell tell,
                                                               io::SteadyTime deadline);

// By the instance's own agent, ours or AWS's: the document AWS-StartSSHSession, which has no duration of the
// caller's. The reason of such a session begins so, which tells it from one of another client.
inline constexpr std::string_view kAgentTunnelReason = "port ";
awaitable<Result<std::unique_ptr<Tunnel>>> open_agent_tunnel(Plane plane, std::string instance,
                                                             std::uint16_t port, Tell tell,
                                                             io::SteadyTime deadline);

}  // namespace fumidai::client
