#pragma once

// What moves on by itself as time goes by: what is pending becomes available or fails, what is being deleted
// is gone, and what is gone is shown for a while and forgotten (api-surface.md 1.3). Pure: time is an input,
// and whoever has a clock calls (app/settler.h).

#include <optional>

#include "networks/state.h"

namespace fumidai::networks {

// How long a state in between can be seen; how long what is deleted, failed or terminated is shown; how long
// a client token is good.
inline constexpr std::chrono::seconds kInBetween{1};
inline constexpr std::chrono::hours kShown{1}, kTokenLife{24};
// So many of a kind are still shown; beyond them, the oldest are forgotten sooner.
inline constexpr std::size_t kMostShown = 200;

// When something is to happen next; nothing when all is settled.
std::optional<Time> next_settling(State const& state);

// Makes happen what is due. True when something changed.
bool settle(State& state, Time now);

}  // namespace fumidai::networks
