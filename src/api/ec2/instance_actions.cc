// Instances and their states: DescribeInstances, DescribeInstanceStatus, StartInstances, StopInstances,
// RebootInstances, TerminateInstances. Launching them is in run_instances_action.cc.

#include <algorithm>
#include <map>

#include "api/ec2/actions.h"
#include "api/ec2/instance_description.h"
#include "api/lab.h"

namespace fumidai::api::ec2 {

using namespace std::chrono_literals;

namespace {

// What filters and pages look at; answers show the instance alone, below its reservation.
struct InstanceEntry : InstanceDescription {
  std::string reservation_id;
  static constexpr auto kId = &InstanceEntry::instance_id;
};

Texts text_if(std::optional<std::string> const& text) {
  return text ? Texts{*text} : Texts{};
}

template <auto member>
Texts of_groups(InstanceEntry const& instance) {
  Texts texts;
  for (auto const& group : instance.group_set) texts.push_back(group.*member);
  return texts;
}

template <auto member>
Texts of_interfaces(InstanceEntry const& instance) {
  Texts texts;
  for (auto const& interface : instance.network_interface_set) texts.push_back(interface.*member);
  return texts;
}

Texts of_interface_groups(InstanceEntry const& instance) {
  Texts texts;
  for (auto const& interface : instance.network_interface_set) {
    for (auto const& group : interface.group_set) texts.push_back(group.group_id);
  }
  return texts;
}

std::vector<FilterKey<InstanceEntry>> filter_keys(InstanceEntry const*) {
  using Entry = InstanceEntry const&;
  return {
      {"instance-id", [](Entry each) { return Texts{each.instance_id}; }},
      {"reservation-id", [](Entry each) { return Texts{each.reservation_id}; }},
      {"image-id", [](Entry each) { return Texts{each.image_id}; }},
      {"instance-type", [](Entry each) { return Texts{each.instance_type}; }},
      {"instance-state-name", [](Entry each) { return Texts{each.instance_state.name}; }},
      {"instance-state-code", [](Entry each) { return Texts{std::to_string(each.instance_state.code)}; }},
      {"vpc-id", [](Entry each) { return text_if(each.vpc_id); }},
      {"subnet-id", [](Entry each) { return text_if(each.subnet_id); }},
      {"private-ip-address", [](Entry each) { return text_if(each.private_ip_address); }},
      {"ip-address", [](Entry each) { return text_if(each.ip_address); }},
      {"private-dns-name", [](Entry each) { return Texts{each.private_dns_name}; }},
      {"dns-name", [](Entry each) { return Texts{each.dns_name}; }},
      {"key-name", [](Entry each) { return text_if(each.key_name); }},
      {"availability-zone", [](Entry each) { return Texts{each.placement.availability_zone}; }},
      {"architecture", [](Entry each) { return Texts{each.architecture}; }},
      {"client-token", [](Entry each) { return Texts{each.client_token}; }},
      {"launch-time", [](Entry each) { return Texts{to_iso(each.launch_time)}; }},
      {"instance.group-id", of_groups<&GroupReference::group_id>},
      {"instance.group-name", of_groups<&GroupReference::group_name>},
      {"network-interface.network-interface-id", of_interfaces<&InstanceInterface::network_interface_id>},
      {"network-interface.subnet-id", of_interfaces<&InstanceInterface::subnet_id>},
      {"network-interface.vpc-id", of_interfaces<&InstanceInterface::vpc_id>},
      {"network-interface.group-id", of_interface_groups},
      {"network-interface.addresses.private-ip-address",
       of_interfaces<&InstanceInterface::private_ip_address>},
      {"owner-id", of_interfaces<&InstanceInterface::owner_id>},
      {"tenancy", [](Entry each) { return Texts{each.placement.tenancy}; }},
      {"iam-instance-profile.arn",
       [](Entry each) {
         return each.iam_instance_profile ? Texts{each.iam_instance_profile->arn} : Texts{};
       }},
      {"iam-instance-profile.id",
       [](Entry each) { return each.iam_instance_profile ? Texts{each.iam_instance_profile->id} : Texts{}; }},
  };
}

struct DescribeInstancesRequest {
  std::vector<std::string> instance_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInstancesRequest, (), (instance_id, filter, max_results, next_token))

struct DescribeInstancesResponse {
  std::vector<ReservationDescription> reservation_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInstancesResponse, (), (reservation_set, next_token))

struct InstancePage {
  std::vector<InstanceEntry> instances;
  std::optional<std::string> next_token;
};

// A reservation whose instances are on several pages is on each of them.
std::vector<ReservationDescription> by_reservation(Call const& call, std::vector<InstanceEntry> entries) {
  std::ranges::stable_sort(
      entries, {}, [](auto const& entry) { return std::pair(entry.reservation_id, entry.ami_launch_index); });
  std::vector<ReservationDescription> reservations;
  for (auto& entry : entries) {
    if (reservations.empty() || reservations.back().reservation_id != entry.reservation_id)
      reservations.push_back({entry.reservation_id, call.plane.deployment.region.account, {}, {}});
    reservations.back().instances_set.push_back(std::move(entry));
  }
  return reservations;
}

bool is_shown(State const& state, Call const& call, networks::Launch const& launch) {
  return !networks::is_forgotten(*state.network.instances.find(launch.id), launch, call.caller.at);
}

Result<DescribeInstancesResponse> describe_instances(store::Transaction& transaction, Call const& call,
                                                     DescribeInstancesRequest const& request) {
  TRY(auto state, call.plane.networks.read(transaction));
  TRY(auto profiles, Profiles::read(transaction, call));
  std::vector<InstanceEntry> all;
  for (auto const& launch : state->launches) {
    if (is_shown(*state, call, launch))
      all.push_back({describe(*state, call, profiles, launch), launch.reservation});
  }
  TRY(auto page,
      list_of<InstancePage>(call, request, networks::kInstance, request.instance_id, std::move(all)));
  return DescribeInstancesResponse{by_reservation(call, std::move(page.instances)), page.next_token};
}

struct StatusDetail {
  std::string name = "reachability", status;
  std::optional<Time> impaired_since = {};
};
BOOST_DESCRIBE_STRUCT(StatusDetail, (), (name, status, impaired_since))

struct StatusSummary {
  std::string status;
  std::vector<StatusDetail> details;
};
BOOST_DESCRIBE_STRUCT(StatusSummary, (), (status, details))

struct StatusDescription {
  std::string instance_id, availability_zone;
  StateDescription instance_state;
  StatusSummary instance_status, system_status;
  std::vector<Nothing> events_set;
  static constexpr auto kId = &StatusDescription::instance_id;
};
BOOST_DESCRIBE_STRUCT(StatusDescription, (),
                      (instance_id, availability_zone, instance_state, instance_status, system_status,
                       events_set))

template <auto member>
Texts reachability_of(StatusDescription const& description) {
  Texts texts;
  for (auto const& detail : (description.*member).details) texts.push_back(detail.status);
  return texts;
}

std::vector<FilterKey<StatusDescription>> filter_keys(StatusDescription const*) {
  using Entry = StatusDescription const&;
  return {{"availability-zone", [](Entry each) { return Texts{each.availability_zone}; }},
          {"instance-state-name", [](Entry each) { return Texts{each.instance_state.name}; }},
          {"instance-state-code", [](Entry each) { return Texts{std::to_string(each.instance_state.code)}; }},
          {"instance-status.status", [](Entry each) { return Texts{each.instance_status.status}; }},
          {"instance-status.reachability", reachability_of<&StatusDescription::instance_status>},
          {"system-status.status", [](Entry each) { return Texts{each.system_status.status}; }},
          {"system-status.reachability", reachability_of<&StatusDescription::system_status>}};
}

struct DescribeStatusRequest {
  std::vector<std::string> instance_id;
  bool include_all_instances = false;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeStatusRequest, (),
                      (instance_id, include_all_instances, filter, max_results, next_token))

struct DescribeStatusResponse {
  std::vector<StatusDescription> instance_status_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeStatusResponse, (), (instance_status_set, next_token))

// An sshd that does not answer so long after the start is no longer just starting.
constexpr auto kStartLimit = 60s;

StatusSummary passed() {
  return {"ok", {{"reachability", "passed"}}};
}

StatusSummary initializing() {
  return {"initializing", {{"reachability", "initializing"}}};
}

StatusSummary impaired(std::optional<Time> since = {}) {
  return {"impaired", {{"reachability", "failed", since}}};
}

Time start_limit(networks::Launch const& launch) {
  return std::max(launch.state_since, launch.rebooted_at) + kStartLimit;
}

StatusSummary system_status(networks::Launch const& launch, Vitals const& vitals, Time now) {
  if (vitals.runs) return passed();
  return now < start_limit(launch) ? initializing() : impaired();
}

StatusSummary instance_status(networks::Launch const& launch, Vitals const& vitals, Time now) {
  if (vitals.answers) return passed();
  auto limit = start_limit(launch);
  if (now < limit) return initializing();
  return impaired(std::max(limit, vitals.silent_since.value_or(limit)));
}

// Of one that nobody looked at.
StatusSummary status_unseen(networks::InstanceState state) {
  if (state == networks::InstanceState::pending) return initializing();
  if (state == networks::InstanceState::running)
    return {"insufficient-data", {{"reachability", "insufficient-data"}}};
  return {"not-applicable", {}};
}

using KnownVitals = std::map<InstanceId, Vitals>;

StatusDescription describe_status(State const& state, Call const& call, networks::Launch const& launch,
                                  KnownVitals const& known) {
  auto const& instance = *state.network.instances.find(launch.id);
  StatusDescription description;
  description.instance_id = instance.id.text();
  if (auto location = state.network.locate(instance.interface))
    description.availability_zone = location->subnet->zone;
  description.instance_state = describe_state(instance.state);
  if (auto vitals = known.find(instance.id); vitals != known.end()) {
    description.instance_status = instance_status(launch, vitals->second, call.caller.at);
    description.system_status = system_status(launch, vitals->second, call.caller.at);
  } else {
    description.instance_status = description.system_status = status_unseen(instance.state);
  }
  return description;
}

// Of those that run and are asked for. Without a lab nothing is known of them.
awaitable<KnownVitals> look_at(Call const& call, State const& state, std::vector<std::string> const& ids) {
  if (!call.plane.lab) co_return KnownVitals();
  std::vector<InstanceId> running;
  for (auto const& instance : state.network.instances) {
    bool is_asked_for = ids.empty() || std::ranges::count(ids, instance.id.text()) > 0;
    if (is_asked_for && instance.state == networks::InstanceState::running) running.push_back(instance.id);
  }
  auto seen = co_await call.plane.lab->look_at(running);
  KnownVitals known;
  for (std::size_t i = 0; i < running.size(); i++) known.emplace(running[i], seen[i]);
  co_return known;
}

// Only running ones, unless all are asked for. An id of one that does not run is no error.
awaitable<Result<DescribeStatusResponse>> describe_instance_status(Call const& call,
                                                                   DescribeStatusRequest const& request) {
  std::function<Result<std::shared_ptr<State const>>(store::Transaction&)> read =
      [&call](store::Transaction& transaction) { return call.plane.networks.read(transaction); };
  CO_TRY(auto state, co_await call.plane.gate.read(std::move(read)));
  auto known = co_await look_at(call, *state, request.instance_id);
  std::vector<StatusDescription> all;
  for (auto const& launch : state->launches) {
    if (is_shown(*state, call, launch)) all.push_back(describe_status(*state, call, launch, known));
  }
  CO_TRY(auto wanted, with_ids(networks::kInstance, request.instance_id, std::move(all)));
  if (!request.include_all_instances)
    std::erase_if(wanted, [](auto const& each) { return each.instance_state.name != "running"; });
  co_return filtered_page<DescribeStatusResponse>(call, request, !request.instance_id.empty(),
                                                  std::move(wanted));
}

struct InstancesRequest {
  std::vector<std::string> instance_id;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(InstancesRequest, (), (instance_id))

struct ChangeDescription {
  std::string instance_id;
  StateDescription current_state, previous_state;
};
BOOST_DESCRIBE_STRUCT(ChangeDescription, (), (instance_id, current_state, previous_state))

struct ChangesResponse {
  std::vector<ChangeDescription> instances_set;
};
BOOST_DESCRIBE_STRUCT(ChangesResponse, (), (instances_set))

struct StopRequest {
  std::vector<std::string> instance_id;
  bool force = false;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(StopRequest, (), (instance_id, force))

// Without a lab nobody would report that it has come about: it has at once, or it never can.
Result<void> bring_about(State& state, Call const& call, networks::StateChanges const& changes) {
  using enum networks::InstanceState;
  if (call.plane.lab) return success();
  for (auto const& [id, before, now] : changes) {
    if (now == pending) return no_lab();
    if (now == stopping) networks::stopped(state, id, call.caller.at);
    if (now == shutting_down) networks::terminated(state, id, call.caller.at);
  }
  return success();
}

Result<ChangesResponse> begun(State& state, Call const& call, networks::StateChanges const& changes) {
  CHECK(bring_about(state, call, changes));
  ChangesResponse response;
  for (auto const& [id, before, now] : changes)
    response.instances_set.push_back({id.text(), describe_state(now), describe_state(before)});
  return response;
}

template <Result<networks::StateChanges> (*move)(State&, networks::Ids const&, Time)>
Result<ChangesResponse> move_instances(State& state, Call const& call, InstancesRequest const& request) {
  networks::forget_terminated(state, call.caller.at);
  TRY(auto changes, move(state, request.instance_id, call.caller.at));
  return begun(state, call, changes);
}

Result<ChangesResponse> stop_instances(State& state, Call const& call, StopRequest const& request) {
  networks::forget_terminated(state, call.caller.at);
  auto stop = request.force ? networks::stop_by_force : networks::stop_instances;
  TRY(auto changes, stop(state, request.instance_id, call.caller.at));
  return begun(state, call, changes);
}

Result<Done> reboot_instances(State& state, Call const& call, InstancesRequest const& request) {
  CHECK(networks::reboot_instances(state, request.instance_id, call.caller.at));
  if (!call.plane.lab) return no_lab();
  return Done{};
}

}  // namespace

std::vector<Action> instance_actions() {
  constexpr auto about_them = about<&InstancesRequest::instance_id>;
  return {
      looks(kEc2, "DescribeInstances", describe_instances),
      acts<DescribeStatusRequest, DescribeStatusResponse>(kEc2, "DescribeInstanceStatus",
                                                          describe_instance_status),
      changes(kEc2, "StartInstances", on_state<move_instances<networks::start_instances>>, about_them),
      changes(kEc2, "StopInstances", on_state<stop_instances>, about<&StopRequest::instance_id>),
      changes(kEc2, "RebootInstances", on_state<reboot_instances>, about_them),
      changes(kEc2, "TerminateInstances", on_state<move_instances<networks::terminate_instances>>,
              about_them),
  };
}

}  // namespace fumidai::api::ec2
