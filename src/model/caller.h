#pragma once

// Who asks, proven, and in what circumstances. Plain values: the gate may live in another process.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace fumidai::model {

// What an assumed role was limited to when it was assumed: it may do what its role may, and one of these
// allows.
struct SessionPolicies {
  std::string document;           // may be empty
  std::vector<std::string> arns;  // of managed policies, looked up at each use
};

// A user or an assumed role. Credentials prove a principal; they are not one.
struct Principal {
  enum class Kind { user, role };

  Kind kind = Kind::user;
  std::string arn;   // arn:aws:iam::A:user/alice, arn:aws:sts::A:assumed-role/ROLE/SESSION
  std::string id;    // AIDA…, or AROA…:SESSION; what policies call aws:userid
  std::string name;  // the user's name, or the name of the role session
  // Roles only.
  std::string role, role_arn;
  std::optional<SessionPolicies> session_policies;
  std::string account;
  // The managed instance whose agent this is: it may speak for itself and for no other.
  std::optional<InstanceId> instance;
};

struct Caller {
  Principal principal;
  std::string source_address;
  std::string user_agent;
  std::string request_id;
  // The public name of ours by which this caller reached us: wss://NAME is where its session's channel will
  // be.
  std::string reached_by;
  std::string vpc_endpoint;  // vpce-…: through which he reached us; empty otherwise
  Time at{};
  // Temporary credentials only.
  std::optional<Time> token_issued_at;

  // With credentials of GetSessionToken. Without MFA, which is not here, AWS's IAM takes none.
  bool is_user_session() const {
    return token_issued_at.has_value() && principal.kind == Principal::Kind::user;
  }
};

}  // namespace fumidai::model
