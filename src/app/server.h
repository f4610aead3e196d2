#pragma once

// The server: builds its parts, runs until it is told to stop, and stops in order.

#include "app/server_config.h"

namespace fumidai::app {

// Returns when SIGTERM or SIGINT was served. Errors are those of the start: nothing runs then.
Result<void> run_server(ServerConfig config);

}  // namespace fumidai::app
