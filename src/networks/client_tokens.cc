#include "networks/client_tokens.h"

#include <algorithm>

namespace fumidai::networks {

namespace {

constexpr std::size_t kMostTokens = 2'000;

ClientTokenId id_of(TokenUse const& use) {
  return ClientTokenId(std::string(use.action) + ":" + use.token);
}

}  // namespace

Result<std::vector<std::string>> made_before(State const& state, TokenUse const& use) {
  auto* known = use.token.empty() ? nullptr : state.client_tokens.find(id_of(use));
  if (!known) return std::vector<std::string>();
  if (known->digest != use.digest)
    return Error{Errc::conflict, "The client token was used before, with other parameters.",
                 "IdempotentParameterMismatch"};
  return known->made;
}

void remember_made(State& state, TokenUse const& use, std::vector<std::string> made, Time now) {
  if (use.token.empty()) return;
  if (state.client_tokens.size() >= kMostTokens) {
    auto oldest = std::ranges::min_element(state.client_tokens, {}, &ClientToken::at);
    state.client_tokens.erase(ClientTokenId(oldest->id));
  }
  state.client_tokens.put({id_of(use), use.digest, std::move(made), now});
}

}  // namespace fumidai::networks
