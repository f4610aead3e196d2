#pragma once

// AWS Signature Version 4, header and presigned form, for verifying and for signing; and the RSA-PSS form in
// which registered agents sign (docs/wire/aws-requests.md). Pure: the clock and the keys are parameters.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "wire/http.h"
#include "wire/protocol.h"

namespace fumidai::wire {

struct CredentialScope {
  std::string date, region, service;
  std::string text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// What a request says of its signer. Nothing here is proven until verify() said so.
struct SignatureClaim {
  enum class Form { header, presigned };
  Form form;
  std::string access_key_id;  // or, for the RSA form, the id of a managed instance
  CredentialScope scope;
  Time time;
  std::optional<std::chrono::seconds> expires;  // presigned only
  std::vector<std::string> signed_headers;
  std::string security_token;  // empty when none was sent
  std::string signature;       // as sent: hex, or base64 for RSA
};

struct AuthRefusal {
  AuthFault fault;
  std::string detail;
};
template <class T>
using AuthResult = boost::system::result<T, AuthRefusal>;
[[noreturn]] void throw_exception_from_error(AuthRefusal const& refusal, boost::source_location const& where);

// What the addressed service accepts.
struct SignatureRules {
  std::string service;
  std::string region;
  Protocol protocol;
  bool allow_unsigned_payload = true;                              // right over TLS only
  std::chrono::seconds longest_life = std::chrono::hours(7 * 24);  // of a presigned URL

  std::chrono::seconds skew() const {
    return protocol == Protocol::ec2 ? std::chrono::minutes(15) : std::chrono::minutes(5);
  }
};

// The key that belongs to a claim's access key id, from the store.
struct SigningKey {
  Secret secret;
  std::string security_token;  // the one issued with a temporary key; empty for a long-term key
  std::optional<Time> expires;
};

// Reads the claim; `missing` when the request carries no credentials.
AuthResult<SignatureClaim> parse_claim(HttpRequest const& request);

// Checks everything: headers that had to be signed, token, expiry, scope, clock, body, signature.
AuthResult<void> verify(HttpRequest const& request, SignatureClaim const& claim, SigningKey const& key,
                        SignatureRules const& rules, Time now);
// The same with an agent's registered public key (SubjectPublicKeyInfo DER).
AuthResult<void> verify_rsa(HttpRequest const& request, SignatureClaim const& claim,
                            std::string_view public_key, SignatureRules const& rules, Time now);

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
};

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization. The request has its Host header and its body
// already.
void sign(HttpRequest& request, Credentials const& credentials, std::string_view region,
          std::string_view service, Time now);
// The target of a GET that carries its signature in its query and signs the Host header alone: AWS's
// presigned form. Good for `life`.
std::string presign(std::string_view target, std::string_view host, Credentials const& credentials,
                    std::string_view region, std::string_view service, Time now, std::chrono::seconds life);
// The form of agents without credentials yet (session-manager.md 4.2). Fails when the key cannot sign.
Result<void> sign_rsa(HttpRequest& request, std::string_view instance_id, Secret const& private_key,
                      std::string_view region, std::string_view service, Time now);

// For tests and for the debug log: the canonical request with the path in the form of botocore.
std::string canonical_request(HttpRequest const& request, SignatureClaim const& claim);

}  // namespace fumidai::wire
