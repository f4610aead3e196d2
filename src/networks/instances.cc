#include "networks/instances.h"

#include <algorithm>

#include "base/bytes.h"
#include "networks/elastic_addresses.h"
#include "networks/images.h"
#include "networks/key_pairs.h"
#include "networks/security_groups.h"
#include "networks/vpcs.h"

namespace fumidai::networks {

namespace {

using network::Instance;
using network::NetworkInterface;

constexpr std::int64_t kMostInstances = 100;
constexpr std::size_t kMostUserData = 16384;
constexpr auto kShownAfterEnd = std::chrono::hours(1);
constexpr auto kByUser = "Client.UserInitiatedShutdown", kFromWithin = "Client.InstanceInitiatedShutdown",
               kInternal = "Server.InternalError";

bool is_terminated(Instance const& instance) {
  return instance.state == InstanceState::terminated;
}

Result<void> check_user_data(std::string const& text) {
  auto bytes = from_base64(text);
  if (!bytes) return invalid_parameter("Invalid BASE64 encoding of user data.");
  if (bytes->size() > kMostUserData) return invalid_parameter("User data is limited to 16384 bytes");
  return success();
}

Result<void> check_metadata(MetadataOptions const& options) {
  if (options.hop_limit >= 1 && options.hop_limit <= 64) return success();
  return invalid_parameter(
      "Value (" + std::to_string(options.hop_limit) +
      ") for parameter HttpPutResponseHopLimit is invalid. It is a number from 1 to 64.");
}

// How many there can be, of those that are wanted.
Result<std::int64_t> count_for(State const& state, NewInstances const& wanted,
                               network::Subnet const& subnet) {
  if (wanted.least < 1)
    return invalid_parameter("Invalid value '" + std::to_string(wanted.least) +
                             "' for MinCount. It is at least 1.");
  if (wanted.most < wanted.least)
    return invalid_parameter("Invalid value '" + std::to_string(wanted.most) +
                             "' for MaxCount. It is at least MinCount.");
  if (wanted.most > 1 && !wanted.private_address.empty())
    return Error{Errc::invalid,
                 "A private IP address may be specified for one instance only: MinCount and MaxCount of 1.",
                 "InvalidParameterCombination"};
  auto living =
      std::ranges::count_if(state.network.instances, [](auto const& each) { return !is_terminated(each); });
  auto allowed = kMostInstances - living;
  if (wanted.least > allowed)
    return Error{Errc::limit_exceeded,
                 "You have requested more instances (" + std::to_string(wanted.least + living) +
                     ") than your current instance limit of " + std::to_string(kMostInstances) + " allows.",
                 "InstanceLimitExceeded"};
  return std::clamp(std::min(allowed, free_addresses(state, subnet)), wanted.least, wanted.most);
}

// What all instances of a reservation have in common, looked up and checked.
struct Plan {
  network::Subnet subnet;
  std::vector<network::SecurityGroupId> groups;
  std::int64_t count;
  std::string reservation;
};

Result<Plan> plan_for(State const& state, NewInstances const& wanted) {
  CHECK(find_image(wanted.image));
  CHECK(find_instance_type(wanted.type));
  if (wanted.subnet.empty())
    return Error{Errc::invalid, "No default VPC for this user. Name a subnet: --subnet-id",
                 "VPCIdNotSpecified"};
  TRY(auto const* subnet, find(state.network.subnets, wanted.subnet));
  if (!wanted.key_name.empty() && !state.key_pair_named(wanted.key_name))
    return no_such_key_pair(wanted.key_name);
  TRY(auto groups, groups_for(state, subnet->vpc, wanted.groups, "subnet " + wanted.subnet));
  CHECK(check_user_data(wanted.user_data));
  CHECK(check_metadata(wanted.metadata));
  TRY(auto count, count_for(state, wanted, *subnet));
  return Plan{*subnet, std::move(groups), count, "r-" + new_id(kInstance).substr(kInstance.prefix.size())};
}

Result<network::InterfaceId> add_interface(State& state, NewInstances const& wanted, Plan const& plan,
                                           InstanceId const& owner) {
  TRY(auto address, wanted.private_address.empty()
                        ? take_address(state, plan.subnet)
                        : take_address(state, plan.subnet, wanted.private_address));
  NetworkInterface interface {
    network::InterfaceId(new_id(kNetworkInterface)), plan.subnet.id, address, owner, plan.groups
  };
  if (wanted.public_address.value_or(plan.subnet.maps_public_ip)) {
    TRY(interface.auto_public_address, take_public_address(state));
  }
  interface.attachment = "eni-attach-" + interface.id.text().substr(kNetworkInterface.prefix.size());
  auto id = interface.id;
  state.network.interfaces.put(std::move(interface));
  return id;
}

Result<InstanceId> add_instance(State& state, NewInstances const& wanted, Plan const& plan,
                                std::int64_t index, Time now) {
  InstanceId id(new_id(kInstance));
  TRY(auto interface, add_interface(state, wanted, plan, id));
  Instance instance{id, interface, InstanceState::pending, wanted.type, wanted.key_name};
  Launch launch{id, plan.reservation, wanted.image, wanted.client_token, index, now, now, wanted.user_data};
  launch.is_new = true;
  launch.metadata = wanted.metadata;
  launch.protected_from_termination = wanted.is_protected;
  if (auto const* key = state.key_pair_named(wanted.key_name)) launch.public_key = key->public_key;
  launch.wants_public_address = wanted.public_address.value_or(plan.subnet.maps_public_ip);
  if (!wanted.profile.empty()) {
    instance.profile = network::InstanceProfile{wanted.profile};
    launch.profile_association = new_id(kProfileAssociation);
    launch.profile_associated_at = now;
  }
  state.network.instances.put(std::move(instance));
  state.launches.put(std::move(launch));
  return id;
}

void set_state(Found const& found, InstanceState state, Time now) {
  found.instance->state = state;
  found.launch->state_since = now;
  found.launch->reason_code = found.launch->reason = {};
}

void set_reason(Launch& launch, std::string code, std::string sentence) {
  launch.reason = code + ": " + std::move(sentence);
  launch.reason_code = std::move(code);
}

Error incorrect_state(std::string const& id, std::string_view verb) {
  return {Errc::conflict,
          "The instance '" + id + "' is not in a state from which it can be " + std::string(verb) + ".",
          "IncorrectInstanceState"};
}

// Null when there is none, or it is forgotten.
Found look_up(State& state, std::string const& id) {
  InstanceId key(id);
  return {state.network.instances.find(key), state.launches.find(key)};
}

Result<void> check_all(State& state, Ids const& ids) {
  std::vector<std::string> missing;
  for (auto const& id : ids) {
    CHECK(check_id(kInstance, id));
    if (!look_up(state, id).instance) missing.push_back(id);
  }
  if (!missing.empty()) return not_found(kInstance, missing);
  return success();
}

// `move(State&, Found const&) -> Result<void>` for each of them, or, after an error, for none.
template <class Move>
Result<StateChanges> move_all(State& state, Ids const& ids, Move move) {
  CHECK(check_all(state, ids));
  auto after = state;
  StateChanges changes;
  for (auto const& id : ids) {
    auto found = look_up(after, id);
    auto before = found.instance->state;
    CHECK(move(after, found));
    changes.push_back({found.instance->id, before, found.instance->state});
  }
  state = std::move(after);
  return changes;
}

void release_automatic_address(State& state, Instance const& instance) {
  if (auto* interface = state.network.interfaces.find(instance.interface))
    interface->auto_public_address.reset();
}

Result<void> take_automatic_address(State& state, Instance const& instance) {
  auto* interface = state.network.interfaces.find(instance.interface);
  if (!interface || state.network.elastic_address_of(interface->id)) return success();
  TRY(interface->auto_public_address, take_public_address(state));
  return success();
}

void free_interface(State& state, network::InterfaceId const& id) {
  for (auto const& address : state.network.elastic_addresses) {
    if (address.interface != id) continue;
    auto* held = state.network.elastic_addresses.find(address.id);
    held->interface.reset();
    held->association = {};
  }
  state.network.interfaces.erase(id);
  drop_tags(state, id.text());
}

void drop_profile(Found const& found) {
  found.instance->profile.reset();
  found.launch->profile_association = {};
  found.launch->profile_associated_at = {};
}

void give_profile(Found const& found, std::string const& profile, Time now) {
  found.instance->profile = network::InstanceProfile{profile};
  found.launch->profile_association = new_id(kProfileAssociation);
  found.launch->profile_associated_at = now;
}

Result<void> check_stopped(Found const& found) {
  if (found.instance->state == InstanceState::stopped) return success();
  return Error{Errc::conflict,
               "The instance '" + found.instance->id.text() + "' is not in the 'stopped' state.",
               "IncorrectInstanceState"};
}

Result<void> set_groups(State& state, Found const& found, std::vector<std::string> const& ids) {
  auto* interface = state.network.interfaces.find(found.instance->interface);
  if (!interface) return not_found(kNetworkInterface, found.instance->interface.text());
  TRY(auto const* subnet, find(std::as_const(state.network.subnets), interface->subnet.text()));
  TRY(interface->groups, groups_for(state, subnet->vpc, ids, "subnet " + subnet->id.text()));
  return success();
}

std::string with_hyphens(Address const& address) {
  auto text = address.text();
  std::ranges::replace(text, '.', '-');
  return text;
}

}  // namespace

std::int64_t code_of(InstanceState state) {
  switch (state) {
    case InstanceState::pending: return 0;
    case InstanceState::running: return 16;
    case InstanceState::shutting_down: return 32;
    case InstanceState::terminated: return 48;
    case InstanceState::stopping: return 64;
    case InstanceState::stopped: return 80;
  }
  return 0;
}

Result<std::vector<InstanceId>> run_instances(State& state, NewInstances const& wanted, Time now) {
  TRY(auto plan, plan_for(state, wanted));
  auto after = state;
  std::vector<InstanceId> ids;
  for (std::int64_t index = 0; index < plan.count; index++) {
    TRY(auto id, add_instance(after, wanted, plan, index, now));
    ids.push_back(std::move(id));
  }
  state = std::move(after);
  return ids;
}

Result<StateChanges> start_instances(State& state, Ids const& ids, Time now) {
  return move_all(state, ids, [&](State& after, Found const& found) -> Result<void> {
    if (found.instance->state != InstanceState::stopped)
      return incorrect_state(found.instance->id.text(), "started");
    if (found.launch->wants_public_address) CHECK(take_automatic_address(after, *found.instance));
    set_state(found, InstanceState::pending, now);
    found.launch->launched_at = now;
    return success();
  });
}

Result<StateChanges> stop_instances(State& state, Ids const& ids, Time now) {
  return move_all(state, ids, [&](State& after, Found const& found) -> Result<void> {
    auto current = found.instance->state;
    if (current == InstanceState::stopping || current == InstanceState::stopped) return success();
    if (current != InstanceState::running) return incorrect_state(found.instance->id.text(), "stopped");
    release_automatic_address(after, *found.instance);
    set_state(found, InstanceState::stopping, now);
    found.launch->stops_by_force = false;
    set_reason(*found.launch, kByUser, "User initiated shutdown");
    return success();
  });
}

Result<StateChanges> stop_by_force(State& state, Ids const& ids, Time now) {
  TRY(auto changes, stop_instances(state, ids, now));
  for (auto const& change : changes) {
    if (change.before == InstanceState::running || change.before == InstanceState::stopping)
      state.launches.find(change.id)->stops_by_force = true;
  }
  return changes;
}

Result<StateChanges> terminate_instances(State& state, Ids const& ids, Time now) {
  return move_all(state, ids, [&](State& after, Found const& found) -> Result<void> {
    auto current = found.instance->state;
    if (current == InstanceState::shutting_down || current == InstanceState::terminated) return success();
    if (found.launch->protected_from_termination)
      return Error{Errc::denied,
                   "The instance '" + found.instance->id.text() +
                       "' may not be terminated. Modify its 'disableApiTermination' instance attribute and "
                       "try again.",
                   "OperationNotPermitted"};
    release_automatic_address(after, *found.instance);
    set_state(found, InstanceState::shutting_down, now);
    set_reason(*found.launch, kByUser, "User initiated shutdown");
    return success();
  });
}

Result<void> reboot_instances(State& state, Ids const& ids, Time now) {
  CHECK(move_all(state, ids, [&](State&, Found const& found) -> Result<void> {
    if (found.instance->state != InstanceState::running)
      return incorrect_state(found.instance->id.text(), "rebooted");
    found.launch->rebooted_at = now;
    return success();
  }));
  return success();
}

void started(State& state, InstanceId const& id, Time now) {
  auto found = look_up(state, id.text());
  if (!found.instance || found.instance->state != InstanceState::pending) return;
  set_state(found, InstanceState::running, now);
  found.launch->is_new = false;
}

void stopped(State& state, InstanceId const& id, Time now) {
  auto found = look_up(state, id.text());
  if (!found.instance) return;
  auto before = found.instance->state;
  if (before != InstanceState::stopping && before != InstanceState::running &&
      before != InstanceState::pending)
    return;
  release_automatic_address(state, *found.instance);
  auto asked_for = before == InstanceState::stopping;
  set_state(found, InstanceState::stopped, now);
  set_reason(*found.launch, asked_for ? kByUser : kFromWithin,
             asked_for ? "User initiated shutdown" : "Instance initiated shutdown");
}

void terminated(State& state, InstanceId const& id, Time now, std::string const& failure) {
  auto found = look_up(state, id.text());
  if (!found.instance || is_terminated(*found.instance)) return;
  free_interface(state, found.instance->interface);
  found.instance->interface = {};
  drop_profile(found);
  set_state(found, InstanceState::terminated, now);
  if (failure.empty()) {
    set_reason(*found.launch, kByUser, "User initiated shutdown");
  } else {
    set_reason(*found.launch, kInternal, failure);
  }
}

void did_not_start(State& state, InstanceId const& id, Time now, std::string const& why) {
  auto found = look_up(state, id.text());
  if (!found.instance || found.instance->state != InstanceState::pending) return;
  if (found.launch->is_new) return terminated(state, id, now, why);
  stopped(state, id, now);
  set_reason(*found.launch, kInternal, why);
}

bool is_forgotten(Instance const& instance, Launch const& launch, Time now) {
  return is_terminated(instance) && launch.state_since + kShownAfterEnd <= now;
}

void forget_terminated(State& state, Time now) {
  std::vector<InstanceId> gone;
  for (auto const& launch : state.launches) {
    auto const* instance = state.network.instances.find(launch.id);
    if (!instance || is_forgotten(*instance, launch, now)) gone.push_back(launch.id);
  }
  for (auto const& id : gone) {
    state.network.instances.erase(id);
    state.launches.erase(id);
    drop_tags(state, id.text());
  }
}

Result<Found> find_instance(State& state, std::string const& id) {
  CHECK(check_all(state, {id}));
  return look_up(state, id);
}

Result<Found> find_living(State& state, std::string const& id) {
  TRY(auto found, find_instance(state, id));
  if (!is_terminated(*found.instance) && found.instance->state != InstanceState::shutting_down) return found;
  return Error{Errc::conflict, "The instance '" + id + "' is terminated.", "IncorrectInstanceState"};
}

Result<void> modify_instance(State& state, std::string const& id, InstanceChange const& change) {
  auto count = change.groups.has_value() + change.source_dest_check.has_value() +
               change.is_protected.has_value() + change.type.has_value() + change.user_data.has_value();
  if (count != 1)
    return Error{Errc::invalid, "Exactly one attribute may be modified per call.",
                 "InvalidParameterCombination"};
  TRY(auto found, find_living(state, id));
  if (change.groups) return set_groups(state, found, *change.groups);
  if (change.source_dest_check) found.instance->source_dest_check = *change.source_dest_check;
  if (change.is_protected) found.launch->protected_from_termination = *change.is_protected;
  if (change.type) {
    CHECK(find_instance_type(*change.type));
    CHECK(check_stopped(found));
    found.instance->type = *change.type;
  }
  if (change.user_data) {
    CHECK(check_user_data(*change.user_data));
    CHECK(check_stopped(found));
    found.launch->user_data = *change.user_data;
  }
  return success();
}

Result<void> modify_metadata(State& state, std::string const& id, MetadataOptions const& options) {
  TRY(auto found, find_living(state, id));
  CHECK(check_metadata(options));
  found.launch->metadata = options;
  return success();
}

Result<std::string> associate_profile(State& state, std::string const& instance, std::string const& profile,
                                      Time now) {
  TRY(auto found, find_living(state, instance));
  if (found.instance->profile)
    return Error{Errc::conflict, "There is an existing association for instance " + instance,
                 "IncorrectState"};
  give_profile(found, profile, now);
  return found.launch->profile_association;
}

Result<std::string> replace_profile(State& state, std::string const& association, std::string const& profile,
                                    Time now) {
  TRY(auto found, find_association(state, association));
  CHECK(find_living(state, found.instance->id.text()));
  give_profile(found, profile, now);
  return found.launch->profile_association;
}

Result<void> disassociate_profile(State& state, std::string const& association) {
  TRY(auto found, find_association(state, association));
  drop_profile(found);
  return success();
}

Result<Found> find_association(State& state, std::string const& association) {
  CHECK(check_id(kProfileAssociation, association));
  for (auto const& launch : state.launches) {
    if (launch.profile_association == association) return look_up(state, launch.id.text());
  }
  return not_found(kProfileAssociation, association);
}

std::string private_host_name(std::string_view region, Address const& address) {
  auto domain = region == "us-east-1" ? "ec2" : std::string(region) + ".compute";
  return "ip-" + with_hyphens(address) + "." + domain + ".internal";
}

std::string public_host_name(std::string_view region, Address const& address) {
  auto domain = region == "us-east-1" ? "compute-1" : std::string(region) + ".compute";
  return "ec2-" + with_hyphens(address) + "." + domain + ".amazonaws.com";
}

}  // namespace fumidai::networks
