#pragma once

// Roles: what one may be for a while. Who may, says the trust policy.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct Role {
  std::string name, id, path, trust_policy, description;
  std::chrono::seconds longest_session{3600};
  Time created_at{};
  std::optional<Time> last_used_at = {};  // by its credentials; to the hour
};

// Gives it its id and time. Errors: conflict with EntityAlreadyExists, invalid with ValidationError (name or
// path).
Result<Role> create_role(store::Transaction& transaction, Role role, Time now);
// Error: not_found with NoSuchEntity.
Result<Role> find_role(store::Transaction& transaction, std::string const& name);
Result<std::vector<Role>> list_roles(store::Transaction& transaction, std::string const& path_prefix);
// That its credentials were used; nothing, when it is gone.
Result<void> note_use(store::Transaction& transaction, std::string const& id, Time now);
Result<void> set_trust_policy(store::Transaction& transaction, std::string const& name,
                              std::string const& document);
// Errors: not_found with NoSuchEntity; conflict with DeleteConflict, while it has policies, is in an instance
// profile, or is what hosts are or can be registered with.
// Error: conflict (DeleteConflict) while a trust policy names it: whoever is made later under the same name
// would be trusted.
Result<void> check_not_trusted(store::Transaction& transaction, std::string const& arn,
                               std::string const& but_by_role = "");
Result<void> delete_role(store::Transaction& transaction, std::string const& name, Time now);

}  // namespace fumidai::identity
