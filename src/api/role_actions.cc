// Roles: CreateRole, GetRole, ListRoles, DeleteRole, UpdateAssumeRolePolicy.

#include "api/role_description.h"
#include "identity/users.h"

namespace fumidai::api {

namespace {

struct CreateRoleRequest {
  std::string role_name, assume_role_policy_document;
  std::optional<std::string> path, description, permissions_boundary;
  std::optional<std::int64_t> max_session_duration;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {{"role_name", 1, 64, wire::required},
                                            {"assume_role_policy_document", 1, 131072, wire::required},
                                            {"path", 1, 512},
                                            {"description", 0, 1000},
                                            {"max_session_duration", 3600, 43200},
                                            {"tags", 0, 50}};
};
BOOST_DESCRIBE_STRUCT(CreateRoleRequest, (),
                      (role_name, assume_role_policy_document, path, description, permissions_boundary,
                       max_session_duration, tags))

struct RoleNameRequest {
  std::string role_name;
  static constexpr wire::Limit kLimits[] = {{"role_name", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(RoleNameRequest, (), (role_name))

struct RoleResponse {
  RoleDescription role;
};
BOOST_DESCRIBE_STRUCT(RoleResponse, (), (role))

struct ListRolesRequest {
  std::optional<std::string> path_prefix, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"path_prefix", 1, 512}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListRolesRequest, (), (path_prefix, marker, max_items))

struct ListRolesResponse {
  std::vector<RoleDescription> roles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListRolesResponse, (), (roles, is_truncated, marker))

struct UpdateTrustRequest {
  std::string role_name, policy_document;
  static constexpr wire::Limit kLimits[] = {{"role_name", 1, 64, wire::required},
                                            {"policy_document", 1, 131072, wire::required}};
};
BOOST_DESCRIBE_STRUCT(UpdateTrustRequest, (), (role_name, policy_document))

// One of this account that is not there would be whoever is made later under that name.
Result<void> check_principal(store::Transaction& transaction, Call const& call, std::string const& arn) {
  auto account = "arn:aws:iam::" + call.plane.deployment.region.account + ":";
  auto name = arn.substr(arn.rfind('/') + 1);
  bool is_there = true;
  if (arn.starts_with(account + "user/")) {
    auto user = identity::find_user(transaction, name);
    is_there = user && model::user_arn(call.plane.deployment.region, user->path, name) == arn;
  } else if (arn.starts_with(account + "role/")) {
    auto role = identity::find_role(transaction, name);
    is_there = role && model::role_arn(call.plane.deployment.region, role->path, name) == arn;
  }
  if (is_there) return success();
  return Error{Errc::invalid, "Invalid principal in policy: \"AWS\":\"" + escaped(arn, 256) + "\"",
               "MalformedPolicyDocument"};
}

Result<void> check_trust(store::Transaction& transaction, Call const& call, std::string const& document) {
  CHECK(check_document(document, policy::PolicyKind::trust, "ACLSizePerRole", 8192));
  TRY(auto parsed, policy::parse_policy(document, policy::PolicyKind::trust));
  for (auto const& statement : parsed.statements) {
    for (auto const* named : {&statement.principals, &statement.not_principals}) {
      for (auto const& principal : *named) CHECK(check_principal(transaction, call, principal.text()));
    }
  }
  return success();
}

Result<void> new_role(store::Transaction&, Call const& call, CreateRoleRequest const& request,
                      sessions::Ask& ask) {
  ask.resources = {
      model::role_arn(call.plane.deployment.region, request.path.value_or("/"), request.role_name)};
  tell_tags(request.tags, ask);
  return success();
}

template <class Request>
Result<void> this_role(store::Transaction& transaction, Call const& call, Request const& request,
                       sessions::Ask& ask) {
  TRY(auto arn, arn_of_role(transaction, call, request.role_name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<void> roles_below(store::Transaction&, Call const& call, ListRolesRequest const& request,
                         sessions::Ask& ask) {
  ask.resources = {model::role_arn(call.plane.deployment.region, request.path_prefix.value_or("/"), "")};
  return success();
}

Result<RoleResponse> create_role(store::Transaction& transaction, Call const& call,
                                 CreateRoleRequest const& request) {
  CHECK(refuse_boundary(request.permissions_boundary));
  CHECK(check_trust(transaction, call, request.assume_role_policy_document));
  identity::Role role;
  role.name = request.role_name;
  role.path = request.path.value_or("/");
  role.trust_policy = request.assume_role_policy_document;
  role.description = request.description.value_or("");
  role.longest_session = std::chrono::seconds(request.max_session_duration.value_or(3600));
  TRY(auto made, identity::create_role(transaction, std::move(role), call.caller.at));
  auto description = describe(call, made);
  CHECK(inventory::add_tags(transaction, inventory::kIamEntity, description.arn, to_map(request.tags)));
  TRY(description.tags, entity_tags(transaction, description.arn));
  return RoleResponse{std::move(description)};
}

Result<RoleResponse> get_role(store::Transaction& transaction, Call const& call,
                              RoleNameRequest const& request) {
  TRY(auto role, identity::find_role(transaction, request.role_name));
  auto description = describe(call, role);
  TRY(description.tags, entity_tags(transaction, description.arn));
  auto& used = description.role_last_used.emplace();
  used.last_used_date = role.last_used_at;
  if (role.last_used_at) used.region = call.plane.deployment.region.name;
  return RoleResponse{std::move(description)};
}

Result<ListRolesResponse> list_roles(store::Transaction& transaction, Call const& call,
                                     ListRolesRequest const& request) {
  auto prefix = request.path_prefix.value_or("/");
  TRY(auto roles, identity::list_roles(transaction, prefix));
  std::vector<RoleDescription> found;
  for (auto const& role : roles) found.push_back(describe(call, role));
  return part_of<ListRolesResponse>(call, request, std::move(found), prefix,
                                    [](auto const& each) { return each.role_name; });
}

Result<Nothing> delete_role(store::Transaction& transaction, Call const& call,
                            RoleNameRequest const& request) {
  TRY(auto arn, arn_of_role(transaction, call, request.role_name));
  CHECK(identity::check_not_trusted(transaction, arn, request.role_name));
  CHECK(identity::delete_role(transaction, request.role_name, call.caller.at));
  CHECK(inventory::remove_all_tags(transaction, inventory::kIamEntity, arn));
  return Nothing{};
}

Result<Nothing> update_trust(store::Transaction& transaction, Call const& call,
                             UpdateTrustRequest const& request) {
  CHECK(check_trust(transaction, call, request.policy_document));
  CHECK(identity::set_trust_policy(transaction, request.role_name, request.policy_document));
  return Nothing{};
}

}  // namespace

std::vector<Action> role_actions() {
  return {
      changes(kIam, "CreateRole", create_role, new_role),
      looks(kIam, "GetRole", get_role, this_role),
      looks(kIam, "ListRoles", list_roles, roles_below),
      changes(kIam, "DeleteRole", delete_role, this_role),
      changes(kIam, "UpdateAssumeRolePolicy", update_trust, this_role),
  };
}

}  // namespace fumidai::api
