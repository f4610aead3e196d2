#include "sessions/tunnel_ask.h"

namespace fumidai::sessions {

Ask tunnel_ask(model::Caller caller, model::Region const& region, wire::OpenTunnel const& tunnel) {
  auto port = std::to_string(tunnel.port), address = tunnel.address.text(),
       duration = std::to_string(tunnel.duration.count());
  Ask ask;
  ask.caller = std::move(caller);
  ask.action = kOpenTunnelAction;
  ask.resources = {model::connect_endpoint_arn(region, tunnel.endpoint)};
  ask.context = {{"ec2-instance-connect:remotePort", {port}},
                 {"ec2-instance-connect:privateIpAddress", {address}},
                 {"ec2-instance-connect:maxTunnelDuration", {duration}}};
  ask.facts = {{"eventSource", kInstanceConnectSource},
               {"instanceConnectEndpointId", tunnel.endpoint},
               {"maxTunnelDuration", duration},
               {"remotePort", port},
               {"privateIpAddress", address}};
  return ask;
}

Ask push_key_ask(model::Caller caller, model::Region const& region, InstanceId const& instance,
                 std::string const& os_user) {
  Ask ask;
  ask.caller = std::move(caller);
  ask.action = "ec2-instance-connect:SendSSHPublicKey";
  ask.resources = {model::instance_arn(region, instance)};
  ask.context = {{"ec2:osuser", {os_user}}};
  return ask;
}

Ask serve_endpoint_ask(model::Caller agent, model::Region const& region, std::string const& endpoint) {
  Ask ask;
  ask.caller = std::move(agent);
  ask.action = "fumidai:ServeEndpoint";
  ask.resources = {model::connect_endpoint_arn(region, endpoint)};
  ask.facts = {{"instanceConnectEndpointId", endpoint}};
  return ask;
}

}  // namespace fumidai::sessions
