#pragma once

// The policies that belong to a user or a role: inline ones, which it has for itself, and managed ones that
// are attached.

#include <string>
#include <vector>

#include "base/clock.h"
#include "store/transaction.h"

namespace fumidai::identity {

// To whom policies are bound.
std::string user_key(std::string_view name);  // user/NAME
std::string role_key(std::string_view name);  // role/NAME

// Errors: invalid with ValidationError (name); limit_exceeded with LimitExceeded, for more than 10240
// characters in all inline policies of one principal, blanks not counted.
Result<void> put_inline_policy(store::Transaction& transaction, std::string const& principal,
                               std::string const& name, std::string const& document, Time now);
// The document. Error: not_found with NoSuchEntity.
Result<std::string> find_inline_policy(store::Transaction& transaction, std::string const& principal,
                                       std::string const& name);
Result<std::vector<std::string>> list_inline_policies(store::Transaction& transaction,
                                                      std::string const& principal);
Result<void> delete_inline_policy(store::Transaction& transaction, std::string const& principal,
                                  std::string const& name);

// Attaching twice is fine. Errors: not_found with NoSuchEntity, when there is no such policy; limit_exceeded
// with LimitExceeded, for the eleventh.
Result<void> attach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn);
// Error: not_found with NoSuchEntity, when it is not attached.
Result<void> detach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn);

struct AttachedPolicy {
  std::string name, arn, path;
};
Result<std::vector<AttachedPolicy>> attached_policies(store::Transaction& transaction,
                                                      std::string const& principal);

// A policy as it is stored, with a name for people: "inline policy 'sessions' of user alice".
struct StoredPolicy {
  std::string name;
  std::string document;
};
// All that decide what the principal may do.
Result<std::vector<StoredPolicy>> policies_of(store::Transaction& transaction, std::string const& principal);

// Whether it can be deleted. Error: conflict with DeleteConflict, while it has a policy.
Result<void> check_bare(store::Transaction& transaction, std::string const& principal);

}  // namespace fumidai::identity
