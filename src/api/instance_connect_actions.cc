// EC2 Instance Connect: pushing a key to an instance (ec2-instance-connect.md 1). An instance is one of a VPC
// (i-…), or, which AWS does not have, a host that registered itself (mi-…): its agent fetches the keys.

#include "api/action.h"
#include "inventory/instances.h"
#include "inventory/pushed_keys.h"
#include "sessions/targets.h"
#include "sessions/tunnel_ask.h"
#include "wire/authorized_keys.h"

namespace fumidai::api {

namespace {

using network::InstanceState;

Error invalid(std::string what) {
  return {Errc::invalid, std::move(what), "InvalidArgsException"};
}

struct PushRequest {
  std::string instance_id, instance_os_user, ssh_public_key;
  std::optional<std::string> availability_zone;  // mssh sends it, newer tools do not
  static constexpr wire::Rename kNames[] = {{"instance_os_user", "InstanceOSUser"},
                                            {"ssh_public_key", "SSHPublicKey"}};
};
BOOST_DESCRIBE_STRUCT(PushRequest, (), (instance_id, instance_os_user, ssh_public_key, availability_zone))

struct SerialPushRequest {
  std::string instance_id, ssh_public_key;
  std::optional<std::int64_t> serial_port;
  static constexpr wire::Rename kNames[] = {{"ssh_public_key", "SSHPublicKey"}};
};
BOOST_DESCRIBE_STRUCT(SerialPushRequest, (), (instance_id, ssh_public_key, serial_port))

struct PushResponse {
  std::string request_id;
  bool success = true;
};
BOOST_DESCRIBE_STRUCT(PushResponse, (), (request_id, success))

bool is_zone(std::string_view text) {
  auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return text.size() >= 6 && text.size() <= 32 && std::all_of(text.begin(), text.end(), is_part);
}

// All but whether there is such an instance.
Result<SshPublicKey> check_arguments(std::string const& id, std::string const& key) {
  bool is_of_ec2 = id.size() >= 10 && id.size() <= 32 && id.starts_with("i-") &&
                   id.find_first_not_of("0123456789abcdef", 2) == id.npos;
  if (!is_of_ec2 && !model::is_managed_instance_id(id))
    return invalid(
        "InstanceId '" + escaped(id, 64) +
        "' is the id of no instance: give i- and its digits, or mi- for a host that registered itself.");
  auto checked = wire::check_pushed_key(key);
  if (!checked) return invalid("SSHPublicKey cannot be used: " + checked.error().detail + ".");
  return checked;
}

Error not_found(std::string const& id) {
  return {Errc::not_found, "There is no instance " + id + " in this account and region.",
          "EC2InstanceNotFoundException"};
}

Result<void> check_zone(std::optional<std::string> const& claimed, std::string const& zone) {
  if (!claimed || *claimed == zone) return success();
  if (!is_zone(*claimed))
    return invalid("AvailabilityZone '" + escaped(*claimed, 64) + "' is the name of no zone.");
  return invalid("The instance is not in the zone " + *claimed + " but in " + zone +
                 ". Leave AvailabilityZone out, or name that one.");
}

Result<void> check_vpc_instance(networks::State const& state, InstanceId const& id,
                                std::optional<std::string> const& zone) {
  auto const* instance = state.network.instances.find(id);
  if (instance == nullptr) return not_found(id.text());
  if (instance->state == InstanceState::pending)
    return Error{Errc::conflict, "Instance " + id.text() + " is only starting; try again when it is running.",
                 "EC2InstanceUnavailableException"};
  if (instance->state != InstanceState::running)
    return Error{
        Errc::conflict,
        "Instance " + id.text() + " is " + std::string(to_string(instance->state)) + ", not running.",
        "EC2InstanceStateInvalidException"};
  TRY(auto at, state.network.locate(id));
  return check_zone(zone, at.subnet->zone);
}

// Its agent is the only way by which a key gets there, and may be back while the key lives.
Result<void> check_host(store::Transaction& transaction, InstanceId const& id,
                        std::optional<std::string> const& zone, Time now) {
  auto host = inventory::find_instance(transaction, id);
  if (!host && host.error().code == Errc::not_found) return not_found(id.text());
  if (!host) return host.error();
  if (zone)
    return invalid("The host " + id.text() + " is in no availability zone; leave AvailabilityZone out.");
  bool has_just_left = host->disconnected_at && now - *host->disconnected_at < inventory::kPushedKeyLife;
  if (has_just_left || host->ping_status(now) == "Online") return success();
  return Error{Errc::conflict, inventory::absence_in_words(*host, now), "EC2InstanceUnavailableException"};
}

Result<void> check_instance(store::Transaction& transaction, Call const& call, InstanceId const& id,
                            std::optional<std::string> const& zone) {
  if (!sessions::is_of_vpc(id)) return check_host(transaction, id, zone, call.caller.at);
  TRY(auto state, call.plane.networks.read(transaction));
  return check_vpc_instance(*state, id, zone);
}

// An instance of EC2 under its own name; a host under the one that policies of its sessions use, too:
// arn:aws:ssm:…:managed-instance/mi-…
Result<void> instance_and_user(store::Transaction&, Call const& call, PushRequest const& request,
                               sessions::Ask& ask) {
  auto push = sessions::push_key_ask(call.caller, call.plane.deployment.region,
                                     InstanceId(request.instance_id), request.instance_os_user);
  ask.resources = std::move(push.resources);
  ask.context = std::move(push.context);
  ask.facts["eventSource"] = sessions::kInstanceConnectSource;
  return success();
}

Result<void> instance(store::Transaction&, Call const& call, SerialPushRequest const& request,
                      sessions::Ask& ask) {
  ask.resources = {model::instance_arn(call.plane.deployment.region, InstanceId(request.instance_id))};
  ask.facts["eventSource"] = sessions::kInstanceConnectSource;
  return success();
}

Result<PushResponse> send_key(store::Transaction& transaction, Call const& call, PushRequest const& request) {
  TRY(auto key, check_arguments(request.instance_id, request.ssh_public_key));
  if (!wire::is_os_user(request.instance_os_user))
    return invalid("InstanceOSUser '" + escaped(request.instance_os_user, 64) +
                   "' cannot be the name of a user.");
  InstanceId id(request.instance_id);
  CHECK(check_instance(transaction, call, id, request.availability_zone));
  CHECK(inventory::push_key(
      transaction,
      {id, request.instance_os_user, key.line, call.caller.principal.arn, call.caller.request_id},
      call.caller.at));
  return PushResponse{call.caller.request_id};
}

// No machine here has a serial console: a push that succeeds would only mislead.
Result<PushResponse> send_serial_key(store::Transaction& transaction, Call const& call,
                                     SerialPushRequest const& request) {
  CHECK(check_arguments(request.instance_id, request.ssh_public_key));
  if (request.serial_port.value_or(0) != 0) return invalid("SerialPort must be 0.");
  InstanceId id(request.instance_id);
  CHECK(check_instance(transaction, call, id, std::nullopt));
  if (!sessions::is_of_vpc(id))
    return Error{Errc::unsupported,
                 id.text() + " is a host that registered itself; it has no serial console.",
                 "EC2InstanceTypeInvalidException"};
  return Error{Errc::denied,
               "The serial console is disabled in this account: there is none here. Use a session "
               "(aws ssm start-session), or push a key for SSH.",
               "SerialConsoleAccessDisabledException"};
}

}  // namespace

std::vector<Action> instance_connect_actions() {
  return {
      changes<PushRequest, PushResponse>(kInstanceConnect, "SendSSHPublicKey", send_key, instance_and_user),
      changes<SerialPushRequest, PushResponse>(kInstanceConnect, "SendSerialConsoleSSHPublicKey",
                                               send_serial_key, instance),
  };
}

}  // namespace fumidai::api
