// Who one is, and becoming a role for a while: GetCallerIdentity, AssumeRole.

#include "api/iam.h"
#include "identity/temporary_credentials.h"

namespace fumidai::api {

namespace {

struct CallerIdentity {
  std::string arn, user_id, account;
};
BOOST_DESCRIBE_STRUCT(CallerIdentity, (), (arn, user_id, account))

// Needs no permission: who has proven himself may know what he proved.
awaitable<Result<CallerIdentity>> get_caller_identity(Call const& call, Nothing const&) {
  auto const& principal = call.caller.principal;
  co_return CallerIdentity{principal.arn, principal.id, principal.account};
}

struct PolicyArn {
  std::string arn;
  static constexpr wire::Rename kNames[] = {{"arn", "arn"}};
  static constexpr wire::Limit kLimits[] = {{"arn", 20, 2048, wire::required}};
};
BOOST_DESCRIBE_STRUCT(PolicyArn, (), (arn))

struct AssumeRoleRequest {
  std::string role_arn, role_session_name;
  std::optional<std::int64_t> duration_seconds;
  std::optional<std::string> external_id, policy;
  std::vector<PolicyArn> policy_arns;
  // Not here; see refuse_what_is_not_here().
  std::vector<Tag> tags;
  std::optional<std::string> serial_number, token_code, source_identity;
  static constexpr wire::Limit kLimits[] = {{"role_arn", 20, 2048, wire::required},
                                            {"role_session_name", 2, 64, wire::required},
                                            {"duration_seconds", 900, 43200},
                                            {"external_id", 2, 1224},
                                            {"policy", 1, 2048},
                                            {"policy_arns", 0, 10}};
};
BOOST_DESCRIBE_STRUCT(AssumeRoleRequest, (),
                      (role_arn, role_session_name, duration_seconds, external_id, policy, policy_arns, tags,
                       serial_number, token_code, source_identity))

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time expiration{};
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (access_key_id, secret_access_key, session_token, expiration))

struct AssumedRoleUser {
  std::string assumed_role_id, arn;
};
BOOST_DESCRIBE_STRUCT(AssumedRoleUser, (), (assumed_role_id, arn))

struct AssumeRoleResponse {
  Credentials credentials;
  AssumedRoleUser assumed_role_user;
};
BOOST_DESCRIBE_STRUCT(AssumeRoleResponse, (), (credentials, assumed_role_user))

Error refused(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "ValidationError"};
}

// Policies may depend on these: what is passed over could let in whom they should keep out.
Result<void> refuse_what_is_not_here(AssumeRoleRequest const& request) {
  if (!request.tags.empty()) return refused("Session tags are not supported here; tag the role.");
  if (request.source_identity) return refused("SourceIdentity is not supported here.");
  if (request.serial_number || request.token_code)
    return Error{Errc::denied, "MultiFactorAuthentication failed: there are no MFA devices here.",
                 "AccessDenied"};
  return success();
}

Result<void> check_session_name(std::string const& name) {
  bool fits = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
  if (fits) return success();
  return wire::constraint_error("roleSessionName", "a value of the pattern [\\w+=,.@-]*", name);
}

// An hour, as AWS has it: or a chain of roles would never end.
Result<std::chrono::seconds> duration_of(Call const& call, AssumeRoleRequest const& request) {
  std::chrono::seconds duration(request.duration_seconds.value_or(3600));
  bool is_chained = call.caller.principal.kind == model::Principal::Kind::role;
  if (is_chained && duration > std::chrono::hours(1)) {
    return refused(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  }
  return duration;
}

Result<std::optional<model::SessionPolicies>> session_policies(AssumeRoleRequest const& request) {
  if (!request.policy && request.policy_arns.empty()) return std::optional<model::SessionPolicies>();
  model::SessionPolicies policies;
  if (request.policy) {
    CHECK(policy::parse_policy(*request.policy, policy::PolicyKind::identity));
    policies.document = *request.policy;
  }
  for (auto const& each : request.policy_arns) policies.arns.push_back(each.arn);
  return std::optional(std::move(policies));
}

awaitable<Result<AssumeRoleResponse>> assume_role(Call const& call, AssumeRoleRequest const& request) {
  CO_CHECK(wire::validate(request));
  CO_CHECK(check_session_name(request.role_session_name));
  CO_CHECK(refuse_what_is_not_here(request));
  CO_TRY(auto duration, duration_of(call, request));
  CO_TRY(auto policies, session_policies(request));
  sessions::AssumeAsk ask{
      call.caller, request.role_arn, request.role_session_name, request.external_id.value_or(""),
      duration,    policies};
  CO_TRY(auto role, co_await call.plane.gate.assume(std::move(ask)));
  identity::RoleSession session{role.name, role.id, request.role_session_name, {}, std::move(policies)};
  auto credentials =
      identity::issue_credentials(call.plane.deployment, std::move(session), call.caller.at, duration);
  if (!credentials) co_return credentials.error();
  co_return AssumeRoleResponse{
      {credentials->access_key_id, credentials->secret_access_key, credentials->session_token,
       credentials->expires_at},
      {role.id + ":" + request.role_session_name,
       model::assumed_role_arn(call.plane.deployment.region, role.name, request.role_session_name)}};
}

}  // namespace

std::vector<Action> sts_actions() {
  auto assume = serves(kSts, "AssumeRole", Accepts::principals, assume_role);
  assume.asks_gate = true;  // by assume()
  return {
      serves(kSts, "GetCallerIdentity", Accepts::principals, get_caller_identity),
      std::move(assume),
  };
}

}  // namespace fumidai::api
