#pragma once

// Turns a signed request into a proven caller. Identity is set here, after the signature was verified, and
// nowhere else.

#include <map>
#include <string>

#include "base/awaitable.h"
#include "identity/deployment.h"
#include "identity/roles.h"
#include "identity/temporary_credentials.h"
#include "model/caller.h"
#include "store/database.h"
#include "wire/sigv4.h"

namespace fumidai::identity {

// By what a caller proved itself. Some operations accept one kind only.
enum class CredentialKind {
  access_key,    // a user's
  role_session,  // of an assumed role
  user_session,  // by GetSessionToken, of a user
  instance_key,  // the RSA key with which an instance registered
};

struct Proven {
  model::Caller caller;
  CredentialKind kind;
};

// What the transport knows of a request.
struct RequestFacts {
  std::string source_address;
  std::string request_id;
  std::string reached_by;
  // Of the listener, never of a header: an interface endpoint, and the service that it is for.
  std::string vpc_endpoint = {}, endpoint_service = {};
};

// Whether what the request came by is for that service. Error: denied.
Result<void> check_endpoint(RequestFacts const& facts, std::string_view service);

// Who the bearer of a role session's credentials is.
model::Principal role_principal(Deployment const& deployment, Role const& role, RoleSession session);

class Authenticator {
 public:
  Authenticator(store::Database& database, Deployment const& deployment, Clock const& clock)
      : database_(database), deployment_(deployment), clock_(clock) {}

  // Error: unauthenticated, in the words of the protocol; denied, for a service that is not its endpoint's;
  // system, when the store cannot be read.
  awaitable<Result<Proven>> authenticate(wire::HttpRequest const& request, wire::SignatureRules const& rules,
                                         RequestFacts const& facts);

 private:
  awaitable<Result<Proven>> prove(wire::HttpRequest const& request, wire::SignatureClaim const& claim,
                                  wire::SignatureRules const& rules);
  awaitable<Result<Proven>> by_access_key(wire::HttpRequest const& request, wire::SignatureClaim const& claim,
                                          wire::SignatureRules const& rules);
  awaitable<Result<Proven>> by_session_token(wire::HttpRequest const& request,
                                             wire::SignatureClaim const& claim,
                                             wire::SignatureRules const& rules);
  awaitable<Result<model::Principal>> bearer(RoleSession session);
  awaitable<Result<model::Principal>> bearer(UserSession session);
  void note_use_of(Role const& role);
  awaitable<Result<Proven>> by_instance_key(wire::HttpRequest const& request,
                                            wire::SignatureClaim const& claim,
                                            wire::SignatureRules const& rules);

  store::Database& database_;
  Deployment const& deployment_;
  Clock const& clock_;
  std::map<std::string, Time> noted_;  // uses of roles, by id: what of them was written or is to be
};

}  // namespace fumidai::identity
