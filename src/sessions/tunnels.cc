#include "sessions/tunnels.h"

#include <algorithm>

#include "base/bytes.h"
#include "inventory/instances.h"
#include "sessions/tunnel_ask.h"
#include "sessions/tunnel_order.h"

namespace fumidai::sessions {

namespace {

Error not_usable(std::string detail) {
  return {Errc::invalid, std::move(detail), "InvalidParameter"};
}

// AWS's, in each VPC.
Address name_server_of(network::Vpc const& vpc) {
  auto address = vpc.cidr.masked().base;
  address.bytes[3] += 2;  // a block has 16 addresses at least
  return address;
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

// The instance, or a host that is none here.
InstanceId target_of(network::InterfaceOwner const& owner, Address const& address) {
  auto const* instance = std::get_if<InstanceId>(&owner);
  return instance ? *instance : InstanceId(address.text());
}

std::string in_words(wire::OpenTunnel const& tunnel) {
  return tunnel.address.text() + " port " + std::to_string(tunnel.port) + " through " + tunnel.endpoint;
}

}  // namespace

std::string no_process_of(std::string const& endpoint) {
  return "no process of " + endpoint + " is connected; run in its network: fumidai-agent run --endpoint " +
         endpoint;  // no longer than the reason of a WebSocket's end may be
}

Result<wire::OpenTunnel> Tunnels::read(model::Caller const& caller, std::string_view target) const {
  auto tunnel = wire::parse_open_tunnel(target, terms());
  if (!tunnel) record_refusal(caller, target, tunnel.error());
  return tunnel;
}

void Tunnels::record_refusal(model::Caller const& caller, std::string_view target, Error const& why) const {
  boost::json::object facts{{"eventSource", kInstanceConnectSource}};
  for (auto const& [name, value] : wire::open_tunnel_words(target)) facts[name] = value;
  gate_.record_refusal(caller, std::string(kOpenTunnelAction), "*", why, std::move(facts));
}

awaitable<Result<Admission>> Tunnels::admit(model::Caller caller, wire::OpenTunnel tunnel,
                                            std::optional<std::string> host) {
  auto ask = tunnel_ask(caller, gate_.deployment().region, tunnel);
  Admission admission;
  Gate::Work make_it = [&](store::Transaction& transaction) -> Result<void> {
    TRY(admission, make(transaction, caller, tunnel, host));
    if (carriers_.carried_by(tunnel.endpoint) >= limits_.connections)
      return wire::too_many_connections(tunnel.endpoint + " carries " + std::to_string(limits_.connections) +
                                        " tunnels");
    admission.kept = std::make_shared<Carriers::Place>(carriers_, admission.session);
    return add_session(transaction, admission.session);
  };
  std::function<boost::json::object()> made = [&] {
    auto const& row = admission.session;
    boost::json::object facts{{"session", row.id.text()}, {"target", row.target.text()}};
    if (!row.carrier.empty()) facts["carrier"] = row.carrier.text();
    return facts;
  };
  CO_CHECK(co_await gate_.change(std::move(ask), std::move(make_it), std::move(made)));
  co_return admission;
}

awaitable<Result<void>> Tunnels::admit_again(model::Caller caller, wire::OpenTunnel tunnel,
                                             SessionId session) {
  auto ask = tunnel_ask(caller, gate_.deployment().region, tunnel);
  ask.facts["resumes"] = session.text();
  bool is_it = false;
  // The event is one of that session only when it is the caller's.
  ask.complete = [&](store::Transaction& transaction, Ask& asked) -> Result<void> {
    auto row = find_session(transaction, session);
    if (!row && row.error().code != Errc::not_found) return row.error();
    is_it = row && row->owner == caller.principal.arn && row->owner_id == caller.principal.id &&
            row->endpoint == tunnel.endpoint && row->reason == in_words(tunnel) &&
            row->duration_limit == tunnel.duration;
    if (is_it) asked.facts["session"] = session.text();
    return success();
  };
  Gate::Work look = [&](store::Transaction& transaction) -> Result<void> {
    CHECK(find_session(transaction, session));
    return success();
  };
  CO_CHECK(co_await gate_.look(std::move(ask), std::move(look)));
  if (!is_it)
    co_return Error{Errc::denied, session.text() + " is not a tunnel of yours to " + in_words(tunnel) + ".",
                    "AccessDeniedException"};
  co_return success();
}

// The address is one of the endpoint's VPC, and no service of ours there: never this machine, the metadata
// service, in a lab the name server, or an interface endpoint.
Result<Admission> Tunnels::make(store::Transaction& transaction, model::Caller const& caller,
                                wire::OpenTunnel const& tunnel,
                                std::optional<std::string> const& host) const {
  TRY(auto state, networks_.read(transaction));
  auto const& network = state->network;
  auto const* endpoint = network.connect_endpoints.find(network::ConnectEndpointId(tunnel.endpoint));
  if (!endpoint) return wire::no_such_endpoint(tunnel.endpoint);
  if (!is_usable(endpoint->state))
    return not_usable(tunnel.endpoint + " is " + std::string(to_string(endpoint->state)) +
                      " and takes no tunnels.");
  if (host && to_lower(*host) != to_lower(endpoint->dns_name))
    return not_usable("This is not the name of " + tunnel.endpoint + ". Use " + endpoint->dns_name + ".");
  auto const* vpc = network.vpcs.find(endpoint->vpc);
  if (!vpc || !vpc->cidr.contains(tunnel.address))
    return not_usable(tunnel.address.text() + " is not an address of " + endpoint->vpc.text() + ", where " +
                      tunnel.endpoint + " is.");
  if (has_dialer_ && tunnel.address == name_server_of(*vpc))
    return not_usable(tunnel.address.text() + " is the name server of " + endpoint->vpc.text() +
                      ", which is no host.");
  auto owner = owner_of(network, endpoint->vpc, tunnel.address);
  if (std::holds_alternative<network::InterfaceEndpointId>(owner))
    return not_usable(tunnel.address.text() + " is " + text_of(owner) + ", which is no host.");
  Admission admission{{}, model::SessionType::port, {}};
  auto& row = admission.session;
  row.id = random_session_id(caller.principal.name);
  row.target = target_of(owner, tunnel.address);
  row.owner = caller.principal.arn;
  row.owner_id = caller.principal.id;
  row.document = host ? kTunnelDocument : kResumableTunnelDocument;
  row.reason = in_words(tunnel);
  row.started_at = gate_.clock().now();
  row.duration_limit = tunnel.duration;
  row.admission = kOpenTunnelAction;
  row.endpoint = tunnel.endpoint;
  TRY(row.carrier, choose_carrier(transaction, row));
  bool is_resumable = row.document == kResumableTunnelDocument;
  if (is_resumable && row.carrier.empty()) return wire::target_unreachable(no_process_of(row.endpoint));
  admission.shell_content = tunnel_order(row, tunnel.address.text(), tunnel.port);
  return admission;
}

awaitable<Result<std::string>> Tunnels::admit_carrier(model::Caller agent, std::string endpoint) {
  std::string complaint;
  Gate::Work look = [&](store::Transaction& transaction) -> Result<void> {
    TRY(auto state, networks_.read(transaction));
    auto const* known = state->network.connect_endpoints.find(network::ConnectEndpointId(endpoint));
    bool will_be = known && known->state == network::ConnectEndpointState::create_in_progress;
    if (!known)
      complaint = "there is no connect endpoint " + endpoint;
    else if (!is_usable(known->state) && !will_be)
      complaint = endpoint + " is " + std::string(to_string(known->state));
    return success();
  };
  auto ask = serve_endpoint_ask(std::move(agent), gate_.deployment().region, endpoint);
  CO_CHECK(co_await gate_.look(std::move(ask), std::move(look)));
  if (!complaint.empty())
    complaint +=
        ", so that this agent carries no tunnels; run it with --endpoint and an id of: aws ec2 "
        "describe-instance-connect-endpoints";
  co_return complaint;
}

Result<InstanceId> Tunnels::carrier_for(store::Transaction& transaction, std::string const& endpoint,
                                        InstanceId const& target) const {
  for (auto& candidate : carriers_.candidates_for(endpoint, target)) {
    auto ask = serve_endpoint_ask(std::move(candidate.caller), gate_.deployment().region, endpoint);
    TRY(bool may_carry, gate_.allows(transaction, std::move(ask)));
    if (may_carry) return candidate.agent;
  }
  return InstanceId();
}

// An agent of the endpoint; else, in a lab, nobody; else the agent of the instance itself, which no endpoint
// has to reach.
Result<InstanceId> Tunnels::choose_carrier(store::Transaction& transaction, SessionRow const& row) const {
  TRY(auto carrier, carrier_for(transaction, row.endpoint, row.target));
  if (!carrier.empty()) return carrier;
  bool may_be_dialled = has_dialer_ && row.document == kTunnelDocument;
  auto instance = inventory::find_instance(transaction, row.target);
  bool has_agent = instance && instance->is_connected() && instance->agent_name == "fumidai-agent";
  return has_agent && !may_be_dialled ? row.target : InstanceId();
}

Result<std::vector<std::string>> Tunnels::lost_endpoints(store::Transaction& transaction) const {
  auto lost = carriers_.endpoints_in_use();
  if (lost.empty()) return lost;
  TRY(auto state, networks_.read(transaction));
  std::erase_if(lost, [&](std::string const& id) {
    auto const* endpoint = state->network.connect_endpoints.find(network::ConnectEndpointId(id));
    return endpoint && is_usable(endpoint->state);
  });
  return lost;
}

Carriers::Standing Tunnels::standing_of(std::string const& endpoint, InstanceId const& target) const {
  auto standing = carriers_.standing_of(endpoint, target);
  bool is_dialled = has_dialer_ && standing == Carriers::Standing::absent;
  return is_dialled ? Carriers::Standing::carried : standing;
}

TunnelWays Tunnels::ways_into(network::Network const& network, network::VpcId const& vpc,
                              Address const& address) const {
  struct Candidate {
    Carriers::Standing standing;
    bool is_elsewhere;
    std::size_t load;
    TunnelWays::Way way;
  };
  std::vector<Candidate> usable;
  auto target = target_of(owner_of(network, vpc, address), address);
  for (auto const& endpoint : network.connect_endpoints) {
    if (endpoint.vpc != vpc || !is_usable(endpoint.state)) continue;
    auto const& id = endpoint.id.text();
    bool by_agent = carriers_.standing_of(id) != Carriers::Standing::absent;
    auto const* subnet = network.subnets.find(endpoint.subnet);
    usable.push_back({standing_of(id, target),
                      !subnet || !subnet->cidr.contains(address),
                      carriers_.carried_by(id),
                      {endpoint, by_agent || !has_dialer_}});
  }
  std::ranges::stable_sort(
      usable, {}, [](auto const& each) { return std::tuple(each.standing, each.is_elsewhere, each.load); });
  TunnelWays ways{address, target, {}};
  for (auto const& each : usable) ways.ways.push_back(each.way);
  return ways;
}

Result<TunnelWays> Tunnels::ways_to(store::Transaction& transaction, InstanceId const& target) const {
  TRY(auto state, networks_.read(transaction));
  TRY(auto at, state->network.locate(target));
  auto ways = ways_into(state->network, at.vpc->id, at.interface->private_address);
  if (ways.ways.empty())
    return Error{Errc::not_found,
                 "there is no connect endpoint in " + at.vpc->id.text() +
                     "; make one with: aws ec2 create-instance-connect-endpoint --subnet-id " +
                     at.subnet->id.text(),
                 "ResourceNotFound"};
  return ways;
}

Result<TunnelWays> Tunnels::ways_to(store::Transaction& transaction, Address const& address) const {
  TRY(auto state, networks_.read(transaction));
  std::optional<TunnelWays> found;
  for (auto const& vpc : state->network.vpcs) {
    if (!vpc.cidr.contains(address)) continue;
    auto ways = ways_into(state->network, vpc.id, address);
    if (ways.ways.empty()) continue;
    if (found)
      return Error{Errc::conflict,
                   "several networks have the address " + address.text() + "; name an instance instead",
                   "InvalidTarget"};
    found = std::move(ways);
  }
  if (found) return *found;
  return Error{Errc::not_found,
               "no network with a connect endpoint has the address " + address.text() +
                   "; endpoints are made with: aws ec2 create-instance-connect-endpoint",
               "ResourceNotFound"};
}

}  // namespace fumidai::sessions
