#pragma once

// Instance profiles: how an instance gets its role. At most one role each; the table has room for no more.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct InstanceProfile {
  std::string name, id, path;
  std::optional<std::string> role;
  Time created_at{};
};

// Errors: conflict with EntityAlreadyExists, invalid with ValidationError (name or path).
Result<InstanceProfile> create_instance_profile(store::Transaction& transaction, std::string const& name,
                                                std::string const& path, Time now);
// Error: not_found with NoSuchEntity.
Result<InstanceProfile> find_instance_profile(store::Transaction& transaction, std::string const& name);
Result<std::vector<InstanceProfile>> list_instance_profiles(store::Transaction& transaction,
                                                            std::string const& path_prefix);
// Error: conflict with DeleteConflict, while there is a role in it.
Result<void> delete_instance_profile(store::Transaction& transaction, std::string const& name);

// Errors: not_found with NoSuchEntity (profile, role); limit_exceeded with LimitExceeded, for a second role.
Result<void> put_role_into(store::Transaction& transaction, std::string const& profile,
                           std::string const& role);
Result<void> take_role_from(store::Transaction& transaction, std::string const& profile,
                            std::string const& role);

}  // namespace fumidai::identity
