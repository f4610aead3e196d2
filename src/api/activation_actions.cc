// Activations: with one, a host registers itself.

#include "api/action.h"
#include "api/page_token.h"
#include "api/tag.h"
#include "identity/roles.h"
#include "inventory/activations.h"

namespace fumidai::api {

namespace {

using namespace std::chrono_literals;

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

// Whoever registers with the code becomes the role: the caller must be one who may hand it on.
Result<void> passes_role(store::Transaction& transaction, Call const& call,
                         CreateActivationRequest const& request, sessions::Ask& ask) {
  tell_tags(request.tags, ask);
  auto role = identity::find_role(transaction, role_name(request.iam_role));
  if (!role) return success();  // told to those who may make activations at all
  ask.also = {{"iam:PassRole",
               model::role_arn(call.plane.deployment.region, role->path, role->name),
               {{"iam:PassedToService", {"ssm.amazonaws.com"}}}}};
  return success();
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
  auto source =
      "arn:aws:ssm:" + call.plane.deployment.region.name + ":" + call.plane.deployment.region.account + ":*";
  TRY(bool is_trusting, call.plane.gate.questions().trusts_service(*role, "ssm.amazonaws.com", source));
  if (!is_trusting) {
    return Error{Errc::invalid,
                 "The trust policy of role " + role->name +
                     " does not let ssm.amazonaws.com assume it, so that no host could have it.",
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

std::string const* value_of(inventory::Activation const& activation, std::string const& key) {
  if (key == "ActivationIds") return &activation.id;
  if (key == "DefaultInstanceName") return &activation.default_instance_name;
  if (key == "IamRole") return &activation.iam_role;
  return nullptr;
}

Result<void> check_filters(std::vector<ActivationFilter> const& filters) {
  for (auto const& filter : filters) {
    if (value_of({}, filter.filter_key) != nullptr) continue;
    return Error{Errc::invalid,
                 "The filter '" + escaped(filter.filter_key, 64) +
                     "' is unknown. Known ones: ActivationIds, DefaultInstanceName, IamRole.",
                 "InvalidFilter"};
  }
  return success();
}

bool matches(inventory::Activation const& activation, std::vector<ActivationFilter> const& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](auto const& filter) {
    auto const& values = filter.filter_values;
    return std::find(values.begin(), values.end(), *value_of(activation, filter.filter_key)) != values.end();
  });
}

Result<DescribeActivationsResponse> describe_activations(store::Transaction& transaction, Call const& call,
                                                         DescribeActivationsRequest const& request) {
  CHECK(check_filters(request.filters));
  TRY(auto activations, inventory::list_activations(transaction));
  std::vector<ActivationDescription> found;
  for (auto const& each : activations) {
    if (!matches(each, request.filters)) continue;
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
  std::string query = "activations";
  for (auto const& [key, values] : request.filters) {
    query += "\n" + key;
    for (auto const& value : values) query += "=" + value;
  }
  TRY(auto page, page_of(call, std::move(found), query, request.next_token, request.max_results.value_or(50),
                         [](auto const& each) { return to_iso(each.created_date) + each.activation_id; }));
  return DescribeActivationsResponse{std::move(page.entries), std::move(page.next_token)};
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

}  // namespace

std::vector<Action> activation_actions() {
  return {
      changes(kSsm, "CreateActivation", create_activation, passes_role),
      looks(kSsm, "DescribeActivations", describe_activations),
      changes(kSsm, "DeleteActivation", delete_activation),
  };
}

}  // namespace fumidai::api
