// Through a connect endpoint: from it to the instance, with a key that is pushed for a minute.

#include <fmt/format.h>

#include <algorithm>

#include "network/requirements.h"

namespace fumidai::network {

namespace {

bool is_gone(ConnectEndpointState state) {
  using enum ConnectEndpointState;
  return state == delete_in_progress || state == delete_complete;
}

// In the instance's subnet, with the default group of its VPC.
Mend mend_endpoint(Location const& at) {
  auto command =
      aws_command({"ec2", "create-instance-connect-endpoint", "--subnet-id", at.subnet->id.text()});
  return {{command + "  # a CLI of 2.12 or newer"}};
}

// Those of the VPC that take tunnels, first those that lead somewhere; or else one that does not, if there is
// one.
std::vector<ConnectEndpoint const*> endpoints_of(Network const& network, VpcId const& vpc) {
  std::vector<ConnectEndpoint const*> found;
  for (auto& endpoint : network.connect_endpoints) {
    if (endpoint.vpc == vpc && !is_gone(endpoint.state)) found.push_back(&endpoint);
  }
  std::ranges::stable_sort(found, {}, [](auto* endpoint) {
    return std::pair(!is_usable(endpoint->state), endpoint->has_agent == false);
  });
  return found;
}

void need_endpoint(Requirements& needs, Location const& at, ConnectEndpoint const* endpoint) {
  auto& vpc = at.vpc->id.text();
  if (!endpoint)
    return needs.need(Need::connect_endpoint, vpc, false, "has none to begin a tunnel at", mend_endpoint(at));
  auto message = endpoint->state_message.empty() ? "" : ": " + endpoint->state_message;
  bool will_be = endpoint->state == ConnectEndpointState::create_in_progress;
  needs.need(Need::connect_endpoint, vpc, is_usable(endpoint->state),
             fmt::format("has {}, which is {}{}", endpoint->id.text(), to_string(endpoint->state), message),
             will_be ? Mend() : mend_endpoint(at));
}

// No way leads there from an endpoint then, and none has to.
bool is_its_own_carrier(Instance const& instance, ConnectEndpoint const& endpoint) {
  return endpoint.has_agent == false && instance.agent.carries_tunnels;
}

Mend mend_carrier(ConnectEndpoint const& endpoint) {
  auto attach = aws_command({"iam", "attach-role-policy", "--role-name", "<role>", "--policy-arn",
                             "arn:aws:iam::aws:policy/FumidaiServeEndpoint"});
  return {{"fumidai-agent run --endpoint " + endpoint.id.text() + "  # on a host of " + endpoint.vpc.text() +
               ": docs/operate/connect-endpoint.md",
           attach + "  # the role of that host, where it has no such policy"}};
}

void need_carrier(Requirements& needs, Instance const& instance, ConnectEndpoint const& endpoint) {
  if (!endpoint.has_agent) return;
  auto const& id = endpoint.id.text();
  bool has_one = *endpoint.has_agent;
  if (is_its_own_carrier(instance, endpoint))
    return needs.advise(Need::carrier, id, "has none: tunnels go by the agent of " + instance.id.text());
  needs.need(
      Need::carrier, id, has_one,
      has_one ? "has one that is connected" : "has none that is connected and has fumidai:ServeEndpoint",
      mend_carrier(endpoint));
}

// Of several endpoints the first with an open way is what a client is given.
Result<Path> best_way(Network const& network, std::vector<ConnectEndpoint const*> const& endpoints,
                      Visit const& visit, InterfaceId const& to) {
  std::optional<Path> best;
  for (auto* endpoint : endpoints) {
    if (!is_usable(endpoint->state)) continue;
    if (best && endpoint->has_agent == false) continue;
    TRY(auto way, tunnel_path(network, endpoint->id, visit.from, to, flow_of(visit)));
    if (!best || (way.arrives() && !best->arrives())) best = std::move(way);
  }
  return best ? *std::move(best) : Path();
}

}  // namespace

Result<std::vector<Requirement>> tunnel_requirements(Network const& network, Visit const& visit) {
  TRY(auto at, network.locate(visit.instance));
  auto& instance = *network.instances.find(visit.instance);
  auto endpoints = endpoints_of(network, at.vpc->id);
  auto* first = endpoints.empty() ? nullptr : endpoints.front();
  Requirements needs(network);
  needs.need_running(instance);
  need_endpoint(needs, at, first);
  bool is_there = first && is_usable(first->state);
  if (is_there) need_carrier(needs, instance, *first);
  if (instance.state == InstanceState::running && is_there && !is_its_own_carrier(instance, *first)) {
    TRY(auto way, best_way(network, endpoints, visit, at.interface->id));
    needs.need_way(Need::way_to_instance, instance.id.text(), std::move(way));
  }
  if (flow_of(visit) == kSsh)
    needs.need(Need::key, instance.id.text(), true,
               "needs none of its own: one is pushed, good for 60 seconds");
  return needs.take();
}

}  // namespace fumidai::network
