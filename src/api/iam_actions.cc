// Who is who: users, their keys and policies, and whom a caller is.

#include "api/action.h"
#include "identity/access_keys.h"
#include "identity/users.h"
#include "policy/policy.h"

namespace fumidai::api {

namespace {

struct CreateUserRequest {
  std::string user_name;
  std::optional<std::string> path;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 64, wire::required}, {"path", 1, 512}};
};
BOOST_DESCRIBE_STRUCT(CreateUserRequest, (), (user_name, path))

struct UserDescription {
  std::string path, user_name, user_id, arn;
  Time create_date{};
};
BOOST_DESCRIBE_STRUCT(UserDescription, (), (path, user_name, user_id, arn, create_date))

struct CreateUserResponse {
  UserDescription user;
};
BOOST_DESCRIBE_STRUCT(CreateUserResponse, (), (user))

template <class Request>
std::vector<std::string> this_user(Call const& call, Request const& request) {
  return {model::user_arn(call.plane.deployment.region, "/", request.user_name)};
}

std::vector<std::string> new_user(Call const& call, CreateUserRequest const& request) {
  return {model::user_arn(call.plane.deployment.region, request.path.value_or("/"), request.user_name)};
}

Result<CreateUserResponse> create_user(store::Transaction& transaction, Call const& call,
                                       CreateUserRequest const& request) {
  TRY(auto user,
      identity::create_user(transaction, request.user_name, request.path.value_or("/"), call.caller.at));
  return CreateUserResponse{{user.path, user.name, user.id,
                             model::user_arn(call.plane.deployment.region, user.path, user.name),
                             user.created_at}};
}

struct CreateAccessKeyRequest {
  std::string user_name;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateAccessKeyRequest, (), (user_name))

struct AccessKeyDescription {
  std::string user_name, access_key_id, status;
  Secret secret_access_key;
  Time create_date{};
};
BOOST_DESCRIBE_STRUCT(AccessKeyDescription, (),
                      (user_name, access_key_id, status, secret_access_key, create_date))

struct CreateAccessKeyResponse {
  AccessKeyDescription access_key;
};
BOOST_DESCRIBE_STRUCT(CreateAccessKeyResponse, (), (access_key))

// Without a name a user means himself.
std::string key_owner(Call const& call, CreateAccessKeyRequest const& request) {
  bool own = request.user_name.empty() && call.caller.principal.kind == model::Principal::Kind::user;
  return own ? call.caller.principal.name : request.user_name;
}

std::vector<std::string> key_resource(Call const& call, CreateAccessKeyRequest const& request) {
  return {model::user_arn(call.plane.deployment.region, "/", key_owner(call, request))};
}

Result<CreateAccessKeyResponse> create_access_key(store::Transaction& transaction, Call const& call,
                                                  CreateAccessKeyRequest const& request) {
  auto owner = key_owner(call, request);
  if (owner.empty())
    return Error{Errc::invalid, "Must specify userName when calling with non-User credentials",
                 "ValidationError"};
  TRY(auto key, identity::create_access_key(transaction, call.plane.deployment, owner, call.caller.at));
  return CreateAccessKeyResponse{{key.user_name, key.id, "Active", key.secret, key.created_at}};
}

struct PutUserPolicyRequest {
  std::string user_name, policy_name, policy_document;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 64, wire::required},
                                            {"policy_name", 1, 128, wire::required},
                                            {"policy_document", 1, 10240, wire::required}};
};
BOOST_DESCRIBE_STRUCT(PutUserPolicyRequest, (), (user_name, policy_name, policy_document))

Result<Nothing> put_user_policy(store::Transaction& transaction, Call const& call,
                                PutUserPolicyRequest const& request) {
  TRY(auto user, identity::find_user(transaction, request.user_name));
  CHECK(policy::parse_policy(request.policy_document, policy::PolicyKind::identity));
  CHECK(identity::put_inline_policy(transaction, identity::user_key(user.name), request.policy_name,
                                    request.policy_document, call.caller.at));
  return Nothing{};
}

struct CallerIdentity {
  std::string arn, user_id, account;
};
BOOST_DESCRIBE_STRUCT(CallerIdentity, (), (arn, user_id, account))

// Needs no permission: who has proven himself may know what he proved.
awaitable<Result<CallerIdentity>> get_caller_identity(Call const& call, Nothing const&) {
  auto const& principal = call.caller.principal;
  co_return CallerIdentity{principal.arn, principal.id, principal.account};
}

}  // namespace

std::vector<Action> iam_actions() {
  return {
      changes<CreateUserRequest, CreateUserResponse>(kIam, "CreateUser", create_user, new_user),
      changes<CreateAccessKeyRequest, CreateAccessKeyResponse>(kIam, "CreateAccessKey", create_access_key,
                                                               key_resource),
      changes<PutUserPolicyRequest, Nothing>(kIam, "PutUserPolicy", put_user_policy,
                                             this_user<PutUserPolicyRequest>),
      serves(kSts, "GetCallerIdentity", Accepts::principals, get_caller_identity),
  };
}

}  // namespace fumidai::api
