// Who one is, being oneself for a while, and becoming a role: GetCallerIdentity, GetSessionToken, AssumeRole.

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

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time expiration{};
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (access_key_id, secret_access_key, session_token, expiration))

Credentials describe(identity::TemporaryCredentials const& issued) {
  return {issued.access_key_id, issued.secret_access_key, issued.session_token, issued.expires_at};
}

Error no_device() {
  return {Errc::denied, "MultiFactorAuthentication failed: there are no MFA devices here.", "AccessDenied"};
}

struct GetSessionTokenRequest {
  std::int64_t duration_seconds = 43200;
  std::optional<std::string> serial_number, token_code;
  static constexpr wire::Limit kLimits[] = {{"duration_seconds", 900, 129600}};
};
BOOST_DESCRIBE_STRUCT(GetSessionTokenRequest, (), (duration_seconds, serial_number, token_code))

struct GetSessionTokenResponse {
  Credentials credentials;
};
BOOST_DESCRIBE_STRUCT(GetSessionTokenResponse, (), (credentials))

// Needs no permission, as on AWS: what the credentials may do is decided at each use. They do less than the
// user's key: no IAM (dispatcher.cc).
awaitable<Result<GetSessionTokenResponse>> get_session_token(Call const& call,
                                                             GetSessionTokenRequest const& request) {
  CO_CHECK(wire::validate(request));
  if (call.caller.token_issued_at)
    co_return Error{Errc::denied, "Cannot call GetSessionToken with session credentials", "AccessDenied"};
  if (request.serial_number || request.token_code) co_return no_device();
  auto const& user = call.caller.principal;
  CO_TRY(auto issued,
         identity::issue_credentials(call.plane.deployment, identity::UserSession{user.name, user.id},
                                     call.caller.at, std::chrono::seconds(request.duration_seconds)));
  std::function<Result<Nothing>(store::Transaction&, audit::Trail const&)> work =
      [caller = call.caller, seconds = request.duration_seconds](
          store::Transaction& transaction, audit::Trail const& trail) -> Result<Nothing> {
    audit::Decided event{caller, "sts:GetSessionToken", caller.principal.arn, true, "the user's access key",
                         "",     {{"seconds", seconds}}};
    CHECK(trail.append(transaction, event.to_event()));
    return Nothing{};
  };
  CO_CHECK(co_await call.plane.gate.by_own_proof<Nothing>(std::move(work)));
  co_return GetSessionTokenResponse{describe(issued)};
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
  if (request.serial_number || request.token_code) return no_device();
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
      describe(*credentials),
      {role.id + ":" + request.role_session_name,
       model::assumed_role_arn(call.plane.deployment.region, role.name, request.role_session_name)}};
}

}  // namespace

std::vector<Action> sts_actions() {
  auto assume = serves(kSts, "AssumeRole", Accepts::principals, assume_role);
  assume.asks_gate = true;  // by assume()
  return {
      serves(kSts, "GetCallerIdentity", Accepts::principals, get_caller_identity),
      serves(kSts, "GetSessionToken", Accepts::principals, get_session_token),
      std::move(assume),
  };
}

}  // namespace fumidai::api
