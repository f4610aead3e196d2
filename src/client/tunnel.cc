#include "client/tunnel.h"

#include <boost/describe/class.hpp>

#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"

namespace fumidai::client {

namespace {

struct FindRequest {
  std::string target;
};
BOOST_DESCRIBE_STRUCT(FindRequest, (), (target))

struct FoundEndpoint {
  std::string instance_connect_endpoint_id, dns_name;
  bool resumable = false;
};
BOOST_DESCRIBE_STRUCT(FoundEndpoint, (), (instance_connect_endpoint_id, dns_name, resumable))

struct FindResponse {
  std::string instance_id, private_ip_address;
  std::vector<FoundEndpoint> endpoints;
  bool agent_connected = false;
};
BOOST_DESCRIBE_STRUCT(FindResponse, (), (instance_id, private_ip_address, endpoints, agent_connected))

// What failed so soon is told in time also when it fails twice.
constexpr std::chrono::seconds kSoon{4};
// For the plane to hear of the failure, which is told to us first, and to choose another agent.
constexpr std::chrono::milliseconds kHearing{150};

// By an agent of the endpoint. Where that one dies at this moment, the endpoint may have another.
awaitable<Result<std::unique_ptr<Tunnel>>> open_by_agent(Plane& plane, wire::OpenTunnel asked, Tell tell,
                                                         io::SteadyTime deadline) {
  auto begun = io::SteadyClock::now();
  auto opened = co_await open_channel_tunnel(plane.another(), asked, tell, deadline);
  bool is_final = opened || opened.error().code == Errc::denied || io::SteadyClock::now() - begun > kSoon;
  if (is_final) co_return opened;
  co_await io::sleep_for(kHearing);
  co_return co_await open_channel_tunnel(plane.another(), asked, tell, deadline);
}

// It becomes words of command lines.
bool is_instance_id(std::string const& text) {
  auto digits = text.starts_with("mi-") ? 3u : text.starts_with("i-") ? 2u : 0u;
  return digits > 0 && text.find_first_not_of("0123456789abcdef", digits) == text.npos;
}

}  // namespace

std::string const& TunnelTarget::name() const {
  return instance.empty() ? address : instance;
}

std::string TunnelTarget::first_way() const {
  return endpoints.empty() ? "its own agent" : "connect endpoint " + endpoints[0].id;
}

awaitable<Result<TunnelTarget>> find_tunnel(Plane& plane, std::string target, io::SteadyTime deadline) {
  auto body = wire::to_json(FindRequest{std::move(target)});
  auto asking = plane.call("fumidai", "Fumidai.FindTunnel", body.as_object());
  CO_TRY(auto answer, co_await plane.until(deadline, std::move(asking)));
  CO_TRY(auto found, wire::from_json<FindResponse>(answer));
  TunnelTarget way{found.instance_id, found.private_ip_address, {}, found.agent_connected};
  for (auto const& each : found.endpoints)
    way.endpoints.push_back({each.instance_connect_endpoint_id, each.dns_name, each.resumable});
  bool is_named =
      way.instance.empty() ? Address::parse(way.address).has_value() : is_instance_id(way.instance);
  if (!is_named || (way.endpoints.empty() && !way.has_agent))
    co_return Error{Errc::malformed, "the plane named no instance and no way to it"};
  co_return way;
}

awaitable<Result<std::unique_ptr<Tunnel>>> open_tunnel(Plane& plane, TunnelTarget target, std::uint16_t port,
                                                       std::chrono::seconds duration, Tell tell,
                                                       io::SteadyTime deadline) {
  Error last{Errc::not_found, "there is no connect endpoint"};
  for (auto const& endpoint : target.endpoints) {
    auto address = Address::parse(target.address);
    if (!address) co_return Error{Errc::malformed, "the plane gave no address"};
    wire::OpenTunnel asked{endpoint.id, port, *address, duration};
    Result<std::unique_ptr<Tunnel>> opened = last;
    if (endpoint.is_resumable) {
      opened = co_await open_by_agent(plane, std::move(asked), tell, deadline);
    } else {
      opened = co_await open_websocket_tunnel(plane, std::move(asked), endpoint.dns_name, deadline);
    }
    if (opened) co_return opened;
    last = opened.error();
    if (last.code == Errc::deadline_exceeded) co_return last;
    // What policies or parameters refuse, another way may yet allow.
    bool is_last = &endpoint == &target.endpoints.back() && !target.has_agent;
    if (!is_last) tell(endpoint.id + ": " + last.detail + "; trying the next way");
    deadline = time_to_tell();
  }
  if (!target.has_agent) co_return last;
  auto opened = co_await open_agent_tunnel(plane.another(), target.instance, port, tell, deadline);
  // The first way is the one that is meant to be.
  if (!opened && !target.endpoints.empty()) tell("by its agent: " + opened.error().detail);
  if (!opened && !target.endpoints.empty()) co_return last;
  co_return opened;
}

}  // namespace fumidai::client
