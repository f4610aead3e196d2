#pragma once

// Users: people and programs with access keys of their own.

#include <string>
#include <vector>

#include "base/clock.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct User {
  std::string name, id, path;
  Time created_at{};
};

// Errors: conflict with EntityAlreadyExists, invalid with ValidationError (name or path).
Result<User> create_user(store::Transaction& transaction, std::string const& name, std::string const& path,
                         Time now);
// Error: not_found with NoSuchEntity.
Result<User> find_user(store::Transaction& transaction, std::string const& name);
Result<std::vector<User>> list_users(store::Transaction& transaction, std::string const& path_prefix);
// Errors: not_found with NoSuchEntity; conflict with DeleteConflict, while it has keys or policies.
Result<void> delete_user(store::Transaction& transaction, std::string const& name);

}  // namespace fumidai::identity
