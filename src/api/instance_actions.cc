// Registered hosts: what is known of them, and their removal.

#include "api/action.h"
#include "api/page_token.h"
#include "inventory/instances.h"
#include "inventory/tags.h"
#include "sessions/targets.h"

namespace fumidai::api {

namespace {

struct InstanceFilter {
  std::string key;
  std::vector<std::string> values;
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required},
                                            {"values", 0, 40, wire::required}};
};
BOOST_DESCRIBE_STRUCT(InstanceFilter, (), (key, values))

struct OldInstanceFilter {
  std::string key;
  std::vector<std::string> value_set;
  static constexpr wire::Rename kNames[] = {{"key", "key"}, {"value_set", "valueSet"}};
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required},
                                            {"value_set", 0, 100, wire::required}};
};
BOOST_DESCRIBE_STRUCT(OldInstanceFilter, (), (key, value_set))

struct DescribeInstanceInformationRequest {
  std::vector<OldInstanceFilter> instance_information_filter_list;
  std::vector<InstanceFilter> filters;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
  static constexpr wire::Limit kLimits[] = {
      {"max_results", 5, 50}, {"filters", 0, 10}, {"instance_information_filter_list", 0, 10}};
};
BOOST_DESCRIBE_STRUCT(DescribeInstanceInformationRequest, (),
                      (instance_information_filter_list, filters, max_results, next_token))

struct InstanceInformation {
  std::string instance_id, ping_status;
  std::optional<Time> last_ping_date_time;
  std::optional<std::string> agent_version;
  bool is_latest_version = true;
  std::optional<std::string> platform_type, platform_name, platform_version;
  std::optional<std::string> activation_id, iam_role;
  Time registration_date{};
  std::string resource_type = "ManagedInstance";
  std::optional<std::string> name, ip_address, computer_name;
  static constexpr wire::Rename kNames[] = {{"ip_address", "IPAddress"}};
};
BOOST_DESCRIBE_STRUCT(InstanceInformation, (),
                      (instance_id, ping_status, last_ping_date_time, agent_version, is_latest_version,
                       platform_type, platform_name, platform_version, activation_id, iam_role,
                       registration_date, resource_type, name, ip_address, computer_name))

struct DescribeInstanceInformationResponse {
  std::vector<InstanceInformation> instance_information_list;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInstanceInformationResponse, (), (instance_information_list, next_token))

std::optional<std::string> unless_empty(std::string const& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

InstanceInformation describe(inventory::Instance const& instance, Time now) {
  InstanceInformation information;
  information.instance_id = instance.id.text();
  information.ping_status = instance.ping_status(now);
  information.last_ping_date_time = instance.last_ping_at;
  information.agent_version = unless_empty(instance.agent_version);
  information.platform_type = unless_empty(instance.platform_type);
  information.platform_name = unless_empty(instance.platform_name);
  information.platform_version = unless_empty(instance.platform_version);
  information.activation_id = unless_empty(instance.activation_id);
  information.iam_role = unless_empty(instance.iam_role);
  if (sessions::is_of_vpc(instance.id)) information.resource_type = "EC2Instance";
  information.registration_date = instance.registered_at;
  information.name = unless_empty(instance.name);
  information.ip_address = unless_empty(instance.ip_address);
  information.computer_name = unless_empty(instance.computer_name);
  return information;
}

bool is_known(std::string const& key) {
  static constexpr std::string_view kKeys[] = {"InstanceIds",   "PingStatus",        "AgentVersion",
                                               "PlatformTypes", "ActivationIds",     "IamRole",
                                               "ResourceType",  "AssociationStatus", "tag-key"};
  return key.starts_with("tag:") || std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

Result<void> check_filters(std::vector<InstanceFilter> const& filters) {
  for (auto const& filter : filters) {
    if (is_known(filter.key)) continue;
    return Error{Errc::invalid,
                 "The filter '" + escaped(filter.key, 64) +
                     "' is unknown. Known ones: InstanceIds, PingStatus, AgentVersion, PlatformTypes, "
                     "ActivationIds, IamRole, ResourceType, AssociationStatus, tag-key, tag:KEY.",
                 "InvalidFilterKey"};
  }
  return success();
}

bool matches(InstanceInformation const& information, inventory::Tags const& tags,
             InstanceFilter const& filter) {
  auto const& key = filter.key;
  auto is_one_of = [&values = filter.values](std::string const& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  if (key == "InstanceIds") return is_one_of(information.instance_id);
  if (key == "PingStatus") return is_one_of(information.ping_status);
  if (key == "AgentVersion") return is_one_of(information.agent_version.value_or(""));
  if (key == "PlatformTypes") return is_one_of(information.platform_type.value_or(""));
  if (key == "ActivationIds") return is_one_of(information.activation_id.value_or(""));
  if (key == "IamRole") return is_one_of(information.iam_role.value_or(""));
  if (key == "ResourceType") return is_one_of(information.resource_type);
  if (key == "AssociationStatus") return false;  // there are no associations here
  if (key == "tag-key")
    return std::any_of(tags.begin(), tags.end(), [&](auto const& tag) { return is_one_of(tag.first); });
  auto tag = tags.find(key.substr(std::string_view("tag:").size()));
  return tag != tags.end() && is_one_of(tag->second);
}

Result<DescribeInstanceInformationResponse> describe_instance_information(
    store::Transaction& transaction, Call const& call, DescribeInstanceInformationRequest const& request) {
  auto filters = request.filters;
  if (!filters.empty() && !request.instance_information_filter_list.empty()) {
    return Error{Errc::invalid, "Use either Filters or InstanceInformationFilterList, not both.",
                 "ValidationException"};
  }
  for (auto const& old : request.instance_information_filter_list)
    filters.push_back({old.key, old.value_set});
  CHECK(check_filters(filters));
  std::string query = "instances";
  for (auto const& filter : filters) {
    query += "\n" + filter.key;
    for (auto const& value : filter.values) query += "=" + value;
  }
  bool asks_for_tags = std::any_of(filters.begin(), filters.end(),
                                   [](auto const& filter) { return filter.key.starts_with("tag"); });
  TRY(auto instances, inventory::list_instances(transaction));
  std::vector<InstanceInformation> found;
  for (auto const& instance : instances) {
    auto information = describe(instance, call.caller.at);
    inventory::Tags tags;
    if (asks_for_tags) {
      TRY(tags, sessions::tags_of_target(transaction, call.plane.networks, instance.id));
    }
    bool fits = std::all_of(filters.begin(), filters.end(),
                            [&](auto const& filter) { return matches(information, tags, filter); });
    if (fits) found.push_back(std::move(information));
  }
  TRY(auto page, page_of(call, std::move(found), query, request.next_token, request.max_results.value_or(50),
                         [](auto const& each) { return each.instance_id; }));
  return DescribeInstanceInformationResponse{std::move(page.entries), std::move(page.next_token)};
}

struct InstanceIdRequest {
  std::string instance_id;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 124, wire::required}};
};
BOOST_DESCRIBE_STRUCT(InstanceIdRequest, (), (instance_id))

Result<void> this_instance(store::Transaction&, Call const& call, InstanceIdRequest const& request,
                           sessions::Ask& ask) {
  ask.resources = {model::instance_arn(call.plane.deployment.region, InstanceId(request.instance_id))};
  return success();
}

Result<Nothing> deregister(store::Transaction& transaction, Call const&, InstanceIdRequest const& request) {
  CHECK(inventory::remove_instance(transaction, InstanceId(request.instance_id)));
  return Nothing{};
}

// Its credentials are worthless from now on; what is open is closed.
void disconnect(Call const& call, InstanceIdRequest const& request, Nothing const&) {
  InstanceId instance(request.instance_id);
  call.plane.registry.terminate_all_of(instance, instance.text() + " was deregistered.");
  if (auto link = call.plane.registry.agents().find(instance)) {
    link->close(wire::close_code::policy_violation, "the instance was deregistered");
  }
}

}  // namespace

std::vector<Action> instance_actions() {
  return {
      looks(kSsm, "DescribeInstanceInformation", describe_instance_information),
      changes<InstanceIdRequest, Nothing>(kSsm, "DeregisterManagedInstance", deregister, this_instance,
                                          disconnect),
  };
}

}  // namespace fumidai::api
