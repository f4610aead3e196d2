#pragma once

// The client's end of a TCP connection that an agent carries over a data channel: a session of AWS's type
// Port, one connection long (session-manager.md 14). With our agent the end of the input is passed on and a
// connection that breaks is made again without losing a byte; with AWS's it works as ssh's ProxyCommand does.
// Belongs to one loop.

#include <functional>
#include <optional>
#include <string>

#include "io/data_link.h"

namespace fumidai::io {

// How much one end may hold. Little is for the plane, which holds what is between, too.
enum class TunnelRoom { usual, little };

// What one message of a tunnel between our own ends carries at most: each costs an acknowledgement.
constexpr std::size_t tunnel_payload(bool is_large) {
  return (is_large ? 96 : 48) * 1024;
}

// Of a tunnel's data channel, at either end, and from WideWindow on. What comes is acknowledged at once:
// whoever has handed over all that he had may go, though its target takes it later. In a wide one that holds
// for so much as waits for the target, and what flows shares room beyond the window (wire/spare_room.h).
wire::DataChannelOptions tunnel_channel(bool is_agent, TunnelRoom room = TunnelRoom::usual);
wire::DataChannelOptions wide_tunnel_channel(bool is_agent, TunnelRoom room = TunnelRoom::usual);

class TunnelClient {
 public:
  // `version` is what the handshake says of us.
  TunnelClient(asio::any_io_executor executor, Clock const& clock, std::string version,
               DataLink::Connect connect, TunnelRoom room = TunnelRoom::usual);

  // Told what a person wants to know of the connection: that it broke, that it is back.
  std::function<void(std::string const& sentence)> on_notice;

  // Keeps the channel connected, until the tunnel is over. Spawned by the owner, who awaits its end.
  awaitable<Result<void>> run();

  // The agent has reached what the tunnel leads to, as far as it says so. Errors: unavailable, with its
  // reason; deadline_exceeded.
  awaitable<Result<void>> open(SteadyTime deadline);

  // What comes next; nothing when no more comes, though the other end may still read. Error: unavailable,
  // with the reason that the tunnel ended.
  awaitable<Result<Bytes>> read();
  // Waits while the other end is slow. Error: closed.
  awaitable<Result<void>> write(ByteView bytes);
  // No more comes from here. With AWS's agent nothing happens: its protocol cannot say that.
  awaitable<Result<void>> finish_writing();
  // Says that the tunnel is over. Ends read() at once, and run() when all that was written has arrived, or
  // none of it does for so long.
  static constexpr std::chrono::seconds kUsualPatience{10};
  awaitable<void> close(SteadyClock::duration patience = kUsualPatience);

 private:
  void on_control(wire::AgentMessage const& message);
  void on_connection(bool connected, std::string const& why);
  awaitable<Result<void>> answer_handshake(ByteView request);
  Error why_over() const;

  std::string version_;
  TunnelRoom room_;
  DataLink link_;
  bool is_native_ = false;
  bool is_undigested_ = false;
  bool is_large_ = false;
  bool was_lost_ = false;
  bool heard_goodbye_ = false;
  std::string farewell_;
};

}  // namespace fumidai::io
