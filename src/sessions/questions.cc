#include "sessions/questions.h"

#include "identity/authenticator.h"
#include "identity/instance_identity.h"
#include "inventory/tags.h"
#include "model/session_document.h"
#include "sessions/session_rows.h"

namespace fumidai::sessions {

namespace {

policy::Principal to_policy(model::Principal const& principal) {
  policy::Principal result;
  result.arn = principal.arn;
  result.account = principal.account;
  bool is_role = principal.kind == model::Principal::Kind::role;
  result.type = is_role ? policy::PrincipalType::assumed_role : policy::PrincipalType::user;
  result.role_arn = principal.role_arn;
  return result;
}

// Of the user, or of the role whatever its session.
std::string const& own_arn(model::Principal const& principal) {
  return principal.kind == model::Principal::Kind::role ? principal.role_arn : principal.arn;
}

// What is true of every request (api-surface.md 4.3).
policy::Context circumstances(model::Caller const& caller, model::Region const& region,
                              networks::State const& networks) {
  policy::Context context;
  bool is_role = caller.principal.kind == model::Principal::Kind::role;
  if (!is_role) context.set("aws:username", caller.principal.name);
  context.set("aws:userid", caller.principal.id);
  context.set("aws:PrincipalArn", own_arn(caller.principal));
  context.set("aws:PrincipalAccount", caller.principal.account);
  context.set("aws:PrincipalType", is_role ? "AssumedRole" : "User");
  if (caller.vpc_endpoint.empty()) {
    context.set("aws:SourceIp", caller.source_address);
  } else {
    context.set("aws:VpcSourceIp", caller.source_address);
    context.set("aws:SourceVpce", caller.vpc_endpoint);
    auto const* endpoint = networks.network.endpoints.find(network::InterfaceEndpointId(caller.vpc_endpoint));
    if (endpoint) context.set("aws:SourceVpc", endpoint->vpc.text());
  }
  context.set("aws:CurrentTime", to_iso_seconds(caller.at));
  context.set("aws:EpochTime", std::to_string(to_millis(caller.at) / 1000));
  context.set("aws:SecureTransport", "true");
  context.set("aws:UserAgent", caller.user_agent);
  context.set("aws:RequestedRegion", region.name);
  context.set("aws:ViaAWSService", "false");
  if (caller.token_issued_at) {
    context.set("aws:TokenIssueTime", to_iso_seconds(*caller.token_issued_at));
    context.set("aws:MultiFactorAuthPresent", "false");
  }
  return context;
}

// What the tags of a part are kept under. ARNs of key pairs end in their names.
std::string tagged_id(networks::State const& state, std::string const& arn) {
  auto name = model::resource_of(arn, "key-pair");
  if (name.empty()) return arn.substr(arn.rfind('/') + 1);
  auto const* pair = state.key_pair_named(std::string(name));
  return pair ? pair->id.text() : std::string();
}

}  // namespace

// What policies may look at of a part of a network (api-surface.md 4.3). One that is to be made has nothing
// yet.
Result<void> Questions::tell_of_network(store::Transaction& transaction, std::string const& arn,
                                        policy::Context& context) {
  context.set("ec2:Region", deployment_.region.name);
  TRY(auto state, networks_.read(transaction));
  auto id = tagged_id(*state, arn);
  bool is_instance = state->network.instances.find(InstanceId(id)) != nullptr;
  for (auto const& [key, value] : state->tags_of(id)) {
    context.set("ec2:ResourceTag/" + key, value);
    context.set("aws:ResourceTag/" + key, value);
    if (is_instance) context.set("ssm:resourceTag/" + key, value);
  }
  return success();
}

Result<policy::PolicySet> Questions::policies_for(store::Transaction& transaction,
                                                  model::Caller const& caller) {
  TRY(auto policies, library_.policies_for(transaction, caller.principal));
  if (caller.vpc_endpoint.empty()) return policies;
  TRY(auto state, networks_.read(transaction));
  auto const* endpoint = state->network.endpoints.find(network::InterfaceEndpointId(caller.vpc_endpoint));
  // One that is gone lets nothing through; one without a policy, everything.
  if (!endpoint) {
    policies.endpoint.emplace();
  } else if (!endpoint->policy.empty()) {
    TRY(auto policy, library_.policy_of(*endpoint));
    policies.endpoint = {{std::move(policy)}};
  }
  return policies;
}

Result<policy::StartSession> Questions::start_session(store::Transaction& transaction,
                                                      model::Caller const& caller, InstanceId const& target,
                                                      std::string const& document) {
  auto name = document.empty() ? model::kDefaultDocument : std::string_view(document);
  policy::StartSession asked;
  TRY(asked.node, request_for(transaction, caller, "ssm:StartSession",
                              model::instance_arn(deployment_.region, target), {}));
  TRY(asked.document, request_for(transaction, caller, "ssm:StartSession",
                                  model::document_arn(deployment_.region, name), {}));
  asked.document_named = !document.empty();
  return asked;
}

Result<policy::Request> Questions::request_for(
    store::Transaction& transaction, model::Caller const& caller, std::string const& action,
    std::string const& resource, std::map<std::string, std::vector<std::string>> const& context) {
  TRY(auto state, networks_.read(transaction));
  policy::Request request{to_policy(caller.principal), action, resource,
                          circumstances(caller, deployment_.region, *state)};
  for (auto const& [key, values] : context) request.context.set(key, values);
  TRY(auto own_tags, inventory::tags_of(transaction, inventory::kIamEntity, own_arn(caller.principal)));
  for (auto const& [key, value] : own_tags) request.context.set("aws:PrincipalTag/" + key, value);
  if (resource.starts_with("arn:aws:iam:")) {
    TRY(auto tags, inventory::tags_of(transaction, inventory::kIamEntity, resource));
    for (auto const& [key, value] : tags) {
      request.context.set("iam:ResourceTag/" + key, value);
      request.context.set("aws:ResourceTag/" + key, value);
    }
  }
  if (auto instance = model::resource_of(resource, "managed-instance"); !instance.empty()) {
    TRY(auto tags, inventory::tags_of(transaction, inventory::kManagedInstance, std::string(instance)));
    for (auto const& [key, value] : tags) {
      request.context.set("ssm:resourceTag/" + key, value);
      request.context.set("aws:ResourceTag/" + key, value);
    }
  }
  if (resource.starts_with("arn:aws:ec2:")) CHECK(tell_of_network(transaction, resource, request.context));
  if (auto session = model::resource_of(resource, "session"); !session.empty()) {
    auto row = find_session(transaction, SessionId(std::string(session)));
    if (row) {
      request.context.set("ssm:resourceTag/aws:ssmmessages:session-id", row->owner_id);
      request.context.set("ssm:resourceTag/aws:ssmmessages:target-id", row->target.text());
    } else if (row.error().code != Errc::not_found) {
      return row.error();
    }
  }
  return request;
}

model::Caller Questions::agent_of(identity::Role const& role, InstanceId const& instance,
                                  std::string const& endpoint) const {
  model::Caller agent;
  agent.principal = identity::role_principal(deployment_, role, identity::agent_session(role, instance));
  agent.vpc_endpoint = endpoint;
  agent.at = clock_.now();
  agent.token_issued_at = agent.at;
  return agent;
}

Result<bool> Questions::trusts_service(identity::Role const& role, std::string const& service,
                                       std::string const& source) {
  policy::Request request;
  request.principal.type = policy::PrincipalType::service;
  request.principal.service = service;
  request.action = "sts:AssumeRole";
  request.resource = model::role_arn(deployment_.region, role.path, role.name);
  auto now = clock_.now();
  request.context.set("aws:SourceAccount", deployment_.region.account);
  request.context.set("aws:SourceArn", source);
  request.context.set("aws:CurrentTime", to_iso_seconds(now));
  request.context.set("aws:EpochTime", std::to_string(to_millis(now) / 1000));
  TRY(auto trust, library_.trust_of(role));
  return policy::decide_trust(trust, request).allowed();
}

}  // namespace fumidai::sessions
