#pragma once

// For what makes labs: a process with network, mounts and process ids of its own. Nothing on the machine sees
// what is made in there, and nothing of it outlives it.

#include <functional>

namespace fumidai::bench {

// Returns what `work` does, the program's exit status; says so and returns 0 where there is no right to.
int in_own_world(std::function<int()> const& work);

}  // namespace fumidai::bench
