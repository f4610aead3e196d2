#pragma once

// Who asks, and how the Principal element of a policy names those whom it means.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fumidai::policy {

enum class PrincipalType { user, assumed_role, account, service };  // account: the account's root

struct Principal {
  PrincipalType type = PrincipalType::user;
  std::string arn;       // of the user, of the session of the role, or of root; empty for a service
  std::string account;   // twelve digits; empty for a service
  std::string role_arn;  // of the role, for an assumed role
  std::string service;   // "ec2.amazonaws.com", for a service

  // What a sentence calls it.
  std::string const& name() const { return type == PrincipalType::service ? service : arn; }
};

// How closely an element of a policy names a principal. `through_account`: it names the account, which leaves
// it to the policies of that account whom they let in.
enum class Named { no, through_account, directly };

class PrincipalPattern {
 public:
  static PrincipalPattern everyone() { return {Kind::everyone, "*"}; }
  // The "AWS" form: "*", twelve digits, or the ARN of an account's root, a user, a role or a session of a
  // role.
  static Result<PrincipalPattern> aws(std::string_view text);
  static Result<PrincipalPattern> service(std::string_view text);

  Named names(Principal const& principal) const;
  std::string const& text() const { return value_; }

 private:
  enum class Kind { everyone, account, arn, service };
  PrincipalPattern(Kind kind, std::string_view value) : kind_(kind), value_(value) {}

  Kind kind_;
  std::string value_;
};

}  // namespace fumidai::policy
