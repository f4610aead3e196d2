#pragma once

// Carries one TCP connection: what it leads to on one side, the data channel to the plane on the other. Lives
// in the agent itself, as a task: an endpoint has thousands.

#include <memory>
#include <optional>

#include "agent/session_channel.h"
#include "agent/session_job.h"
#include "agent/session_order.h"
#include "io/stream.h"
#include "io/task_group.h"

namespace fumidai::agent {

class TunnelWorker {
 public:
  TunnelWorker(asio::any_io_executor executor, PlaneClient plane, std::string session_id,
               SessionOrder::Destination to);

  // Until the tunnel is over, from either side.
  awaitable<SessionResult> run();
  // What has come still reaches the target.
  void stop();
  // After run(): until the target has taken it, or some seconds.
  awaitable<void> linger();

 private:
  awaitable<Result<void>> converse();
  awaitable<Result<void>> shake_hands();
  awaitable<void> write_target();
  awaitable<Result<void>> write_in_pieces(ByteView bytes);
  awaitable<Result<void>> read_target();
  awaitable<void> listen_to_target();
  awaitable<bool> drain();
  awaitable<void> hear_goodbye();
  Error cannot_dial(Error const& error) const;
  Error broken(Error const& error) const;
  void on_control(wire::AgentMessage const& message);

  asio::any_io_executor executor_;
  SessionChannel channel_;
  SessionOrder::Destination to_;
  io::DataLink link_;
  std::unique_ptr<io::Stream> target_;
  io::TaskGroup listening_;                // to the target
  Result<void> target_ended_ = success();  // how
  std::size_t most_payload_;
  bool is_native_ = false;
  bool client_has_ended_ = false, target_has_ended_ = false;  // what each has to say
  std::optional<Error> broken_;                               // the way to the target
  bool stopping_ = false;
};

// Whether an agent may dial that for a tunnel: a host of a network, not this host, its links, the metadata
// service, or many hosts at once. An order whose host is "localhost" means this host, and is another matter.
bool is_network_host(std::string_view address);
// Whether this host has that address, other than loopback.
bool is_own_address(std::string_view address);

}  // namespace fumidai::agent
