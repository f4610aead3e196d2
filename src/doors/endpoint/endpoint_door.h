#pragma once

// The door of connect endpoints: openTunnel, a WebSocket that carries the bytes of one TCP connection into a
// private network (ec2-instance-connect.md 4). It speaks the protocol, asks the gate, and carries.

#include <memory>
#include <set>

#include "identity/authenticator.h"
#include "io/http_server.h"
#include "io/task_group.h"
#include "io/websocket.h"
#include "sessions/dialer.h"
#include "sessions/registry.h"
#include "sessions/tunnels.h"

namespace fumidai::doors::endpoint {

class EndpointDoor {
 public:
  EndpointDoor(asio::any_io_executor executor, identity::Authenticator& authenticator, sessions::Gate& gate,
               sessions::Registry& registry, sessions::Tunnels& tunnels, std::string region);

  // Nothing: no endpoint can be reached from here.
  void set_dialer(sessions::Dialer* dialer) { dialer_ = dialer; }

  static bool owns(std::string_view path) { return path == wire::kOpenTunnelPath; }

  // Opens the tunnel of an upgrade request, or refuses it. An open one is carried by a task of the door's
  // own.
  awaitable<void> serve(wire::HttpRequest request, identity::RequestFacts facts,
                        std::unique_ptr<io::Stream> stream, Bytes leftover, io::Places::Place place);

  // On the database's thread, after a commit: tunnels end with their endpoint.
  void on_commit(store::Transaction& transaction);

  // Ends all tunnels, and returns when they are recorded, or have had some seconds for it.
  awaitable<void> stop();

 private:
  struct Connection {
    wire::HttpRequest request;
    identity::RequestFacts facts;
    std::unique_ptr<io::Stream> stream;
    Bytes leftover;
    io::Places::Place place;
    wire::HttpResponse upgrade;  // the answer to it

    bool is_upgrade() const { return upgrade.status == 101; }
  };
  class Tunnel;

  awaitable<Result<void>> open(Connection& connection);
  awaitable<void> refuse(Connection& connection, Error const& error);
  awaitable<void> carry(std::shared_ptr<Tunnel> tunnel, Connection connection);
  awaitable<void> reach_and_carry(Tunnel& tunnel, Connection& connection);
  awaitable<Result<void>> accept(Tunnel& tunnel, Connection& connection);
  awaitable<Result<std::unique_ptr<io::Stream>>> reach(Tunnel& tunnel);
  awaitable<Result<std::unique_ptr<io::Stream>>> reach_within(Tunnel& tunnel, std::chrono::seconds patience);

  asio::any_io_executor executor_;
  identity::Authenticator& authenticator_;
  sessions::Gate& gate_;
  sessions::Registry& registry_;
  sessions::Tunnels& tunnels_;
  std::string region_;
  sessions::Dialer* dialer_ = nullptr;
  io::TaskGroup tasks_;
  std::set<Tunnel*> open_;
};

}  // namespace fumidai::doors::endpoint
