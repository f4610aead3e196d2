// Fumidai.FindTunnel: through which connect endpoints an instance can be reached. AWS's CLI asks EC2 for the
// endpoints and takes the first; ours takes the best, and the next one when that fails.

#include "api/action.h"
#include "base/bytes.h"
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
};
BOOST_DESCRIBE_STRUCT(WayDescription, (), (instance_connect_endpoint_id, dns_name))

struct FindTunnelResponse {
  std::string instance_id, private_ip_address;
  std::vector<WayDescription> endpoints;  // best first
};
BOOST_DESCRIBE_STRUCT(FindTunnelResponse, (), (instance_id, private_ip_address, endpoints))

Result<FindTunnelResponse> find_tunnel(store::Transaction& transaction, Call const& call,
                                       FindTunnelRequest const& request) {
  TRY(auto targets, sessions::match_targets(transaction, call.plane.networks, request.target));
  if (targets.size() != 1)
    return Error{Errc::not_found,
                 "'" + escaped(request.target, 128) + "' means " +
                     (targets.empty() ? "nothing here" : std::to_string(targets.size()) + " instances") +
                     "; name one by its id, its name or KEY=VALUE.",
                 "InvalidTarget"};
  auto const& id = targets[0].id;
  if (!sessions::is_of_vpc(id))
    return Error{Errc::unsupported,
                 id.text() +
                     " is in no VPC of ours, so that no connect endpoint leads to it. Use: fumidai "
                     "session start " +
                     id.text(),
                 "InvalidTarget"};
  TRY(auto ways, call.plane.tunnels->ways_to(transaction, id));
  FindTunnelResponse response{id.text(), ways.address.text(), {}};
  for (auto const& endpoint : ways.endpoints)
    response.endpoints.push_back({endpoint.id.text(), endpoint.dns_name});
  return response;
}

}  // namespace

std::vector<Action> tunnel_actions() {
  return {looks(kFumidai, "FindTunnel", find_tunnel)};
}

}  // namespace fumidai::api
