#pragma once

// A tunnel that an agent carries, as a stream of the plane: for clients that speak openTunnel, and are no
// ends of a data channel themselves.

#include "io/stream.h"
#include "sessions/registry.h"

namespace fumidai::sessions {

// Open when the agent has reached what the tunnel leads to. Reading ends with Errc::unavailable, and the
// reason, when the agent is lost. How long it may last is the caller's matter. Error: unavailable,
// deadline_exceeded.
awaitable<Result<std::unique_ptr<io::Stream>>> open_carried(asio::any_io_executor executor,
                                                            Registry& registry, Clock const& clock,
                                                            Admission admission);

}  // namespace fumidai::sessions
