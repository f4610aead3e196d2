// What agents call: registration, role credentials, reports, and the calls that open channels.

#include "api/action.h"
#include "base/bytes.h"
#include "base/rsa.h"
#include "identity/instance_identity.h"
#include "inventory/activations.h"
#include "inventory/instances.h"
#include "inventory/pushed_keys.h"
#include "inventory/tags.h"
#include "io/wait.h"
#include "sessions/targets.h"

namespace fumidai::api {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kCredentialLifetime{1};
// AWS's agent waits 20 s for an answer, and takes one within a second for a reason to slow down.
constexpr auto kMessagePoll = 15s;

// What the policies allow and an identity does not: each has its event, as a host that poses as another is
// what somebody wants to know.
Error refused(Call const& call, std::string const& resource, Error why) {
  auto action = std::string(call.addressed.service->name) + ":" + call.addressed.operation;
  call.plane.gate.record_refusal(call.caller, action, resource, why);
  return why;
}

// An agent speaks for its own instance.
Result<InstanceId> own_instance(Call const& call, std::string const& claimed) {
  auto const& instance = call.caller.principal.instance;
  if (instance && instance->text() == claimed) return *instance;
  auto name = escaped(claimed, 64);
  return refused(
      call, name,
      {Errc::denied,
       call.caller.principal.arn + " may not speak for " + name + ": only that instance's own agent may.",
       "AccessDenied"});
}

// ---- registration

struct RegisterRequest {
  Secret activation_code;
  std::string activation_id, public_key, public_key_type, fingerprint;
  std::optional<std::string> name;  // an addition of ours: the host's own wish
  static constexpr wire::Limit kLimits[] = {{"activation_id", 36, 36, wire::required},
                                            {"public_key", 392, 4096, wire::required},
                                            {"public_key_type", 0, 16},
                                            {"fingerprint", 1, 256, wire::required},
                                            {"name", 1, 256}};
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (),
                      (activation_code, activation_id, public_key, public_key_type, fingerprint, name))

struct RegisterResponse {
  std::string instance_id;
  std::string region;  // an addition of ours: what to sign for; AWS's agent is told on its command line
};
BOOST_DESCRIBE_STRUCT(RegisterResponse, (), (instance_id, region))

Result<void> check_public_key(std::string const& base64, std::string const& type) {
  auto refused = [](std::string detail) {
    return Error{Errc::invalid, std::move(detail), "ValidationException"};
  };
  if (!type.empty() && type != "Rsa") return refused("PublicKeyType must be Rsa.");
  auto der = from_base64(base64);
  if (!der) return refused("PublicKey must be base64 of a DER public key.");
  auto usable = check_rsa_public_key(as_text(*der));
  if (!usable) return refused("PublicKey: " + usable.error().detail + ".");
  return success();
}

awaitable<Result<RegisterResponse>> register_instance(Call const& call, RegisterRequest const& request) {
  CO_CHECK(wire::validate(request));
  CO_CHECK(check_public_key(request.public_key, request.public_key_type));
  auto now = call.caller.at;
  auto source = call.caller.source_address, request_id = call.caller.request_id;
  std::function<Result<InstanceId>(store::Transaction&, audit::Trail const&)> work =
      [request, now, source, request_id](store::Transaction& transaction,
                                         audit::Trail const& trail) -> Result<InstanceId> {
    TRY(auto activation,
        inventory::redeem_activation(transaction, request.activation_id, request.activation_code, now));
    inventory::Instance instance;
    instance.id = inventory::random_managed_instance_id();
    instance.activation_id = activation.id;
    instance.iam_role = activation.iam_role;
    instance.name = request.name.value_or(activation.default_instance_name);
    instance.public_key = request.public_key;
    instance.fingerprint = request.fingerprint;
    instance.registered_at = now;
    CHECK(inventory::add_instance(transaction, instance));
    TRY(auto tags, inventory::tags_of(transaction, inventory::kActivation, activation.id));
    CHECK(inventory::add_tags(transaction, inventory::kManagedInstance, instance.id.text(), tags));
    CHECK(trail.append(
        transaction,
        audit::InstanceRegistered{instance.id, activation.id, source, request_id, now}.to_event()));
    return instance.id;
  };
  auto id = co_await call.plane.gate.by_own_proof<InstanceId>(std::move(work));
  if (!id) {
    if (id.error().code == Errc::denied) call.plane.gate.count_refusal(source, id.error().aws);
    co_return id.error();
  }
  co_return RegisterResponse{id->text(), call.plane.deployment.region.name};
}

struct RoleTokenRequest {
  std::string fingerprint;
  static constexpr wire::Limit kLimits[] = {{"fingerprint", 1, 256, wire::required}};
};
BOOST_DESCRIBE_STRUCT(RoleTokenRequest, (), (fingerprint))

// All five are needed: AWS's agent looks at each without asking whether it is there.
struct RoleTokenResponse {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time token_expiration_date{};
  bool update_key_pair = false;
};
BOOST_DESCRIBE_STRUCT(RoleTokenResponse, (),
                      (access_key_id, secret_access_key, session_token, token_expiration_date,
                       update_key_pair))

awaitable<Result<RoleTokenResponse>> request_role_token(Call const& call, RoleTokenRequest const& request) {
  CO_CHECK(wire::validate(request));
  auto instance = *call.caller.principal.instance;
  auto source = model::instance_arn(call.plane.deployment.region, instance);
  std::function<Result<identity::Role>(store::Transaction&, audit::Trail const&)> work =
      [instance, source, fingerprint = request.fingerprint, &gate = call.plane.gate](
          store::Transaction& transaction, audit::Trail const&) -> Result<identity::Role> {
    TRY(auto known, inventory::find_instance(transaction, instance));
    if (known.fingerprint != fingerprint) {
      return Error{Errc::denied,
                   "The host does not look like the one that registered as " + instance.text() +
                       ". Register it anew with an activation.",
                   "MachineFingerprintDoesNotMatch"};
    }
    TRY(auto role, identity::find_role(transaction, known.iam_role));
    TRY(bool is_trusting, gate.questions().trusts_service(role, "ssm.amazonaws.com", source));
    if (is_trusting) return role;
    return Error{Errc::denied,
                 "The trust policy of role " + role.name + " does not let ssm.amazonaws.com give it to " +
                     instance.text() + ".",
                 "AccessDenied"};
  };
  auto role = co_await call.plane.gate.by_own_proof<identity::Role>(std::move(work));
  if (!role && role.error().code == Errc::denied) co_return refused(call, instance.text(), role.error());
  if (!role) co_return role.error();
  auto session = identity::agent_session(*role, instance);
  CO_TRY(auto credentials, identity::issue_credentials(call.plane.deployment, std::move(session),
                                                       call.caller.at, kCredentialLifetime));
  call.plane.gate.count_routine(call.caller, "ssm:RequestManagedInstanceRoleToken");
  co_return RoleTokenResponse{credentials.access_key_id, credentials.secret_access_key,
                              credentials.session_token, credentials.expires_at, false};
}

struct NewKeyRequest {
  std::string new_public_key, new_public_key_type;
  static constexpr wire::Limit kLimits[] = {{"new_public_key", 392, 4096, wire::required}};
};
BOOST_DESCRIBE_STRUCT(NewKeyRequest, (), (new_public_key, new_public_key_type))

awaitable<Result<Nothing>> update_public_key(Call const& call, NewKeyRequest const& request) {
  CO_CHECK(wire::validate(request));
  CO_CHECK(check_public_key(request.new_public_key, request.new_public_key_type));
  auto caller = call.caller;
  std::function<Result<Nothing>(store::Transaction&, audit::Trail const&)> work =
      [caller, key = request.new_public_key](store::Transaction& transaction,
                                             audit::Trail const& trail) -> Result<Nothing> {
    CHECK(inventory::replace_public_key(transaction, *caller.principal.instance, key));
    audit::Decided event{caller,
                         "ssm:UpdateManagedInstancePublicKey",
                         caller.principal.instance->text(),
                         true,
                         "the registered key",
                         "",
                         {}};
    CHECK(trail.append(transaction, event.to_event()));
    return Nothing{};
  };
  co_return co_await call.plane.gate.by_own_proof<Nothing>(std::move(work));
}

// ---- reports

struct ReportRequest {
  std::string instance_id;
  std::optional<std::string> agent_name, agent_version, platform_type, platform_name, platform_version,
      ip_address, computer_name;
  static constexpr wire::Rename kNames[] = {{"ip_address", "IPAddress"}};
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 124, wire::required},
                                            {"agent_name", 0, 128},
                                            {"agent_version", 0, 64},
                                            {"platform_type", 0, 16},
                                            {"platform_name", 0, 256},
                                            {"platform_version", 0, 256},
                                            {"ip_address", 0, 64},
                                            {"computer_name", 0, 255}};
};
BOOST_DESCRIBE_STRUCT(ReportRequest, (),
                      (instance_id, agent_name, agent_version, platform_type, platform_name, platform_version,
                       ip_address, computer_name))

// An instance of a VPC registers by its first report; its role lets it.
Result<void> know_instance(store::Transaction& transaction, Call const& call, InstanceId const& id) {
  auto known = inventory::find_instance(transaction, id);
  if (known || known.error().code != Errc::not_found) return known ? success() : Result<void>(known.error());
  inventory::Instance instance;
  instance.id = id;
  instance.registered_at = call.caller.at;
  return inventory::add_instance(transaction, instance);
}

Result<Nothing> update_instance_information(store::Transaction& transaction, Call const& call,
                                            ReportRequest const& request) {
  TRY(auto instance, own_instance(call, request.instance_id));
  inventory::InstanceReport report{request.agent_name,    request.agent_version,    request.platform_type,
                                   request.platform_name, request.platform_version, request.ip_address,
                                   request.computer_name};
  if (sessions::is_of_vpc(instance)) CHECK(know_instance(transaction, call, instance));
  CHECK(inventory::report_instance(transaction, instance, report, call.caller.at));
  return Nothing{};
}

struct AssociationsRequest {
  std::string instance_id;
};
BOOST_DESCRIBE_STRUCT(AssociationsRequest, (), (instance_id))

// There are none here; agents ask every ten minutes.
struct AssociationsResponse {
  std::vector<Nothing> associations;
};
BOOST_DESCRIBE_STRUCT(AssociationsResponse, (), (associations))

Result<AssociationsResponse> list_associations(store::Transaction&, Call const&, AssociationsRequest const&) {
  return AssociationsResponse{};
}

// ---- commands by polling, which agents do until their control channel is up

struct GetMessagesRequest {
  std::string destination, messages_request_id;
  static constexpr wire::Limit kLimits[] = {{"destination", 1, 128, wire::required},
                                            {"messages_request_id", 0, 64}};
};
BOOST_DESCRIBE_STRUCT(GetMessagesRequest, (), (destination, messages_request_id))

struct GetMessagesResponse {
  std::string destination, messages_request_id;
  std::vector<Nothing> messages;
};
BOOST_DESCRIBE_STRUCT(GetMessagesResponse, (), (destination, messages_request_id, messages))

awaitable<Result<GetMessagesResponse>> get_messages(Call const& call, GetMessagesRequest const& request) {
  CO_CHECK(own_instance(call, request.destination));
  co_await io::sleep_for(kMessagePoll);
  co_return GetMessagesResponse{request.destination, request.messages_request_id, {}};
}

// ---- keys that were pushed to the instance (ec2-instance-connect.md 1.3), for hosts without a metadata
// service

struct PushedKeysRequest {
  std::string instance_id, user;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 124, wire::required},
                                            {"user", 1, 32, wire::required}};
};
BOOST_DESCRIBE_STRUCT(PushedKeysRequest, (), (instance_id, user))

struct PushedKeysResponse {
  std::vector<std::string> keys;
};
BOOST_DESCRIBE_STRUCT(PushedKeysResponse, (), (keys))

awaitable<Result<PushedKeysResponse>> list_pushed_keys(Call const& call, PushedKeysRequest const& request) {
  CO_CHECK(wire::validate(request));
  CO_TRY(auto instance, own_instance(call, request.instance_id));
  std::function<Result<PushedKeysResponse>(store::Transaction&)> look =
      [instance, user = request.user,
       now = call.caller.at](store::Transaction& transaction) -> Result<PushedKeysResponse> {
    TRY(auto keys, inventory::live_keys(transaction, instance, user, now));
    PushedKeysResponse response;
    for (auto const& key : keys) response.keys.push_back(key.key);
    return response;
  };
  call.plane.gate.count_routine(call.caller, "fumidai:ListPushedKeys");
  co_return co_await call.plane.gate.read(std::move(look));
}

// ---- channels

struct CreateChannelRequest {
  std::string message_schema_version, request_id;
};
BOOST_DESCRIBE_STRUCT(CreateChannelRequest, (), (message_schema_version, request_id))

struct CreateChannelResponse {
  std::string message_schema_version = "1.0";
  Secret token_value;
};
BOOST_DESCRIBE_STRUCT(CreateChannelResponse, (), (message_schema_version, token_value))

awaitable<Result<CreateChannelResponse>> create_control_channel(Call const& call,
                                                                CreateChannelRequest const&) {
  CO_TRY(auto instance, own_instance(call, call.addressed.resource));
  co_return CreateChannelResponse{"1.0", call.plane.registry.control_token(instance)};
}

awaitable<Result<CreateChannelResponse>> create_data_channel(Call const& call, CreateChannelRequest const&) {
  auto const& instance = call.caller.principal.instance;
  auto name = escaped(call.addressed.resource, 128);
  if (!instance)
    co_return refused(
        call, name,
        {Errc::denied, "Only the agent of the session's target can open this channel.", "AccessDenied"});
  auto token = call.plane.registry.agent_token(SessionId(call.addressed.resource), *instance);
  if (!token && token.error().code == Errc::denied) co_return refused(call, name, token.error());
  if (!token) co_return token.error();
  co_return CreateChannelResponse{"1.0", std::move(*token)};
}

}  // namespace

std::vector<Action> agent_actions() {
  using sessions::Recorded;
  return {
      serves(kSsm, "RegisterManagedInstance", Accepts::anyone, register_instance),
      serves(kSsm, "RequestManagedInstanceRoleToken", Accepts::instance_keys, request_role_token),
      serves(kSsm, "UpdateManagedInstancePublicKey", Accepts::instance_keys, update_public_key),
      changes<ReportRequest, Nothing>(kSsm, "UpdateInstanceInformation", update_instance_information, {},
                                      nullptr, Recorded::counted),
      looks(kSsm, "ListInstanceAssociations", list_associations, {}, Recorded::counted),
      looks(kSsm, "ListAssociations", list_associations, {}, Recorded::counted),
      // For the instance itself, whatever its role allows.
      serves(kFumidai, "ListPushedKeys", Accepts::principals, list_pushed_keys),
      acts(kEc2Messages, "GetMessages", get_messages, {}, Recorded::counted),
      acts(kSsmMessages, "CreateControlChannel", create_control_channel, {}, Recorded::counted),
      acts(kSsmMessages, "CreateDataChannel", create_data_channel, {}, Recorded::counted),
  };
}

}  // namespace fumidai::api
