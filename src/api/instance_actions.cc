// Registered hosts: activations, instances, and their tags.

#include "api/action.h"
#include "api/page_token.h"
#include "identity/users.h"
#include "inventory/activations.h"
#include "inventory/instances.h"
#include "inventory/tags.h"

namespace fumidai::api {

namespace {

using namespace std::chrono_literals;

struct Tag {
  std::string key, value;
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required}, {"value", 0, 256}};
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

inventory::Tags to_map(std::vector<Tag> const& tags) {
  inventory::Tags map;
  for (auto const& tag : tags) map[tag.key] = tag.value;
  return map;
}

std::vector<Tag> to_list(inventory::Tags const& map) {
  std::vector<Tag> tags;
  for (auto const& [key, value] : map) tags.push_back({key, value});
  return tags;
}

// ---- activations

struct CreateActivationRequest {
  std::string iam_role;
  std::optional<std::string> description, default_instance_name;
  std::optional<std::int64_t> registration_limit;
  std::optional<Time> expiration_date;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {{"iam_role", 1, 64, wire::required},
                                            {"description", 0, 256},
                                            {"default_instance_name", 0, 256},
                                            {"registration_limit", 1, 1000},
                                            {"tags", 0, 50}};
};
BOOST_DESCRIBE_STRUCT(CreateActivationRequest, (),
                      (iam_role, description, default_instance_name, registration_limit, expiration_date,
                       tags))

struct CreateActivationResponse {
  std::string activation_id;
  Secret activation_code;
};
BOOST_DESCRIBE_STRUCT(CreateActivationResponse, (), (activation_id, activation_code))

// Roles may be named with their path.
std::string role_name(std::string const& text) {
  return text.substr(text.rfind('/') + 1);
}

Result<CreateActivationResponse> create_activation(store::Transaction& transaction, Call const& call,
                                                   CreateActivationRequest const& request) {
  auto now = call.caller.at;
  auto role = identity::find_role(transaction, role_name(request.iam_role));
  if (!role) {
    return Error{Errc::invalid,
                 "The role " + escaped(request.iam_role, 64) +
                     " does not exist. SSMServiceRole is there from the start.",
                 "ValidationException"};
  }
  inventory::Activation activation;
  activation.iam_role = role->name;
  activation.description = request.description.value_or("");
  activation.default_instance_name = request.default_instance_name.value_or("");
  activation.registration_limit = request.registration_limit.value_or(1);
  activation.expires_at = request.expiration_date.value_or(now + 24h);
  if (activation.expires_at <= now || activation.expires_at > now + std::chrono::days(30)) {
    return Error{Errc::invalid, "The expiration date must be in the future, and within 30 days.",
                 "ValidationException"};
  }
  TRY(auto created, inventory::create_activation(transaction, std::move(activation), now));
  CHECK(
      inventory::add_tags(transaction, inventory::kActivation, created.activation.id, to_map(request.tags)));
  return CreateActivationResponse{created.activation.id, std::move(created.code)};
}

struct ActivationFilter {
  std::string filter_key;
  std::vector<std::string> filter_values;
  static constexpr wire::Limit kLimits[] = {{"filter_key", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ActivationFilter, (), (filter_key, filter_values))

struct DescribeActivationsRequest {
  std::vector<ActivationFilter> filters;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
  static constexpr wire::Limit kLimits[] = {{"max_results", 1, 50}, {"filters", 0, 6}};
};
BOOST_DESCRIBE_STRUCT(DescribeActivationsRequest, (), (filters, max_results, next_token))

struct ActivationDescription {
  std::string activation_id, iam_role;
  std::optional<std::string> description, default_instance_name;
  std::int64_t registration_limit = 0, registrations_count = 0;
  Time expiration_date{};
  bool expired = false;
  Time created_date{};
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(ActivationDescription, (),
                      (activation_id, iam_role, description, default_instance_name, registration_limit,
                       registrations_count, expiration_date, expired, created_date, tags))

struct DescribeActivationsResponse {
  std::vector<ActivationDescription> activation_list;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeActivationsResponse, (), (activation_list, next_token))

bool contains(std::vector<std::string> const& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

Error invalid_filter(std::string_view key, std::string_view known) {
  return {Errc::invalid,
          "The filter '" + escaped(key, 64) + "' is unknown. Known ones: " + std::string(known) + ".",
          "InvalidFilter"};
}

Result<bool> matches(inventory::Activation const& activation, std::vector<ActivationFilter> const& filters) {
  for (auto const& [key, values] : filters) {
    std::string const* value = key == "ActivationIds"         ? &activation.id
                               : key == "DefaultInstanceName" ? &activation.default_instance_name
                               : key == "IamRole"             ? &activation.iam_role
                                                              : nullptr;
    if (value == nullptr) return invalid_filter(key, "ActivationIds, DefaultInstanceName, IamRole");
    if (!contains(values, *value)) return false;
  }
  return true;
}

// The part of `all` that belongs to one page, by the position that the token names; `id_of` gives an entry's
// position.
template <class Entry, class IdOf>
Result<std::pair<std::vector<Entry>, std::optional<std::string>>> page(
    Call const& call, std::vector<Entry> all, std::string const& query,
    std::optional<std::string> const& token, std::int64_t most, IdOf id_of) {
  std::size_t begin = 0;
  if (token) {
    TRY(auto position, open_page_token(call, query, *token));
    while (begin < all.size() && id_of(all[begin]) != position) begin++;
    begin = std::min(begin + 1, all.size());
  }
  auto end = std::min(all.size(), begin + static_cast<std::size_t>(most));
  std::optional<std::string> next;
  if (end < all.size()) next = make_page_token(call, query, id_of(all[end - 1]));
  std::vector<Entry> entries(std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(begin)),
                             std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(end)));
  return std::pair(std::move(entries), std::move(next));
}

Result<DescribeActivationsResponse> describe_activations(store::Transaction& transaction, Call const& call,
                                                         DescribeActivationsRequest const& request) {
  TRY(auto activations, inventory::list_activations(transaction));
  std::vector<ActivationDescription> found;
  for (auto const& each : activations) {
    TRY(auto fits, matches(each, request.filters));
    if (!fits) continue;
    TRY(auto tags, inventory::tags_of(transaction, inventory::kActivation, each.id));
    ActivationDescription description{each.id,
                                      each.iam_role,
                                      {},
                                      {},
                                      each.registration_limit,
                                      each.registrations_count,
                                      each.expires_at,
                                      each.is_expired(call.caller.at),
                                      each.created_at,
                                      to_list(tags)};
    if (!each.description.empty()) description.description = each.description;
    if (!each.default_instance_name.empty()) description.default_instance_name = each.default_instance_name;
    found.push_back(std::move(description));
  }
  TRY(auto result,
      page(call, std::move(found), "activations", request.next_token, request.max_results.value_or(50),
           [](auto const& each) { return each.activation_id; }));
  return DescribeActivationsResponse{std::move(result.first), std::move(result.second)};
}

struct ActivationIdRequest {
  std::string activation_id;
  static constexpr wire::Limit kLimits[] = {{"activation_id", 36, 36, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ActivationIdRequest, (), (activation_id))

Result<Nothing> delete_activation(store::Transaction& transaction, Call const&,
                                  ActivationIdRequest const& request) {
  CHECK(inventory::delete_activation(transaction, request.activation_id));
  return Nothing{};
}

// ---- instances

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
  std::string activation_id, iam_role;
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
  information.activation_id = instance.activation_id;
  information.iam_role = instance.iam_role;
  information.registration_date = instance.registered_at;
  information.name = unless_empty(instance.name);
  information.ip_address = unless_empty(instance.ip_address);
  information.computer_name = unless_empty(instance.computer_name);
  return information;
}

Result<bool> matches(InstanceInformation const& information, inventory::Tags const& tags,
                     InstanceFilter const& filter) {
  auto const& [key, values] = filter;
  auto is_one_of = [&values = filter.values](std::string const& value) { return contains(values, value); };
  if (key == "InstanceIds") return is_one_of(information.instance_id);
  if (key == "PingStatus") return is_one_of(information.ping_status);
  if (key == "AgentVersion") return is_one_of(information.agent_version.value_or(""));
  if (key == "PlatformTypes") return is_one_of(information.platform_type.value_or(""));
  if (key == "ActivationIds") return is_one_of(information.activation_id);
  if (key == "IamRole") return is_one_of(information.iam_role);
  if (key == "ResourceType") return is_one_of(information.resource_type);
  if (key == "AssociationStatus") return false;
  if (key == "tag-key")
    return std::any_of(tags.begin(), tags.end(), [&](auto const& tag) { return is_one_of(tag.first); });
  if (key.starts_with("tag:")) {
    auto tag = tags.find(key.substr(4));
    return tag != tags.end() && is_one_of(tag->second);
  }
  return Error{Errc::invalid,
               "The filter '" + escaped(key, 64) +
                   "' is unknown. Known ones: InstanceIds, PingStatus, AgentVersion, PlatformTypes, "
                   "ActivationIds, IamRole, ResourceType, tag-key, tag:KEY.",
               "InvalidFilterKey"};
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
  std::string query = "instances";
  for (auto const& filter : filters) {
    query += "\n" + filter.key;
    for (auto const& value : filter.values) query += "=" + value;
  }
  TRY(auto instances, inventory::list_instances(transaction));
  std::vector<InstanceInformation> found;
  for (auto const& instance : instances) {
    auto information = describe(instance, call.caller.at);
    TRY(auto tags, inventory::tags_of(transaction, inventory::kManagedInstance, instance.id.text()));
    bool fits = true;
    for (auto const& filter : filters) {
      TRY(auto this_one, matches(information, tags, filter));
      fits = fits && this_one;
    }
    if (fits) found.push_back(std::move(information));
  }
  TRY(auto result, page(call, std::move(found), query, request.next_token, request.max_results.value_or(50),
                        [](auto const& each) { return each.instance_id; }));
  return DescribeInstanceInformationResponse{std::move(result.first), std::move(result.second)};
}

struct InstanceIdRequest {
  std::string instance_id;
  static constexpr wire::Limit kLimits[] = {{"instance_id", 1, 124, wire::required}};
};
BOOST_DESCRIBE_STRUCT(InstanceIdRequest, (), (instance_id))

std::vector<std::string> this_instance(Call const& call, InstanceIdRequest const& request) {
  return {model::instance_arn(call.plane.deployment.region, InstanceId(request.instance_id))};
}

Result<Nothing> deregister(store::Transaction& transaction, Call const&, InstanceIdRequest const& request) {
  CHECK(inventory::remove_instance(transaction, InstanceId(request.instance_id)));
  return Nothing{};
}

// Its credentials are worthless from now on; what is open is closed.
void disconnect(Call const& call, InstanceIdRequest const& request, Nothing const&) {
  InstanceId instance(request.instance_id);
  call.plane.registry.terminate_all_of(instance, instance.text() + " was deregistered.");
  if (auto link = call.plane.registry.agents().find(instance)) link->close("the instance was deregistered");
}

// ---- tags

struct TaggedResource {
  std::string resource_type, resource_id;
};

Result<void> check_tagged(store::Transaction& transaction, std::string const& type, std::string const& id) {
  if (type == inventory::kManagedInstance) {
    auto instance = inventory::find_instance(transaction, InstanceId(id));
    if (!instance && instance.error().code == Errc::not_found)
      return Error{Errc::not_found, instance.error().detail, "InvalidResourceId"};
    return instance ? success() : Result<void>(instance.error());
  }
  if (type == inventory::kActivation) {
    TRY(auto activations, inventory::list_activations(transaction));
    for (auto const& activation : activations) {
      if (activation.id == id) return success();
    }
    return Error{Errc::not_found, "The activation " + escaped(id, 64) + " does not exist.",
                 "InvalidResourceId"};
  }
  return Error{
      Errc::invalid,
      "Resources of type '" + escaped(type, 64) + "' are not here; ManagedInstance and Activation are.",
      "InvalidResourceType"};
}

struct AddTagsRequest {
  std::string resource_type, resource_id;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required},
                                            {"tags", 0, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(AddTagsRequest, (), (resource_type, resource_id, tags))

struct RemoveTagsRequest {
  std::string resource_type, resource_id;
  std::vector<std::string> tag_keys;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required},
                                            {"tag_keys", 0, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(RemoveTagsRequest, (), (resource_type, resource_id, tag_keys))

struct ListTagsRequest {
  std::string resource_type, resource_id;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ListTagsRequest, (), (resource_type, resource_id))

struct ListTagsResponse {
  std::vector<Tag> tag_list;
};
BOOST_DESCRIBE_STRUCT(ListTagsResponse, (), (tag_list))

template <class Request>
std::vector<std::string> tagged_resource(Call const& call, Request const& request) {
  if (request.resource_type != inventory::kManagedInstance) return {"*"};
  return {model::instance_arn(call.plane.deployment.region, InstanceId(request.resource_id))};
}

Result<Nothing> add_tags(store::Transaction& transaction, Call const&, AddTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  CHECK(inventory::add_tags(transaction, request.resource_type, request.resource_id, to_map(request.tags)));
  return Nothing{};
}

Result<Nothing> remove_tags(store::Transaction& transaction, Call const&, RemoveTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  CHECK(inventory::remove_tags(transaction, request.resource_type, request.resource_id, request.tag_keys));
  return Nothing{};
}

Result<ListTagsResponse> list_tags(store::Transaction& transaction, Call const&,
                                   ListTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  TRY(auto tags, inventory::tags_of(transaction, request.resource_type, request.resource_id));
  return ListTagsResponse{to_list(tags)};
}

}  // namespace

std::vector<Action> instance_actions() {
  return {
      changes(kSsm, "CreateActivation", create_activation),
      looks(kSsm, "DescribeActivations", describe_activations),
      changes(kSsm, "DeleteActivation", delete_activation),
      looks(kSsm, "DescribeInstanceInformation", describe_instance_information),
      changes<InstanceIdRequest, Nothing>(kSsm, "DeregisterManagedInstance", deregister, this_instance,
                                          disconnect),
      changes<AddTagsRequest, Nothing>(kSsm, "AddTagsToResource", add_tags, tagged_resource<AddTagsRequest>),
      changes<RemoveTagsRequest, Nothing>(kSsm, "RemoveTagsFromResource", remove_tags,
                                          tagged_resource<RemoveTagsRequest>),
      looks<ListTagsRequest, ListTagsResponse>(kSsm, "ListTagsForResource", list_tags,
                                               tagged_resource<ListTagsRequest>),
  };
}

}  // namespace fumidai::api
