// Managed policies: CreatePolicy, GetPolicy, GetPolicyVersion, ListPolicies, DeletePolicy. A policy has one
// version here.

#include "api/iam.h"
#include "identity/managed_policies.h"

namespace fumidai::api {

namespace {

struct CreatePolicyRequest {
  std::string policy_name, policy_document;
  std::optional<std::string> path, description;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {{"policy_name", 1, 128, wire::required},
                                            {"policy_document", 1, 131072, wire::required},
                                            {"path", 1, 512},
                                            {"description", 0, 1000},
                                            {"tags", 0, 50}};
};
BOOST_DESCRIBE_STRUCT(CreatePolicyRequest, (), (policy_name, policy_document, path, description, tags))

struct PolicyArnRequest {
  std::string policy_arn;
  static constexpr wire::Limit kLimits[] = {{"policy_arn", 20, 2048, wire::required}};
};
BOOST_DESCRIBE_STRUCT(PolicyArnRequest, (), (policy_arn))

struct PolicyVersionRequest {
  std::string policy_arn, version_id;
  static constexpr wire::Limit kLimits[] = {{"policy_arn", 20, 2048, wire::required},
                                            {"version_id", 1, 32, wire::required}};
};
BOOST_DESCRIBE_STRUCT(PolicyVersionRequest, (), (policy_arn, version_id))

struct PolicyDescription {
  std::string policy_name, policy_id, arn, path, default_version_id;
  std::int64_t attachment_count = 0, permissions_boundary_usage_count = 0;
  bool is_attachable = true;
  std::optional<std::string> description;
  Time create_date{}, update_date{};
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(PolicyDescription, (),
                      (policy_name, policy_id, arn, path, default_version_id, attachment_count,
                       permissions_boundary_usage_count, is_attachable, description, create_date, update_date,
                       tags))

struct PolicyResponse {
  PolicyDescription policy;
};
BOOST_DESCRIBE_STRUCT(PolicyResponse, (), (policy))

struct PolicyVersion {
  std::string document, version_id;
  bool is_default_version = true;
  Time create_date{};
};
BOOST_DESCRIBE_STRUCT(PolicyVersion, (), (document, version_id, is_default_version, create_date))

struct PolicyVersionResponse {
  PolicyVersion policy_version;
};
BOOST_DESCRIBE_STRUCT(PolicyVersionResponse, (), (policy_version))

struct ListPoliciesRequest {
  std::string scope = "All";
  bool only_attached = false;
  std::optional<std::string> path_prefix, policy_usage_filter, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"path_prefix", 1, 512}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListPoliciesRequest, (),
                      (scope, only_attached, path_prefix, policy_usage_filter, marker, max_items))

struct ListPoliciesResponse {
  std::vector<PolicyDescription> policies;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListPoliciesResponse, (), (policies, is_truncated, marker))

PolicyDescription describe(identity::ManagedPolicy const& policy) {
  PolicyDescription description;
  description.policy_name = policy.name;
  description.policy_id = policy.id;
  description.arn = policy.arn;
  description.path = policy.path;
  description.default_version_id = policy.version;
  description.attachment_count = policy.attachments;
  description.create_date = description.update_date = policy.created_at;
  return description;
}

Result<PolicyDescription> describe_fully(store::Transaction& transaction,
                                         identity::ManagedPolicy const& policy) {
  auto description = describe(policy);
  if (!policy.description.empty()) description.description = policy.description;
  TRY(description.tags, entity_tags(transaction, policy.arn));
  return description;
}

Result<void> new_policy(store::Transaction&, Call const& call, CreatePolicyRequest const& request,
                        sessions::Ask& ask) {
  ask.resources = {
      model::policy_arn(call.plane.deployment.region, request.path.value_or("/"), request.policy_name)};
  tell_tags(request.tags, ask);
  return success();
}

template <class Request>
Result<void> this_policy(store::Transaction&, Call const&, Request const& request, sessions::Ask& ask) {
  ask.resources = {request.policy_arn};
  return success();
}

Result<void> policies_below(store::Transaction&, Call const& call, ListPoliciesRequest const& request,
                            sessions::Ask& ask) {
  ask.resources = {model::policy_arn(call.plane.deployment.region, request.path_prefix.value_or("/"), "")};
  return success();
}

Result<PolicyResponse> create_policy(store::Transaction& transaction, Call const& call,
                                     CreatePolicyRequest const& request) {
  CHECK(check_document(request.policy_document, policy::PolicyKind::identity, "PolicySize", 6144));
  identity::ManagedPolicy policy;
  policy.name = request.policy_name;
  policy.path = request.path.value_or("/");
  policy.description = request.description.value_or("");
  policy.document = request.policy_document;
  TRY(auto made,
      identity::create_policy(transaction, call.plane.deployment.region, std::move(policy), call.caller.at));
  CHECK(inventory::add_tags(transaction, inventory::kIamEntity, made.arn, to_map(request.tags)));
  TRY(auto description, describe_fully(transaction, made));
  return PolicyResponse{std::move(description)};
}

Result<PolicyResponse> get_policy(store::Transaction& transaction, Call const&,
                                  PolicyArnRequest const& request) {
  TRY(auto policy, identity::find_policy(transaction, request.policy_arn));
  TRY(auto description, describe_fully(transaction, policy));
  return PolicyResponse{std::move(description)};
}

Result<PolicyVersionResponse> get_policy_version(store::Transaction& transaction, Call const&,
                                                 PolicyVersionRequest const& request) {
  TRY(auto policy, identity::find_policy(transaction, request.policy_arn));
  if (policy.version != request.version_id) {
    return Error{Errc::not_found,
                 "Policy " + policy.arn + " version " + escaped(request.version_id, 32) +
                     " does not exist or is not attachable.",
                 "NoSuchEntity"};
  }
  return PolicyVersionResponse{
      {document_in_answer(policy.document), policy.version, true, policy.created_at}};
}

Result<ListPoliciesResponse> list_policies(store::Transaction& transaction, Call const& call,
                                           ListPoliciesRequest const& request) {
  auto const& scope = request.scope;
  if (scope != "All" && scope != "AWS" && scope != "Local")
    return wire::constraint_error("scope", "one of the values [All, AWS, Local]", scope);
  auto usage = request.policy_usage_filter.value_or("PermissionsPolicy");
  if (usage != "PermissionsPolicy" && usage != "PermissionsBoundary")
    return wire::constraint_error("policyUsageFilter",
                                  "one of the values [PermissionsPolicy, PermissionsBoundary]", usage);
  TRY(auto policies, identity::list_policies(transaction, request.path_prefix.value_or("/")));
  std::vector<PolicyDescription> found;
  for (auto const& policy : policies) {
    bool in_scope = scope == "All" || (scope == "AWS") == policy.is_of_aws;
    bool in_use = usage == "PermissionsPolicy" && (policy.attachments > 0 || !request.only_attached);
    if (in_scope && in_use) found.push_back(describe(policy));
  }
  auto query = scope + "\n" + usage + (request.only_attached ? "\nattached\n" : "\nall\n") +
               request.path_prefix.value_or("/");
  return part_of<ListPoliciesResponse>(call, request, std::move(found), query,
                                       [](auto const& each) { return each.policy_name + "\n" + each.arn; });
}

Result<Nothing> delete_policy(store::Transaction& transaction, Call const&, PolicyArnRequest const& request) {
  CHECK(identity::delete_policy(transaction, request.policy_arn));
  CHECK(inventory::remove_all_tags(transaction, inventory::kIamEntity, request.policy_arn));
  return Nothing{};
}

}  // namespace

std::vector<Action> managed_policy_actions() {
  return {
      changes(kIam, "CreatePolicy", create_policy, new_policy),
      looks(kIam, "GetPolicy", get_policy, this_policy),
      looks(kIam, "GetPolicyVersion", get_policy_version, this_policy),
      looks(kIam, "ListPolicies", list_policies, policies_below),
      changes(kIam, "DeletePolicy", delete_policy, this_policy),
  };
}

}  // namespace fumidai::api
