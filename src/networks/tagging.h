#pragma once

// What tags can be put on: whatever has an id of a kind, and is there.

#include "networks/resource.h"

namespace fumidai::networks {

// Errors: InvalidID for ids of no kind that has tags; the kind's, for malformed ids and what is not there.
Result<Kind const*> taggable(State const& state, std::string const& id);

}  // namespace fumidai::networks
