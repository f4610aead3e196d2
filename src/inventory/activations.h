#pragma once

// Activations: what lets a host register itself, a limited number of times, for a limited time.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "store/transaction.h"

namespace fumidai::inventory {

struct Activation {
  std::string id, iam_role, description, default_instance_name;
  std::int64_t registration_limit = 1, registrations_count = 0;
  Time expires_at{}, created_at{};

  bool is_expired(Time now) const { return expires_at <= now; }
};

struct NewActivation {
  Activation activation;
  Secret code;  // shown once; the store has its digest
};

Result<NewActivation> create_activation(store::Transaction& transaction, Activation activation, Time now);
Result<std::vector<Activation>> list_activations(store::Transaction& transaction);
// Error: not_found with InvalidActivation.
Result<void> delete_activation(store::Transaction& transaction, std::string const& id);

// Counts one registration against the activation. Errors, each with its reason: denied with InvalidActivation
// (unknown id or wrong code, expired) or ActivationLimitExceeded's meaning (used up).
Result<Activation> redeem_activation(store::Transaction& transaction, std::string const& id,
                                     Secret const& code, Time now);

}  // namespace fumidai::inventory
