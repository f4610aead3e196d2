#pragma once

// The question about a tunnel: who wants to reach which port of which address, for how long, through which
// connect endpoint (ec2-instance-connect.md 4.1, 5.5). The gate adds what is true of every request, and the
// endpoint's tags. And what else belongs to the way through one: the key, and the agent that carries it.

#include "model/arn.h"
#include "sessions/gate.h"
#include "wire/open_tunnel.h"

namespace fumidai::sessions {

inline constexpr std::string_view kOpenTunnelAction = "ec2-instance-connect:OpenTunnel";
// As CloudTrail names the service.
inline constexpr char const* kInstanceConnectSource = "ec2-instance-connect.amazonaws.com";

// With the condition keys ec2-instance-connect:remotePort, :privateIpAddress and :maxTunnelDuration, the last
// one also where the caller leaves it to us; and the same as facts of the event, in the words of CloudTrail.
Ask tunnel_ask(model::Caller caller, model::Region const& region, wire::OpenTunnel const& tunnel);

// May this caller push a key for that user of the instance?
Ask push_key_ask(model::Caller caller, model::Region const& region, InstanceId const& instance,
                 std::string const& os_user);

// May this agent carry the tunnels of an endpoint?
Ask serve_endpoint_ask(model::Caller agent, model::Region const& region, std::string const& endpoint);

}  // namespace fumidai::sessions
