// Instances and their states: DescribeInstances, DescribeInstanceStatus, StartInstances, StopInstances,
// RebootInstances, TerminateInstances. Launching them is in run_instances_action.cc.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/instance_description.h"

namespace fumidai::api::ec2 {

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
};
BOOST_DESCRIBE_STRUCT(StatusDetail, (), (name, status))

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

std::vector<FilterKey<StatusDescription>> filter_keys(StatusDescription const*) {
  using Entry = StatusDescription const&;
  return {{"availability-zone", [](Entry each) { return Texts{each.availability_zone}; }},
          {"instance-state-name", [](Entry each) { return Texts{each.instance_state.name}; }},
          {"instance-state-code", [](Entry each) { return Texts{std::to_string(each.instance_state.code)}; }},
          {"instance-status.status", [](Entry each) { return Texts{each.instance_status.status}; }},
          {"system-status.status", [](Entry each) { return Texts{each.system_status.status}; }}};
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

StatusSummary status_of(networks::InstanceState state) {
  if (state == networks::InstanceState::running) return {"ok", {{"reachability", "passed"}}};
  if (state == networks::InstanceState::pending) return {"initializing", {{"reachability", "initializing"}}};
  return {"not-applicable", {}};
}

StatusDescription describe_status(State const& state, network::Instance const& instance) {
  StatusDescription description;
  description.instance_id = instance.id.text();
  if (auto location = state.network.locate(instance.interface))
    description.availability_zone = location->subnet->zone;
  description.instance_state = describe_state(instance.state);
  description.instance_status = description.system_status = status_of(instance.state);
  return description;
}

// Only running ones, unless all are asked for. An id of one that does not run is no error.
Result<DescribeStatusResponse> describe_instance_status(State const& state, Call const& call,
                                                        DescribeStatusRequest const& request) {
  std::vector<StatusDescription> all;
  for (auto const& launch : state.launches) {
    if (is_shown(state, call, launch))
      all.push_back(describe_status(state, *state.network.instances.find(launch.id)));
  }
  TRY(auto page, list_of<DescribeStatusResponse>(call, request, networks::kInstance, request.instance_id,
                                                 std::move(all)));
  if (!request.include_all_instances)
    std::erase_if(page.instance_status_set,
                  [](auto const& each) { return each.instance_state.name != "running"; });
  return page;
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

template <Result<networks::StateChanges> (*move)(State&, networks::Ids const&, Time)>
Result<ChangesResponse> move_instances(State& state, Call const& call, InstancesRequest const& request) {
  networks::forget_terminated(state, call.caller.at);
  TRY(auto changes, move(state, request.instance_id, call.caller.at));
  ChangesResponse response;
  for (auto const& [id, before, now] : changes)
    response.instances_set.push_back({id.text(), describe_state(now), describe_state(before)});
  return response;
}

Result<Done> reboot_instances(State& state, Call const& call, InstancesRequest const& request) {
  CHECK(networks::reboot_instances(state, request.instance_id, call.caller.at));
  return Done{};
}

}  // namespace

std::vector<Action> instance_actions() {
  constexpr auto about_them = about<&InstancesRequest::instance_id>;
  return {
      looks(kEc2, "DescribeInstances", describe_instances),
      looks(kEc2, "DescribeInstanceStatus", on_state<describe_instance_status>),
      changes(kEc2, "StartInstances", on_state<move_instances<networks::start_instances>>, about_them),
      changes(kEc2, "StopInstances", on_state<move_instances<networks::stop_instances>>, about_them),
      changes(kEc2, "RebootInstances", on_state<reboot_instances>, about_them),
      changes(kEc2, "TerminateInstances", on_state<move_instances<networks::terminate_instances>>,
              about_them),
  };
}

}  // namespace fumidai::api::ec2
