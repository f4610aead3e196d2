#pragma once

// What every deployment has from its first start: AWS's managed policies that matter here, the role of
// registered agents, and the administrator.

#include "identity/access_keys.h"
#include "identity/deployment.h"

namespace fumidai::identity {

// The role that `create-activation --iam-role` names when nothing else was made.
inline constexpr char const* kInstanceRole = "SSMServiceRole";
inline constexpr char const* kAdministrator = "administrator";

// Brings policies and role up to date; safe at every start.
Result<void> put_builtin_policies(store::Transaction& transaction, Time now);

// The administrator's access key, when there was no user at all: one who was deleted when there were others
// does not come back.
Result<std::optional<NewAccessKey>> create_administrator(store::Transaction& transaction,
                                                         Deployment const& deployment, Time now);

}  // namespace fumidai::identity
