#pragma once

// SSH keys that were pushed for a minute to one user of one instance (ec2-instance-connect.md 1.3). Several
// may live at once; the same one again begins its minute anew. The instances fetch them, none is told.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "store/transaction.h"

namespace fumidai::inventory {

struct PushedKey {
  InstanceId instance;
  std::string user;        // of the instance's system
  std::string key;         // "ssh-ed25519 AAAA…", without a comment
  std::string caller;      // who pushed it: an ARN
  std::string request_id;  // of the push
  Time expires{};          // set by push_key
};

inline constexpr std::chrono::seconds kPushedKeyLife{60};
inline constexpr std::int64_t kMostPushedKeys = 100;  // of an instance, at once

// Forgets those of all instances that have expired. Error: limit_exceeded with ThrottlingException.
Result<void> push_key(store::Transaction& transaction, PushedKey key, Time now);

// Those of an instance that have not expired: of one user, oldest first, and of all its users.
Result<std::vector<PushedKey>> live_keys(store::Transaction& transaction, InstanceId const& instance,
                                         std::string const& user, Time now);
Result<std::vector<PushedKey>> live_keys(store::Transaction& transaction, InstanceId const& instance,
                                         Time now);

}  // namespace fumidai::inventory
