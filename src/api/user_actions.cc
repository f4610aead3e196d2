// Users: CreateUser, GetUser, ListUsers, DeleteUser.

#include "api/iam.h"
#include "identity/users.h"

namespace fumidai::api {

namespace {

struct CreateUserRequest {
  std::string user_name;
  std::optional<std::string> path, permissions_boundary;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {
      {"user_name", 1, 64, wire::required}, {"path", 1, 512}, {"tags", 0, 50}};
};
BOOST_DESCRIBE_STRUCT(CreateUserRequest, (), (user_name, path, permissions_boundary, tags))

struct UserNameRequest {
  std::string user_name;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(UserNameRequest, (), (user_name))

struct GetUserRequest {
  std::optional<std::string> user_name;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 128}};
};
BOOST_DESCRIBE_STRUCT(GetUserRequest, (), (user_name))

struct UserDescription {
  std::string path, user_name, user_id, arn;
  Time create_date{};
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(UserDescription, (), (path, user_name, user_id, arn, create_date, tags))

struct UserResponse {
  UserDescription user;
};
BOOST_DESCRIBE_STRUCT(UserResponse, (), (user))

struct ListUsersRequest {
  std::optional<std::string> path_prefix, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"path_prefix", 1, 512}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListUsersRequest, (), (path_prefix, marker, max_items))

struct ListUsersResponse {
  std::vector<UserDescription> users;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListUsersResponse, (), (users, is_truncated, marker))

UserDescription describe(Call const& call, identity::User const& user) {
  return {user.path,       user.name,
          user.id,         model::user_arn(call.plane.deployment.region, user.path, user.name),
          user.created_at, {}};
}

Result<void> new_user(store::Transaction&, Call const& call, CreateUserRequest const& request,
                      sessions::Ask& ask) {
  ask.resources = {
      model::user_arn(call.plane.deployment.region, request.path.value_or("/"), request.user_name)};
  tell_tags(request.tags, ask);
  return success();
}

Result<UserResponse> create_user(store::Transaction& transaction, Call const& call,
                                 CreateUserRequest const& request) {
  CHECK(refuse_boundary(request.permissions_boundary));
  TRY(auto user,
      identity::create_user(transaction, request.user_name, request.path.value_or("/"), call.caller.at));
  auto description = describe(call, user);
  CHECK(inventory::add_tags(transaction, inventory::kIamEntity, description.arn, to_map(request.tags)));
  TRY(description.tags, entity_tags(transaction, description.arn));
  return UserResponse{std::move(description)};
}

Result<void> meant(store::Transaction& transaction, Call const& call, GetUserRequest const& request,
                   sessions::Ask& ask) {
  TRY(auto name, meant_user(call, request.user_name));
  TRY(auto arn, arn_of_user(transaction, call, name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<UserResponse> get_user(store::Transaction& transaction, Call const& call,
                              GetUserRequest const& request) {
  TRY(auto name, meant_user(call, request.user_name));
  TRY(auto user, identity::find_user(transaction, name));
  auto description = describe(call, user);
  TRY(description.tags, entity_tags(transaction, description.arn));
  return UserResponse{std::move(description)};
}

Result<void> users_below(store::Transaction&, Call const& call, ListUsersRequest const& request,
                         sessions::Ask& ask) {
  ask.resources = {model::user_arn(call.plane.deployment.region, request.path_prefix.value_or("/"), "")};
  return success();
}

Result<ListUsersResponse> list_users(store::Transaction& transaction, Call const& call,
                                     ListUsersRequest const& request) {
  auto prefix = request.path_prefix.value_or("/");
  TRY(auto users, identity::list_users(transaction, prefix));
  std::vector<UserDescription> found;
  for (auto const& user : users) found.push_back(describe(call, user));
  return part_of<ListUsersResponse>(call, request, std::move(found), prefix,
                                    [](auto const& each) { return each.user_name; });
}

Result<void> this_user(store::Transaction& transaction, Call const& call, UserNameRequest const& request,
                       sessions::Ask& ask) {
  TRY(auto arn, arn_of_user(transaction, call, request.user_name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<Nothing> delete_user(store::Transaction& transaction, Call const& call,
                            UserNameRequest const& request) {
  TRY(auto arn, arn_of_user(transaction, call, request.user_name));
  CHECK(identity::check_not_trusted(transaction, arn));
  CHECK(identity::delete_user(transaction, request.user_name));
  CHECK(inventory::remove_all_tags(transaction, inventory::kIamEntity, arn));
  return Nothing{};
}

}  // namespace

std::vector<Action> user_actions() {
  return {
      changes(kIam, "CreateUser", create_user, new_user),
      looks(kIam, "GetUser", get_user, meant),
      looks(kIam, "ListUsers", list_users, users_below),
      changes(kIam, "DeleteUser", delete_user, this_user),
  };
}

}  // namespace fumidai::api
