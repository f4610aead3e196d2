#pragma once

// Credentials for a while: of an assumed role, or of a user. Nothing of them is stored: the session token
// holds, sealed, all that is needed to check a request, so that any node can, and issuing costs no write.
// What they may do is looked up at each use.

#include <optional>
#include <variant>

#include "base/clock.h"
#include "base/id.h"
#include "identity/deployment.h"
#include "model/caller.h"

namespace fumidai::identity {

// A bearer who is a role for a while.
struct RoleSession {
  std::string role, role_id, name;
  std::optional<InstanceId> instance = {};  // an agent's
  std::optional<model::SessionPolicies> policies = {};
};

// A bearer who is a user, as by GetSessionToken.
struct UserSession {
  std::string user, user_id;
};

using Bearer = std::variant<RoleSession, UserSession>;

struct TemporaryCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time issued_at{}, expires_at{};
  Bearer bearer;
};

// Error: too_large with PackedPolicyTooLarge, when the session's policies do not fit into a token.
Result<TemporaryCredentials> issue_credentials(Deployment const& deployment, Bearer bearer, Time now,
                                               std::chrono::seconds lifetime);

// What a token says; nothing when it is not ours or does not belong to the access key id. Expiry is the
// caller's.
std::optional<TemporaryCredentials> open_session_token(Deployment const& deployment,
                                                       std::string_view access_key_id,
                                                       std::string_view token);

}  // namespace fumidai::identity
