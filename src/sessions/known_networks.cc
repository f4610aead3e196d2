#include "sessions/known_networks.h"

#include "policy/explain.h"
#include "sessions/targets.h"
#include "sessions/unknown_target.h"

namespace fumidai::sessions {

namespace {

constexpr char const* kAgentActions[] = {"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
                                         "ssmmessages:OpenControlChannel", "ssmmessages:CreateDataChannel",
                                         "ssmmessages:OpenDataChannel"};

}  // namespace

// The first action of an agent that the role does not allow, if there is one.
Result<void> KnownNetworks::judge_role(store::Transaction& transaction, InstanceId const& instance,
                                       InstanceRole& role) {
  auto agent = questions_.agent_of(*role.role, instance, "");
  TRY(auto policies, questions_.policies_for(transaction, agent));
  for (auto const* action : kAgentActions) {
    TRY(auto request, questions_.request_for(transaction, agent, action, "*", {}));
    auto decision = policy::decide(policies, request);
    if (decision.allowed()) continue;
    role.refused_action = action;
    role.refusal = policy::sentence(decision, request);
    role.is_denied = decision.outcome == policy::Outcome::explicit_deny;
    return success();
  }
  return success();
}

// The first action of the endpoint's service that the role allows and the endpoint's policy does not let
// through; empty for none, nothing where the role allows none.
Result<std::optional<std::string>> KnownNetworks::refused_by_endpoint(
    store::Transaction& transaction, identity::Role const& role, InstanceId const& instance,
    network::InterfaceEndpoint const& endpoint) {
  auto agent = questions_.agent_of(role, instance, endpoint.id.text());
  TRY(auto state, networks_.read(transaction));
  auto service = std::string(state->network.short_name(endpoint)) + ":";
  TRY(auto policies, questions_.policies_for(transaction, agent));
  auto own = policies;
  own.endpoint.reset();
  std::optional<std::string> refused;
  for (std::string action : kAgentActions) {
    if (!action.starts_with(service)) continue;
    TRY(auto request, questions_.request_for(transaction, agent, action, "*", {}));
    if (!policy::decide(own, request).allowed()) continue;
    refused = "";
    if (!policy::decide(policies, request).allowed()) return std::optional(action);
  }
  return refused;
}

Result<std::optional<InstanceRole>> KnownNetworks::role_of(store::Transaction& transaction,
                                                           InstanceId const& instance) {
  TRY(auto state, networks_.read(transaction));
  auto const* known = state->network.instances.find(instance);
  if (!known || !known->profile) return std::nullopt;
  auto profile = identity::find_instance_profile(transaction, known->profile->name);
  if (!profile && profile.error().code == Errc::not_found) return std::nullopt;
  if (!profile) return profile.error();
  InstanceRole found{*std::move(profile)};
  if (!found.profile.role) return found;
  TRY(found.role, identity::find_role(transaction, *found.profile.role));
  TRY(found.is_trusting, questions_.trusts_service(*found.role, "ec2.amazonaws.com",
                                                   model::instance_arn(deployment_.region, instance)));
  CHECK(judge_role(transaction, instance, found));
  return found;
}

Result<std::optional<std::string>> KnownNetworks::obstacle_to(store::Transaction& transaction,
                                                              InstanceId const& target) {
  if (!is_of_vpc(target)) return std::nullopt;
  TRY(auto role, role_of(transaction, target));
  if (!role) return std::optional<std::string>("it has no instance profile");
  if (!role->lets_agent_connect()) return std::optional(role->obstacle());
  return std::nullopt;
}

Result<std::string> KnownNetworks::absence_of(store::Transaction& transaction,
                                              inventory::Instance const& target) {
  auto words = inventory::absence_in_words(target, clock_.now());
  if (!is_of_vpc(target.id)) return words;
  auto const& id = target.id.text();
  TRY(auto state, networks_.read(transaction));
  auto* known = state->network.instances.find(target.id);
  if (known != nullptr && known->state != network::InstanceState::running)
    words = id + " is not connected: it is " + state_in_words(*known);
  return words + " Why it cannot be reached, tells: fumidai doctor " + id;
}

Result<std::string> KnownNetworks::why_never_seen(store::Transaction& transaction, InstanceId const& target) {
  if (!is_of_vpc(target)) return kUnknownTarget;
  TRY(auto state, networks_.read(transaction));
  auto const* known = state->network.instances.find(target);
  if (known == nullptr) return kUnknownTarget;
  if (known->state != network::InstanceState::running) return "it is " + state_in_words(*known);
  return "its agent never was. Why, tells: fumidai doctor " + target.text();
}

Result<network::Network> KnownNetworks::all(store::Transaction& transaction) {
  TRY(auto state, networks_.read(transaction));
  auto network = state->network;
  for (auto const& instance : state->network.instances) {
    auto* known = network.instances.find(instance.id);
    TRY(auto role, role_of(transaction, instance.id));
    if (!role) known->profile.reset();
    if (role) known->profile = role->facts();
    auto registered = inventory::find_instance(transaction, instance.id);
    if (!registered && registered.error().code != Errc::not_found) return registered.error();
    bool is_connected = registered && registered->is_connected();
    auto const& tags = state->tags_of(instance.id.text());
    auto tag = tags.find(std::string(networks::kAgentTag));
    known->agent.installed = is_connected || tag == tags.end() || tag->second != networks::kNoAgent;
    known->agent.connected = is_connected;
    known->agent.carries_tunnels = is_connected && registered->agent_name == "fumidai-agent";
    if (is_connected) known->agent.running = true;
    if (auto const* launch = state->launches.find(instance.id))
      known->has_metadata = launch->metadata.enabled;
    if (role && role->role) CHECK(judge_endpoints(transaction, *role->role, instance, network));
  }
  return network;
}

// What the policies of its VPC's endpoints let its agent do.
Result<void> KnownNetworks::judge_endpoints(store::Transaction& transaction, identity::Role const& role,
                                            network::Instance const& instance, network::Network& network) {
  auto* interface = network.interfaces.find(instance.interface);
  auto* subnet = interface ? network.subnets.find(interface->subnet) : nullptr;
  std::vector<network::InterfaceEndpointId> judged;
  for (auto const& endpoint : network.endpoints) {
    if (subnet && endpoint.vpc == subnet->vpc && !endpoint.policy.empty()) judged.push_back(endpoint.id);
  }
  for (auto const& id : judged) {
    auto& endpoint = *network.endpoints.find(id);
    TRY(auto refused, refused_by_endpoint(transaction, role, instance.id, endpoint));
    if (refused) endpoint.refused_actions[instance.id] = *std::move(refused);
  }
  return success();
}

Result<std::string> KnownNetworks::lost_role(store::Transaction& transaction, model::Caller const& caller) {
  auto const& instance = caller.principal.instance;
  if (!instance || !is_of_vpc(*instance)) return std::string();
  TRY(auto role, role_of(transaction, *instance));
  bool holds = role && role->role && role->role->name == caller.principal.role && role->is_trusting;
  if (holds) return std::string();
  return instance->text() + " does not have the role " + caller.principal.role + " any more.";
}

}  // namespace fumidai::sessions
