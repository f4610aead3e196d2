#pragma once

// Managed policies: documents with a name of their own, to be attached to users and roles. AWS's are here
// from the start (builtin_policies.h) and never change; the account's own are made and deleted.

#include <string>
#include <vector>

#include "base/clock.h"
#include "model/arn.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct ManagedPolicy {
  std::string arn, id, name, path, description, version, document;
  bool is_of_aws = false;
  Time created_at{};
  std::int64_t attachments = 0;
};

// One of the account's: gives it its ARN, id, version and time. Errors: conflict with EntityAlreadyExists,
// invalid with ValidationError (name or path).
Result<ManagedPolicy> create_policy(store::Transaction& transaction, model::Region const& region,
                                    ManagedPolicy policy, Time now);
// One of AWS's, as it is to be; safe at every start.
Result<void> put_aws_policy(store::Transaction& transaction, ManagedPolicy const& policy, Time now);

// Error: not_found with NoSuchEntity.
Result<ManagedPolicy> find_policy(store::Transaction& transaction, std::string const& arn);
Result<std::vector<ManagedPolicy>> list_policies(store::Transaction& transaction,
                                                 std::string const& path_prefix);
// Errors: not_found with NoSuchEntity; conflict with DeleteConflict, while it is attached; denied, for one of
// AWS's.
Result<void> delete_policy(store::Transaction& transaction, std::string const& arn);

}  // namespace fumidai::identity
