#include "sessions/tunnels.h"

#include <algorithm>

#include "base/bytes.h"
#include "sessions/tunnel_ask.h"

namespace fumidai::sessions {

namespace {

Error not_usable(std::string detail) {
  return {Errc::invalid, std::move(detail), "InvalidParameter"};
}

// Whose address it is in that VPC: of two VPCs with one block, the endpoint's own.
network::InterfaceOwner owner_of(network::Network const& network, network::VpcId const& vpc,
                                 Address const& address) {
  for (auto const& interface : network.interfaces) {
    auto const* subnet = network.subnets.find(interface.subnet);
    if (interface.private_address == address && subnet && subnet->vpc == vpc) return interface.owner;
  }
  return {};
}

}  // namespace

Tunnels::Place::Place(Tunnels& tunnels, std::string endpoint)
    : tunnels_(&tunnels), endpoint_(std::move(endpoint)) {
  std::lock_guard lock(tunnels_->mutex_);
  tunnels_->carried_[endpoint_]++;
}

Tunnels::Place::~Place() {
  if (tunnels_ == nullptr) return;
  std::lock_guard lock(tunnels_->mutex_);
  auto at = tunnels_->carried_.find(endpoint_);
  if (--at->second == 0) tunnels_->carried_.erase(at);
}

std::size_t Tunnels::carried_by(std::string const& endpoint) const {
  std::lock_guard lock(mutex_);
  auto at = carried_.find(endpoint);
  return at == carried_.end() ? 0 : at->second;
}

awaitable<Result<Tunnels::Admission>> Tunnels::admit(model::Caller caller, wire::OpenTunnel tunnel,
                                                     std::string host) {
  auto place = std::make_shared<std::optional<Place>>();
  auto most = std::to_string(limits_.connections);
  auto ask = tunnel_ask(caller, gate_.deployment().region, tunnel);
  std::function<Result<SessionRow>(store::Transaction&)> make_row =
      [this, caller, tunnel, host, place, most](store::Transaction& transaction) -> Result<SessionRow> {
    TRY(auto row, make(transaction, caller, tunnel, host));
    if (carried_by(tunnel.endpoint) >= limits_.connections)
      return wire::too_many_connections(tunnel.endpoint + " carries " + most + " tunnels");
    place->emplace(*this, tunnel.endpoint);
    CHECK(add_session(transaction, row));
    return row;
  };
  std::function<boost::json::object(SessionRow const&)> made = [](SessionRow const& row) {
    return boost::json::object{{"session", row.id.text()}, {"target", row.target.text()}};
  };
  CO_TRY(auto row, co_await gate_.change(std::move(ask), std::move(make_row), std::move(made)));
  co_return Admission{std::move(row), *std::move(*place)};
}

// The address is one of the endpoint's VPC, and no service of ours there: never this machine, the metadata
// service, or an interface endpoint.
Result<SessionRow> Tunnels::make(store::Transaction& transaction, model::Caller const& caller,
                                 wire::OpenTunnel const& tunnel, std::string const& host) const {
  TRY(auto state, networks_.read(transaction));
  auto const& network = state->network;
  auto const* endpoint = network.connect_endpoints.find(network::ConnectEndpointId(tunnel.endpoint));
  if (!endpoint) return wire::no_such_endpoint(tunnel.endpoint);
  if (!is_usable(endpoint->state))
    return not_usable(tunnel.endpoint + " is " + std::string(to_string(endpoint->state)) +
                      " and takes no tunnels.");
  if (to_lower(host) != to_lower(endpoint->dns_name))
    return not_usable("This is not the name of " + tunnel.endpoint + ". Use " + endpoint->dns_name + ".");
  auto const* vpc = network.vpcs.find(endpoint->vpc);
  if (!vpc || !vpc->cidr.contains(tunnel.address))
    return not_usable(tunnel.address.text() + " is not an address of " + endpoint->vpc.text() + ", where " +
                      tunnel.endpoint + " is.");
  auto owner = owner_of(network, endpoint->vpc, tunnel.address);
  if (std::holds_alternative<network::InterfaceEndpointId>(owner))
    return not_usable(tunnel.address.text() + " is " + text_of(owner) + ", which is no host.");
  auto const* target = std::get_if<InstanceId>(&owner);
  SessionRow row;
  row.id = random_session_id(caller.principal.name);
  row.target = target ? *target : InstanceId(tunnel.address.text());
  row.owner = caller.principal.arn;
  row.owner_id = caller.principal.id;
  row.document = kTunnelDocument;
  row.reason = tunnel.address.text() + " port " + std::to_string(tunnel.port) + " through " + tunnel.endpoint;
  row.started_at = gate_.clock().now();
  row.duration_limit = tunnel.duration;
  row.admission = kOpenTunnelAction;
  return row;
}

Result<std::vector<std::string>> Tunnels::lost_endpoints(store::Transaction& transaction) const {
  std::vector<std::string> lost;
  {
    std::lock_guard lock(mutex_);
    for (auto const& [endpoint, count] : carried_) lost.push_back(endpoint);
  }
  if (lost.empty()) return lost;
  TRY(auto state, networks_.read(transaction));
  std::erase_if(lost, [&](std::string const& id) {
    auto const* endpoint = state->network.connect_endpoints.find(network::ConnectEndpointId(id));
    return endpoint && is_usable(endpoint->state);
  });
  return lost;
}

Result<TunnelWays> Tunnels::ways_to(store::Transaction& transaction, InstanceId const& target) const {
  TRY(auto state, networks_.read(transaction));
  TRY(auto at, state->network.locate(target));
  struct Candidate {
    bool is_elsewhere;
    std::size_t load;
    network::ConnectEndpoint const* endpoint;
  };
  std::vector<Candidate> usable;
  for (auto const& endpoint : state->network.connect_endpoints)
    if (endpoint.vpc == at.vpc->id && is_usable(endpoint.state))
      usable.push_back({endpoint.subnet != at.subnet->id, carried_by(endpoint.id.text()), &endpoint});
  if (usable.empty())
    return Error{Errc::not_found,
                 "there is no connect endpoint in " + at.vpc->id.text() +
                     "; make one with: aws ec2 create-instance-connect-endpoint --subnet-id " +
                     at.subnet->id.text(),
                 "ResourceNotFound"};
  std::ranges::stable_sort(usable, {},
                           [](auto const& each) { return std::pair(each.is_elsewhere, each.load); });
  TunnelWays ways{at.interface->private_address, {}};
  for (auto const& each : usable) ways.endpoints.push_back(*each.endpoint);
  return ways;
}

}  // namespace fumidai::sessions
