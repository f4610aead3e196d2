#include "wire/protocol.h"

namespace fumidai::wire {

namespace {

struct Wording {
  std::string_view query, json, ec2, tunnel;
  std::string_view detail;
};

Wording wording_of(AuthFault fault) {
  static constexpr std::string_view kMismatch =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access Key "
      "and signing method. Consult the service documentation for details.";
  switch (fault) {
    case AuthFault::missing:
      return {"MissingAuthenticationToken", "MissingAuthenticationTokenException",
              "MissingAuthenticationToken", "MissingAuthenticationToken", "Missing Authentication Token"};
    case AuthFault::incomplete:
      return {"IncompleteSignature", "IncompleteSignatureException", "IncompleteSignature",
              "IncompleteSignature", "The Authorization header or query is incomplete."};
    case AuthFault::unknown_key:
      return {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidClientTokenId",
              "The security token included in the request is invalid."};
    case AuthFault::token_expired:
      return {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "ExpiredToken",
              "The security token included in the request is expired"};
    case AuthFault::mismatch:
      return {"SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "SignatureDoesNotMatch",
              kMismatch};
    case AuthFault::skew:
      return {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "RequestExpired",
              "Request has expired."};
    case AuthFault::presigned_expired:
      return {"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "RequestExpired",
              "Request has expired."};
    case AuthFault::bad_expires:
      return {"AuthorizationQueryParametersError", "InvalidSignatureException", "AuthFailure",
              "AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds"};
  }
  return {};
}

// Status codes that are not the protocol's usual 400.
struct NamedStatus {
  std::string_view name;
  unsigned status;
};
constexpr NamedStatus kQueryStatus[] = {
    {"MissingAuthenticationToken", 403},
    {"InvalidClientTokenId", 403},
    {"ExpiredToken", 403},
    {"SignatureDoesNotMatch", 403},
    {"RequestExpired", 403},
    {"AccessDenied", 403},
    {"UnauthorizedOperation", 403},
    {"NoSuchEntity", 404},
    {"EntityAlreadyExists", 409},
    {"DeleteConflict", 409},
    {"LimitExceeded", 409},
};

// Of openTunnel (ec2-instance-connect.md 4.2).
constexpr NamedStatus kTunnelStatus[] = {
    {"IncompleteSignature", 403},
    {"TooManyConnections", 429},
    {"TargetUnreachable", 504},
};

}  // namespace

Error auth_error(AuthFault fault, Protocol protocol, std::string detail) {
  auto words = wording_of(fault);
  std::string_view name;
  switch (protocol) {
    case Protocol::query: name = words.query; break;
    case Protocol::json:
    case Protocol::rest: name = words.json; break;
    case Protocol::ec2: name = words.ec2; break;
    case Protocol::tunnel: name = words.tunnel; break;
  }
  if (detail.empty()) detail = words.detail;
  bool vague = protocol == Protocol::ec2 && (fault == AuthFault::unknown_key || fault == AuthFault::mismatch);
  if (vague) detail = "AWS was not able to validate the provided access credentials";
  return {Errc::unauthenticated, std::move(detail), name};
}

unsigned status_of(Error const& error, Protocol protocol) {
  bool ours = error.code == Errc::system || error.code == Errc::corrupt;
  if (ours) return 500;
  if (protocol == Protocol::tunnel) {
    for (auto const& [name, status] : kTunnelStatus) {
      if (name == error.aws) return status;
    }
  }
  if (error.code == Errc::unavailable) return 503;
  if (protocol == Protocol::json || protocol == Protocol::rest) return 400;
  if (protocol == Protocol::ec2) {
    if (error.aws == "AuthFailure") return 401;
    if (error.aws == "DryRunOperation") return 412;
    if (error.aws == "RequestExpired") return 400;
  }
  for (auto const& [name, status] : kQueryStatus) {
    if (name == error.aws) return status;
  }
  return 400;
}

}  // namespace fumidai::wire
