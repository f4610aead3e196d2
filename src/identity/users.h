#pragma once

// Users and roles, and the policies that belong to them.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/arn.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct User {
  std::string name, id, path;
  Time created_at{};
};

struct Role {
  std::string name, id, path, trust_policy, description;
  Time created_at{};
};

// Errors: conflict with EntityAlreadyExists, invalid with ValidationError (name or path).
Result<User> create_user(store::Transaction& transaction, std::string const& name, std::string const& path,
                         Time now);
Result<Role> create_role(store::Transaction& transaction, Role role, Time now);

// Error: not_found with NoSuchEntity.
Result<User> find_user(store::Transaction& transaction, std::string const& name);
Result<Role> find_role(store::Transaction& transaction, std::string const& name);

// A policy as it is stored, with a name for people: "inline policy 'sessions' of user alice".
struct StoredPolicy {
  std::string name;
  std::string document;
};

// To whom policies are bound.
std::string user_key(std::string_view name);  // user/NAME
std::string role_key(std::string_view name);  // role/NAME

Result<void> put_inline_policy(store::Transaction& transaction, std::string const& principal,
                               std::string const& name, std::string const& document, Time now);
Result<void> put_managed_policy(store::Transaction& transaction, std::string const& arn,
                                std::string const& document, Time now);
// Error: not_found with NoSuchEntity, when there is no such policy. Attaching twice is fine.
Result<void> attach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn);
Result<std::vector<StoredPolicy>> policies_of(store::Transaction& transaction, std::string const& principal);

// AIDA, AROA, … and 17 characters of A-Z and 0-9.
std::string unique_id(std::string_view prefix);

}  // namespace fumidai::identity
