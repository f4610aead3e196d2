#pragma once

// Credentials of the role that an agent works with.

#include "base/clock.h"
#include "wire/sigv4.h"

namespace fumidai::agent {

struct RoleCredentials {
  wire::Credentials credentials;
  Time issued_at{}, expires_at{};

  // Half of the lifetime is over: time for new ones.
  bool are_ageing(Time now) const { return now > issued_at + (expires_at - issued_at) / 2; }
};

}  // namespace fumidai::agent
