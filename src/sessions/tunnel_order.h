#pragma once

// What an agent is told that carries a tunnel: a session of AWS's type Port, with everything filled in
// (session-manager.md 11, 14).

#include "sessions/session_rows.h"

namespace fumidai::sessions {

// InteractiveShellContent as JSON. `host` is what the agent dials: an address, or "localhost".
std::string tunnel_order(SessionRow const& tunnel, std::string const& host, std::uint16_t port);

}  // namespace fumidai::sessions
