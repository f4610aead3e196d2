#pragma once

// Long-term access keys of users. The secret is shown once, when it is made; the store has it sealed.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "identity/deployment.h"
#include "store/transaction.h"

namespace fumidai::identity {

struct NewAccessKey {
  std::string id, user_name;
  Secret secret;
  Time created_at{};
};

// Errors: not_found with NoSuchEntity; limit_exceeded with LimitExceeded, for a third key of one user.
Result<NewAccessKey> create_access_key(store::Transaction& transaction, Deployment const& deployment,
                                       std::string const& user_name, Time now);

struct AccessKey {
  std::string user_name;
  Secret secret;
};

// Nothing for keys that are unknown or inactive: to a caller these are the same.
Result<std::optional<AccessKey>> find_access_key(store::Transaction& transaction,
                                                 Deployment const& deployment, std::string const& id);

// A key without its secret. Another user's key is as unknown as one that never was: not_found with
// NoSuchEntity.
struct AccessKeyInfo {
  std::string id, status;  // Active, Inactive
  Time created_at{};
};
Result<std::vector<AccessKeyInfo>> list_access_keys(store::Transaction& transaction,
                                                    std::string const& user_name);
Result<void> set_access_key_status(store::Transaction& transaction, std::string const& user_name,
                                   std::string const& id, std::string const& status);
Result<void> delete_access_key(store::Transaction& transaction, std::string const& user_name,
                               std::string const& id);

// AKIA or ASIA and 16 characters; 40 characters.
std::string random_access_key_id(std::string_view prefix);
Secret random_secret_access_key();

}  // namespace fumidai::identity
