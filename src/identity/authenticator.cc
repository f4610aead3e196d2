#include "identity/authenticator.h"

#include "identity/access_keys.h"
#include "identity/instance_identity.h"
#include "identity/roles.h"
#include "identity/temporary_credentials.h"
#include "identity/users.h"

namespace fumidai::identity {

using wire::auth_error;
using wire::AuthFault;

namespace {

Error in_words(wire::AuthRefusal const& refusal, wire::SignatureRules const& rules) {
  return auth_error(refusal.fault, rules.protocol, refusal.detail);
}

struct RegisteredKey {
  std::string public_key, role;
};

Result<std::optional<RegisteredKey>> find_registered_key(store::Transaction& transaction,
                                                         InstanceId const& instance) {
  TRY(auto row, transaction.first("select public_key, iam_role from instances where id = $1", instance));
  if (!row) return std::optional<RegisteredKey>();
  TRY(auto der, from_base64(row->text(0)));
  return std::optional(RegisteredKey{std::string(as_text(der)), row->text(1)});
}

Error gone(std::string const& name) {
  return {Errc::not_found, name + " is not what these credentials were issued for.", "NoSuchEntity"};
}

model::Principal user_principal(Deployment const& deployment, User const& user) {
  model::Principal principal;
  principal.arn = model::user_arn(deployment.region, user.path, user.name);
  principal.id = user.id;
  principal.name = user.name;
  principal.account = deployment.region.account;
  return principal;
}

}  // namespace

model::Principal role_principal(Deployment const& deployment, Role const& role, RoleSession session) {
  model::Principal principal;
  principal.kind = model::Principal::Kind::role;
  principal.arn = model::assumed_role_arn(deployment.region, role.name, session.name);
  principal.id = role.id + ":" + session.name;
  principal.name = session.name;
  principal.role = role.name;
  principal.role_arn = model::role_arn(deployment.region, role.path, role.name);
  principal.session_policies = std::move(session.policies);
  principal.account = deployment.region.account;
  principal.instance = std::move(session.instance);
  return principal;
}

Result<void> check_endpoint(RequestFacts const& facts, std::string_view service) {
  if (facts.vpc_endpoint.empty() || facts.endpoint_service == service) return success();
  return Error{Errc::denied,
               facts.vpc_endpoint + " is an endpoint of " + facts.endpoint_service + ", and serves no " +
                   std::string(service) + ". Make an endpoint for that service.",
               "AccessDenied"};
}

awaitable<Result<Proven>> Authenticator::authenticate(wire::HttpRequest const& request,
                                                      wire::SignatureRules const& rules,
                                                      RequestFacts const& facts) {
  CO_CHECK(check_endpoint(facts, rules.service));
  auto claim = wire::parse_claim(request);
  if (!claim) co_return in_words(claim.error(), rules);
  CO_TRY(auto proven, co_await prove(request, *claim, rules));
  auto& caller = proven.caller;
  caller.source_address = facts.source_address;
  caller.request_id = facts.request_id;
  caller.reached_by = facts.reached_by;
  caller.vpc_endpoint = facts.vpc_endpoint;
  caller.user_agent = request.headers.find("user-agent").value_or("");
  caller.at = clock_.now();
  co_return proven;
}

awaitable<Result<Proven>> Authenticator::prove(wire::HttpRequest const& request,
                                               wire::SignatureClaim const& claim,
                                               wire::SignatureRules const& rules) {
  if (model::is_managed_instance_id(claim.access_key_id)) return by_instance_key(request, claim, rules);
  if (!claim.security_token.empty()) return by_session_token(request, claim, rules);
  return by_access_key(request, claim, rules);
}

awaitable<Result<Proven>> Authenticator::by_access_key(wire::HttpRequest const& request,
                                                       wire::SignatureClaim const& claim,
                                                       wire::SignatureRules const& rules) {
  struct Found {
    std::optional<AccessKey> key;
    User user;
  };
  auto look = [id = claim.access_key_id,
               &deployment = deployment_](store::Transaction& transaction) -> Result<Found> {
    Found found;
    TRY(found.key, find_access_key(transaction, deployment, id));
    if (found.key) {
      TRY(found.user, find_user(transaction, found.key->user_name));
    }
    return found;
  };
  CO_TRY(auto found, co_await database_.read(std::move(look)));
  if (!found.key) co_return auth_error(AuthFault::unknown_key, rules.protocol);
  wire::SigningKey key{found.key->secret, {}, {}};
  auto verdict = wire::verify(request, claim, key, rules, clock_.now());
  if (!verdict) co_return in_words(verdict.error(), rules);
  Proven proven{{}, CredentialKind::access_key};
  proven.caller.principal = user_principal(deployment_, found.user);
  co_return proven;
}

awaitable<Result<Proven>> Authenticator::by_session_token(wire::HttpRequest const& request,
                                                          wire::SignatureClaim const& claim,
                                                          wire::SignatureRules const& rules) {
  auto credentials = open_session_token(deployment_, claim.access_key_id, claim.security_token);
  if (!credentials) co_return auth_error(AuthFault::unknown_key, rules.protocol);
  wire::SigningKey key{credentials->secret_access_key, credentials->session_token, credentials->expires_at};
  auto verdict = wire::verify(request, claim, key, rules, clock_.now());
  if (!verdict) co_return in_words(verdict.error(), rules);
  auto who_is = [this](auto const& session) { return bearer(session); };
  auto who = co_await std::visit(who_is, credentials->bearer);
  if (!who && who.error().code == Errc::not_found)
    co_return auth_error(AuthFault::unknown_key, rules.protocol);
  if (!who) co_return who.error();
  bool is_role = std::holds_alternative<RoleSession>(credentials->bearer);
  Proven proven{{}, is_role ? CredentialKind::role_session : CredentialKind::user_session};
  proven.caller.principal = *std::move(who);
  proven.caller.token_issued_at = credentials->issued_at;
  co_return proven;
}

// Who bears a session token now. Credentials do not outlive their role or user, of which one of the same name
// that was made later is another, and an instance's not its registration. Those of an instance's identity,
// which allow nothing, last until they expire. Error: not_found.
awaitable<Result<model::Principal>> Authenticator::bearer(RoleSession session) {
  if (session.role == kInstanceIdentityRole)
    co_return role_principal(deployment_, instance_identity_role(deployment_), std::move(session));
  auto look = [session](store::Transaction& transaction) -> Result<Role> {
    // One of a VPC is not registered: the gate asks whether it still has the role.
    if (session.instance && model::is_managed_instance_id(session.instance->text())) {
      TRY(auto registered, find_registered_key(transaction, *session.instance));
      if (!registered || registered->role != session.role) return gone(session.role);
    }
    TRY(auto role, find_role(transaction, session.role));
    if (role.id != session.role_id) return gone(session.role);
    return role;
  };
  CO_TRY(auto role, co_await database_.read(std::move(look)));
  note_use_of(role);
  co_return role_principal(deployment_, role, std::move(session));
}

// Once an hour, so that requests cost no write, also while none can be made.
void Authenticator::note_use_of(Role const& role) {
  constexpr auto kOften = std::chrono::hours(1);
  auto now = clock_.now();
  if (role.last_used_at && now - *role.last_used_at < kOften) return;
  std::erase_if(noted_, [&](auto const& noted) { return now - noted.second >= kOften; });
  if (!noted_.try_emplace(role.id, now).second) return;
  database_.write_soon(
      [id = role.id, now](store::Transaction& transaction) { return note_use(transaction, id, now); });
}

awaitable<Result<model::Principal>> Authenticator::bearer(UserSession session) {
  auto look = [session](store::Transaction& transaction) -> Result<User> {
    TRY(auto user, find_user(transaction, session.user));
    if (user.id != session.user_id) return gone(session.user);
    return user;
  };
  CO_TRY(auto user, co_await database_.read(std::move(look)));
  co_return user_principal(deployment_, user);
}

awaitable<Result<Proven>> Authenticator::by_instance_key(wire::HttpRequest const& request,
                                                         wire::SignatureClaim const& claim,
                                                         wire::SignatureRules const& rules) {
  struct Found {
    std::optional<RegisteredKey> key;
    Role role;
  };
  InstanceId instance(claim.access_key_id);
  auto look = [instance](store::Transaction& transaction) -> Result<Found> {
    Found found;
    TRY(found.key, find_registered_key(transaction, instance));
    if (found.key) {
      TRY(found.role, find_role(transaction, found.key->role));
    }
    return found;
  };
  CO_TRY(auto found, co_await database_.read(std::move(look)));
  if (!found.key) co_return auth_error(AuthFault::unknown_key, rules.protocol);
  auto verdict = wire::verify_rsa(request, claim, found.key->public_key, rules, clock_.now());
  if (!verdict) co_return in_words(verdict.error(), rules);
  Proven proven{{}, CredentialKind::instance_key};
  proven.caller.principal = role_principal(deployment_, found.role, agent_session(found.role, instance));
  co_return proven;
}

}  // namespace fumidai::identity
