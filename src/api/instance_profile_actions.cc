// Instance profiles: Create, Get, List (all, and those with a role), Delete, and the role in them.

#include "api/role_description.h"
#include "identity/instance_profiles.h"

namespace fumidai::api {

namespace {

struct CreateProfileRequest {
  std::string instance_profile_name;
  std::optional<std::string> path;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {
      {"instance_profile_name", 1, 128, wire::required}, {"path", 1, 512}, {"tags", 0, 50}};
};
BOOST_DESCRIBE_STRUCT(CreateProfileRequest, (), (instance_profile_name, path, tags))

struct ProfileNameRequest {
  std::string instance_profile_name;
  static constexpr wire::Limit kLimits[] = {{"instance_profile_name", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ProfileNameRequest, (), (instance_profile_name))

struct ProfileRoleRequest {
  std::string instance_profile_name, role_name;
  static constexpr wire::Limit kLimits[] = {{"instance_profile_name", 1, 128, wire::required},
                                            {"role_name", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ProfileRoleRequest, (), (instance_profile_name, role_name))

struct ProfileDescription {
  std::string path, instance_profile_name, instance_profile_id, arn;
  Time create_date{};
  std::vector<RoleDescription> roles;
  std::optional<std::vector<Tag>> tags;
};
BOOST_DESCRIBE_STRUCT(ProfileDescription, (),
                      (path, instance_profile_name, instance_profile_id, arn, create_date, roles, tags))

struct ProfileResponse {
  ProfileDescription instance_profile;
};
BOOST_DESCRIBE_STRUCT(ProfileResponse, (), (instance_profile))

struct ListProfilesRequest {
  std::optional<std::string> path_prefix, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"path_prefix", 1, 512}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListProfilesRequest, (), (path_prefix, marker, max_items))

struct ListProfilesForRoleRequest {
  std::string role_name;
  std::optional<std::string> marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"role_name", 1, 64, wire::required}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListProfilesForRoleRequest, (), (role_name, marker, max_items))

struct ListProfilesResponse {
  std::vector<ProfileDescription> instance_profiles;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListProfilesResponse, (), (instance_profiles, is_truncated, marker))

Result<ProfileDescription> describe(store::Transaction& transaction, Call const& call,
                                    identity::InstanceProfile const& profile) {
  ProfileDescription description;
  description.path = profile.path;
  description.instance_profile_name = profile.name;
  description.instance_profile_id = profile.id;
  description.arn = model::instance_profile_arn(call.plane.deployment.region, profile.path, profile.name);
  description.create_date = profile.created_at;
  if (profile.role) {
    TRY(auto role, identity::find_role(transaction, *profile.role));
    description.roles.push_back(describe(call, role));
  }
  TRY(description.tags, entity_tags(transaction, description.arn));
  return description;
}

Result<void> new_profile(store::Transaction&, Call const& call, CreateProfileRequest const& request,
                         sessions::Ask& ask) {
  ask.resources = {model::instance_profile_arn(call.plane.deployment.region, request.path.value_or("/"),
                                               request.instance_profile_name)};
  tell_tags(request.tags, ask);
  return success();
}

template <class Request>
Result<void> this_profile(store::Transaction& transaction, Call const& call, Request const& request,
                          sessions::Ask& ask) {
  TRY(auto arn, arn_of_instance_profile(transaction, call, request.instance_profile_name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<void> profiles_below(store::Transaction&, Call const& call, ListProfilesRequest const& request,
                            sessions::Ask& ask) {
  ask.resources = {
      model::instance_profile_arn(call.plane.deployment.region, request.path_prefix.value_or("/"), "")};
  return success();
}

Result<void> this_role(store::Transaction& transaction, Call const& call,
                       ListProfilesForRoleRequest const& request, sessions::Ask& ask) {
  TRY(auto arn, arn_of_role(transaction, call, request.role_name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<ProfileResponse> create_profile(store::Transaction& transaction, Call const& call,
                                       CreateProfileRequest const& request) {
  auto path = request.path.value_or("/");
  TRY(auto profile,
      identity::create_instance_profile(transaction, request.instance_profile_name, path, call.caller.at));
  auto arn = model::instance_profile_arn(call.plane.deployment.region, profile.path, profile.name);
  CHECK(inventory::add_tags(transaction, inventory::kIamEntity, arn, to_map(request.tags)));
  TRY(auto description, describe(transaction, call, profile));
  return ProfileResponse{std::move(description)};
}

Result<ProfileResponse> get_profile(store::Transaction& transaction, Call const& call,
                                    ProfileNameRequest const& request) {
  TRY(auto profile, identity::find_instance_profile(transaction, request.instance_profile_name));
  TRY(auto description, describe(transaction, call, profile));
  return ProfileResponse{std::move(description)};
}

template <class Request>
Result<ListProfilesResponse> answer(store::Transaction& transaction, Call const& call, Request const& request,
                                    std::vector<identity::InstanceProfile> const& profiles,
                                    std::string const& query) {
  std::vector<ProfileDescription> found;
  for (auto const& profile : profiles) {
    TRY(auto description, describe(transaction, call, profile));
    found.push_back(std::move(description));
  }
  return part_of<ListProfilesResponse>(call, request, std::move(found), query,
                                       [](auto const& each) { return each.instance_profile_name; });
}

Result<ListProfilesResponse> list_profiles(store::Transaction& transaction, Call const& call,
                                           ListProfilesRequest const& request) {
  auto prefix = request.path_prefix.value_or("/");
  TRY(auto profiles, identity::list_instance_profiles(transaction, prefix));
  return answer(transaction, call, request, profiles, prefix);
}

Result<ListProfilesResponse> list_profiles_for_role(store::Transaction& transaction, Call const& call,
                                                    ListProfilesForRoleRequest const& request) {
  TRY(auto role, identity::find_role(transaction, request.role_name));
  TRY(auto profiles, identity::list_instance_profiles(transaction, "/"));
  std::erase_if(profiles, [&](auto const& profile) { return profile.role != role.name; });
  return answer(transaction, call, request, profiles, role.name);
}

Result<Nothing> delete_profile(store::Transaction& transaction, Call const& call,
                               ProfileNameRequest const& request) {
  TRY(auto arn, arn_of_instance_profile(transaction, call, request.instance_profile_name));
  CHECK(identity::delete_instance_profile(transaction, request.instance_profile_name));
  CHECK(inventory::remove_all_tags(transaction, inventory::kIamEntity, arn));
  return Nothing{};
}

// Instances with the profile become the role.
Result<void> this_profile_with_role(store::Transaction& transaction, Call const& call,
                                    ProfileRoleRequest const& request, sessions::Ask& ask) {
  CHECK(this_profile(transaction, call, request, ask));
  TRY(auto role, arn_of_role(transaction, call, request.role_name));
  ask.also = {{"iam:PassRole", std::move(role), {{"iam:PassedToService", {"ec2.amazonaws.com"}}}}};
  return success();
}

Result<Nothing> add_role(store::Transaction& transaction, Call const&, ProfileRoleRequest const& request) {
  CHECK(identity::put_role_into(transaction, request.instance_profile_name, request.role_name));
  return Nothing{};
}

Result<Nothing> remove_role(store::Transaction& transaction, Call const&, ProfileRoleRequest const& request) {
  CHECK(identity::take_role_from(transaction, request.instance_profile_name, request.role_name));
  return Nothing{};
}

}  // namespace

std::vector<Action> instance_profile_actions() {
  return {
      changes(kIam, "CreateInstanceProfile", create_profile, new_profile),
      looks(kIam, "GetInstanceProfile", get_profile, this_profile),
      looks(kIam, "ListInstanceProfiles", list_profiles, profiles_below),
      looks(kIam, "ListInstanceProfilesForRole", list_profiles_for_role, this_role),
      changes(kIam, "DeleteInstanceProfile", delete_profile, this_profile),
      changes(kIam, "AddRoleToInstanceProfile", add_role, this_profile_with_role),
      changes(kIam, "RemoveRoleFromInstanceProfile", remove_role, this_profile),
  };
}

}  // namespace fumidai::api
