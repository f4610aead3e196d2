#pragma once

// Calls that their callers may try again: the same token gets the first answer (aws-requests.md 3.1).

#include "networks/resource.h"

namespace fumidai::networks {

// What `make() -> Result<std::vector<std::string>>` made, the ids; or what the first call with this token
// made. Error: IdempotentParameterMismatch, for the token of another request.
template <class Make>
Result<std::vector<std::string>> once(State& state, std::string_view action,
                                      std::optional<std::string> const& token, std::string const& digest,
                                      Time now, Make make) {
  if (!token || token->empty()) return make();
  ClientTokenId id(std::string(action) + " " + *token);
  if (auto const* prior = state.client_tokens.find(id)) {
    if (prior->digest == digest) return prior->made;
    return Error{Errc::conflict,
                 "The request uses the same client token as a previous, but non-identical request.",
                 "IdempotentParameterMismatch"};
  }
  Result<std::vector<std::string>> made = make();
  if (made) state.client_tokens.put({id, digest, *made, now});
  return made;
}

}  // namespace fumidai::networks
