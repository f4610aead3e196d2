#pragma once

// Idempotency: a call that is tried again with its client token makes nothing anew (aws-requests.md 3.1).

#include <optional>

#include "networks/state.h"

namespace fumidai::networks {

struct TokenUse {
  std::string_view action;  // tokens of different actions do not meet
  std::string token;        // empty: the caller has none
  std::string digest;       // of the rest of the request
};

// What the token's first call made; empty when this is the first. Error: IdempotentParameterMismatch.
Result<std::vector<std::string>> made_before(State const& state, TokenUse const& use);

// For a day.
void remember_made(State& state, TokenUse const& use, std::vector<std::string> made, Time now);

// What `make() -> Result<std::vector<std::string>>` made, the ids; or what the first call with this token
// made.
template <class Make>
Result<std::vector<std::string>> once(State& state, std::string_view action,
                                      std::optional<std::string> const& token, std::string const& digest,
                                      Time now, Make make) {
  TokenUse use{action, token.value_or(""), digest};
  TRY(auto before, made_before(state, use));
  if (!before.empty()) return before;
  Result<std::vector<std::string>> made = make();
  if (made) remember_made(state, use, *made, now);
  return made;
}

}  // namespace fumidai::networks
