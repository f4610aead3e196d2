#include "identity/temporary_credentials.h"

#include <boost/describe/class.hpp>

#include "base/seal.h"
#include "identity/access_keys.h"
#include "wire/json_shape.h"

namespace fumidai::identity {

namespace {

constexpr char const* kContext = "session token";
// A header of a request carries it.
constexpr std::size_t kMostTokenText = 8192;

struct PolicyClaims {
  std::string document;
  std::vector<std::string> arns;
};
BOOST_DESCRIBE_STRUCT(PolicyClaims, (), (document, arns))

struct Claims {
  std::string key;
  Secret secret;
  std::string role, role_id, session;  // a role's
  std::optional<std::string> instance;
  std::optional<PolicyClaims> policies;
  std::optional<std::string> user, user_id;  // a user's
  std::int64_t issued = 0, expires = 0;
};
BOOST_DESCRIBE_STRUCT(Claims, (),
                      (key, secret, role, role_id, session, instance, policies, user, user_id, issued,
                       expires))

void put(Claims& claims, RoleSession const& session) {
  claims.role = session.role;
  claims.role_id = session.role_id;
  claims.session = session.name;
  if (session.instance) claims.instance = session.instance->text();
  if (session.policies) claims.policies = PolicyClaims{session.policies->document, session.policies->arns};
}

void put(Claims& claims, UserSession const& session) {
  claims.user = session.user;
  claims.user_id = session.user_id;
}

Bearer bearer_of(Claims const& claims) {
  if (claims.user) return UserSession{*claims.user, claims.user_id.value_or("")};
  RoleSession session{claims.role, claims.role_id, claims.session};
  if (claims.instance) session.instance = InstanceId(*claims.instance);
  if (claims.policies) session.policies = {claims.policies->document, claims.policies->arns};
  return session;
}

}  // namespace

Result<TemporaryCredentials> issue_credentials(Deployment const& deployment, Bearer bearer, Time now,
                                               std::chrono::seconds lifetime) {
  TemporaryCredentials credentials;
  credentials.access_key_id = random_access_key_id("ASIA");
  credentials.secret_access_key = random_secret_access_key();
  credentials.issued_at = now;
  credentials.expires_at = now + lifetime;
  Claims claims;
  claims.key = credentials.access_key_id;
  claims.secret = credentials.secret_access_key;
  claims.issued = to_millis(credentials.issued_at);
  claims.expires = to_millis(credentials.expires_at);
  std::visit([&](auto const& session) { put(claims, session); }, bearer);
  credentials.bearer = std::move(bearer);
  Secret text(wire::to_json_text(claims));
  credentials.session_token =
      to_base64(as_bytes(seal(deployment.session_token_key(), text.reveal(), kContext)));
  if (credentials.session_token.size() > kMostTokenText) {
    return Error{Errc::too_large, "The session's policies do not fit into its token; make them shorter.",
                 "PackedPolicyTooLarge"};
  }
  return credentials;
}

std::optional<TemporaryCredentials> open_session_token(Deployment const& deployment,
                                                       std::string_view access_key_id,
                                                       std::string_view token) {
  if (token.size() > kMostTokenText) return std::nullopt;
  auto sealed = from_base64(token);
  if (!sealed) return std::nullopt;
  auto text = open_sealed(deployment.session_token_key(), as_text(*sealed), kContext);
  if (!text) return std::nullopt;
  auto claims = wire::from_json_text<Claims>(text->reveal());
  if (!claims || claims->key != access_key_id) return std::nullopt;
  TemporaryCredentials credentials;
  credentials.access_key_id = claims->key;
  credentials.secret_access_key = claims->secret;
  credentials.session_token = token;
  credentials.issued_at = from_millis(claims->issued);
  credentials.expires_at = from_millis(claims->expires);
  credentials.bearer = bearer_of(*claims);
  return credentials;
}

}  // namespace fumidai::identity
