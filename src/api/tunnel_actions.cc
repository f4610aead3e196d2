// Fumidai.FindTunnel: through which connect endpoints an instance can be reached. AWS's CLI asks EC2 for the
// endpoints and takes the first; ours takes the best, and the next one when that fails. Fumidai.OpenTunnel
// and Fumidai.ResumeTunnel: tunnels that an agent carries, and that go on over lost connections; policies
// know them as AWS's ec2-instance-connect:OpenTunnel.

#include "api/action.h"
#include "api/session_access.h"
#include "sessions/targets.h"
#include "sessions/tunnels.h"

namespace fumidai::api {

namespace {

struct FindTunnelRequest {
  std::string target;
  static constexpr wire::Limit kLimits[] = {{"target", 1, 256, wire::required}};
};
BOOST_DESCRIBE_STRUCT(FindTunnelRequest, (), (target))

struct WayDescription {
  std::string instance_connect_endpoint_id, dns_name;
  bool resumable = false;  // by OpenTunnel, and not only by AWS's openTunnel
};
BOOST_DESCRIBE_STRUCT(WayDescription, (), (instance_connect_endpoint_id, dns_name, resumable))

struct FindTunnelResponse {
  std::string instance_id;                // empty, where an address was asked for
  std::string private_ip_address;         // empty, for a host of no network that endpoints lead to
  std::vector<WayDescription> endpoints;  // best first
  bool agent_connected = false;           // the instance's own, another way
};
BOOST_DESCRIBE_STRUCT(FindTunnelResponse, (), (instance_id, private_ip_address, endpoints, agent_connected))

struct OpenTunnelRequest {
  std::string instance_connect_endpoint_id, private_ip_address;
  std::int64_t remote_port = 22, max_tunnel_duration = wire::kUsualTunnelDuration.count();
  static constexpr wire::Limit kLimits[] = {{"instance_connect_endpoint_id", 1, 64, wire::required},
                                            {"private_ip_address", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(OpenTunnelRequest, (),
                      (instance_connect_endpoint_id, private_ip_address, remote_port, max_tunnel_duration))

struct ResumeTunnelRequest {
  std::string session_id, instance_connect_endpoint_id, private_ip_address;
  std::int64_t remote_port = 22, max_tunnel_duration = wire::kUsualTunnelDuration.count();
  static constexpr wire::Limit kLimits[] = {{"session_id", 1, 96, wire::required},
                                            {"instance_connect_endpoint_id", 1, 64, wire::required},
                                            {"private_ip_address", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ResumeTunnelRequest, (),
                      (session_id, instance_connect_endpoint_id, private_ip_address, remote_port,
                       max_tunnel_duration))

// With the checks of AWS's openTunnel.
template <class Request>
Result<wire::OpenTunnel> tunnel_of(Call const& call, Request const& request) {
  auto target =
      "/openTunnel?instanceConnectEndpointId=" + wire::percent_encode(request.instance_connect_endpoint_id) +
      "&privateIpAddress=" + wire::percent_encode(request.private_ip_address) +
      "&remotePort=" + std::to_string(request.remote_port) +
      "&maxTunnelDuration=" + std::to_string(request.max_tunnel_duration);
  auto fits = wire::validate(request);
  if (fits) return call.plane.tunnels->read(call.caller, target);
  call.plane.tunnels->record_refusal(call.caller, target, fits.error());
  return fits.error();
}

awaitable<Result<SessionAccess>> open_tunnel(Call const& call, OpenTunnelRequest const& request) {
  CO_TRY(auto tunnel, tunnel_of(call, request));
  CO_TRY(auto admission, co_await call.plane.tunnels->admit(call.caller, tunnel, std::nullopt));
  auto access = call.plane.registry.start(admission);
  if (!access) {
    // Its agent left after it was chosen; another is chosen now.
    admission.kept.reset();
    CO_TRY(admission, co_await call.plane.tunnels->admit(call.caller, tunnel, std::nullopt));
    access = call.plane.registry.start(admission);
  }
  if (!access) co_return access.error();
  co_return access_for(call, *std::move(access));
}

// One that is over is answered without a token.
awaitable<Result<SessionAccess>> resume_tunnel(Call const& call, ResumeTunnelRequest const& request) {
  CO_TRY(auto tunnel, tunnel_of(call, request));
  SessionId session(request.session_id);
  CO_CHECK(co_await call.plane.tunnels->admit_again(call.caller, std::move(tunnel), session));
  auto access = call.plane.registry.resume(session, sessions::Registry::Kind::tunnel);
  if (!access) co_return SessionAccess{request.session_id, {}, {}};
  co_return access_for(call, std::move(*access));
}

void add_ways(FindTunnelResponse& response, sessions::TunnelWays const& ways) {
  response.private_ip_address = ways.address.text();
  for (auto const& [endpoint, by_agent] : ways.ways)
    response.endpoints.push_back({endpoint.id.text(), endpoint.dns_name, by_agent});
}

Result<void> expect_running(store::Transaction& transaction, Call const& call, InstanceId const& id) {
  TRY(auto state, call.plane.networks.read(transaction));
  auto const* known = state->network.instances.find(id);
  if (known == nullptr || known->state == network::InstanceState::running) return success();
  return Error{Errc::unavailable, id.text() + " is " + sessions::state_in_words(*known),
               "TargetNotConnected"};
}

Result<FindTunnelResponse> find_tunnel(store::Transaction& transaction, Call const& call,
                                       FindTunnelRequest const& request) {
  FindTunnelResponse response;
  if (auto address = Address::parse(request.target)) {
    TRY(auto ways, call.plane.tunnels->ways_to(transaction, *address));
    CHECK(expect_running(transaction, call, ways.target));
    add_ways(response, ways);
    return response;
  }
  TRY(auto target, sessions::the_target(transaction, call.plane.networks, request.target));
  response.instance_id = target.id.text();
  response.agent_connected = target.is_connected();
  if (sessions::is_of_vpc(target.id)) {
    auto ways = call.plane.tunnels->ways_to(transaction, target.id);
    if (!response.agent_connected) CHECK(expect_running(transaction, call, target.id));
    if (!ways && !response.agent_connected) return ways.error();
    if (ways) add_ways(response, *ways);
  } else if (!response.agent_connected) {
    return Error{Errc::not_found,
                 target.id.text() +
                     " is in no VPC of ours, so that no connect endpoint leads to it, and its "
                     "agent is not connected.",
                 "TargetNotConnected"};
  }
  return response;
}

}  // namespace

std::vector<Action> tunnel_actions() {
  auto open = serves(kFumidai, "OpenTunnel", Accepts::principals, open_tunnel);
  auto resume = serves(kFumidai, "ResumeTunnel", Accepts::principals, resume_tunnel);
  open.asks_gate = resume.asks_gate = true;  // by admit() and admit_again()
  return {looks(kFumidai, "FindTunnel", find_tunnel), std::move(open), std::move(resume)};
}

}  // namespace fumidai::api
