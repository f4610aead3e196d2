#pragma once

// The door of the session manager: agents' control channels, and the data channels of agents and clients. It
// speaks the protocol, asks the gate, and hands the connection to its session.

#include "identity/authenticator.h"
#include "io/http_server.h"
#include "io/websocket.h"
#include "sessions/gate.h"
#include "sessions/registry.h"
#include "sessions/tunnels.h"

namespace fumidai::doors::manager {

inline constexpr std::string_view kControlPath = "/v1/control-channel/";
inline constexpr std::string_view kDataPath = "/v1/data-channel/";

class ManagerDoor {
 public:
  ManagerDoor(asio::any_io_executor executor, identity::Authenticator& authenticator, sessions::Gate& gate,
              sessions::Registry& registry, sessions::Tunnels& tunnels, std::string region);

  static bool owns(std::string_view path) {
    return path.starts_with(kControlPath) || path.starts_with(kDataPath);
  }

  // Opens the channel of an upgrade request, or refuses it. An open one is served by a task of the door's
  // own, which keeps nothing of the request.
  awaitable<void> serve(wire::HttpRequest request, identity::RequestFacts facts,
                        std::unique_ptr<io::Stream> stream, Bytes leftover, io::Places::Place place);

  // Cuts all channels, and returns when they are gone.
  awaitable<void> stop();

 private:
  struct Connection {
    wire::HttpRequest request;
    identity::RequestFacts facts;
    std::unique_ptr<io::Stream> stream;
    Bytes leftover;
    io::Places::Place place;
  };

  awaitable<Result<void>> open_control(Connection& connection, InstanceId instance);
  awaitable<Result<void>> open_data(Connection& connection, SessionId session);
  awaitable<Result<model::Caller>> prove(Connection const& connection, std::string action);
  awaitable<Result<std::shared_ptr<io::WebSocket>>> accept(Connection& connection, std::size_t most_message);

  asio::any_io_executor executor_;
  identity::Authenticator& authenticator_;
  sessions::Gate& gate_;
  sessions::Registry& registry_;
  sessions::Tunnels& tunnels_;
  std::string region_;
  io::TaskGroup channels_, writers_;
};

}  // namespace fumidai::doors::manager
