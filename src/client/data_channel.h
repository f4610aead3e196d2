#pragma once

// A client's connection to the data channel of its session.

#include <memory>

#include "client/plane.h"
#include "io/websocket.h"

namespace fumidai::client {

// A new connection, with the opening said. The access has to have a token, which is used up.
awaitable<Result<std::shared_ptr<io::WebSocket>>> open_data_channel(io::Outbound outbound, Access access);

}  // namespace fumidai::client
