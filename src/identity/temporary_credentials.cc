#include "identity/temporary_credentials.h"

#include <boost/describe/class.hpp>

#include "base/seal.h"
#include "identity/access_keys.h"
#include "wire/json_shape.h"

namespace fumidai::identity {

namespace {

constexpr char const* kContext = "session token";
constexpr std::size_t kMostTokenText = 4096;

struct Claims {
  std::string key;
  Secret secret;
  std::string role, role_id, session;
  std::optional<std::string> instance;
  std::int64_t issued = 0, expires = 0;
};
BOOST_DESCRIBE_STRUCT(Claims, (), (key, secret, role, role_id, session, instance, issued, expires))

}  // namespace

TemporaryCredentials issue_credentials(Deployment const& deployment, std::string role, std::string role_id,
                                       std::string session_name, std::optional<InstanceId> instance, Time now,
                                       std::chrono::seconds lifetime) {
  TemporaryCredentials credentials;
  credentials.access_key_id = random_access_key_id("ASIA");
  credentials.secret_access_key = random_secret_access_key();
  credentials.issued_at = now;
  credentials.expires_at = now + lifetime;
  credentials.role = std::move(role);
  credentials.role_id = std::move(role_id);
  credentials.session_name = std::move(session_name);
  credentials.instance = std::move(instance);
  Claims claims{credentials.access_key_id,
                credentials.secret_access_key,
                credentials.role,
                credentials.role_id,
                credentials.session_name,
                {},
                to_millis(credentials.issued_at),
                to_millis(credentials.expires_at)};
  if (credentials.instance) claims.instance = credentials.instance->text();
  Secret text(wire::to_json_text(claims));
  credentials.session_token =
      to_base64(as_bytes(seal(deployment.session_token_key(), text.reveal(), kContext)));
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
  credentials.role = claims->role;
  credentials.role_id = claims->role_id;
  credentials.session_name = claims->session;
  if (claims->instance) credentials.instance = InstanceId(*claims->instance);
  return credentials;
}

}  // namespace fumidai::identity
