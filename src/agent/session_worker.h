#pragma once

// Serves one session on this host: the data channel to the plane on one side, a shell or a command on the
// other. Runs in a process of its own, which goes on when the agent is restarted.

#include <functional>
#include <memory>
#include <optional>

#include "agent/login.h"
#include "agent/plane_client.h"
#include "agent/session_channel.h"
#include "agent/session_job.h"
#include "agent/session_order.h"
#include "agent/session_process.h"
#include "io/data_link.h"
#include "io/task_group.h"
#include "wire/session_payloads.h"

namespace fumidai::agent {

// What the other end can take, learnt in the handshake.
struct Peer {
  std::string client_version;
  bool is_native = false;  // ours: speaks the flags of NativeStream
  std::size_t most_payload = 1024;
};

class SessionWorker {
 public:
  SessionWorker(asio::any_io_executor executor, PlaneClient plane, wire::InteractiveShellContent content);

  // Told the id of the process that the session runs.
  std::function<void(pid_t)> on_process;

  // Until the session is over, from either side.
  awaitable<SessionResult> run();

  // Ends it: its process gets a hang-up, and no mercy a little later.
  void stop();

 private:
  void on_control(wire::AgentMessage const& message);
  awaitable<Result<void>> converse();
  awaitable<Result<void>> shake_hands(std::string const& session_type);

  awaitable<Result<void>> run_terminal(SessionOrder const& order);
  awaitable<Result<void>> run_command(SessionOrder const& order);
  awaitable<int> attend(SessionProcess& process);
  awaitable<void> feed(SessionProcess& process);
  void on_flag(SessionProcess& process, ByteView payload);
  awaitable<void> tell_exit_code(int code);

  asio::any_io_executor executor_;
  wire::InteractiveShellContent content_;
  SessionChannel channel_;
  io::DataLink link_;
  Login login_;
  Peer peer_;
  std::optional<wire::DataChannel::Delivery> early_;  // what a peer sent instead of a handshake
  SessionProcess* process_ = nullptr;                 // while there is one
  bool stopping_ = false;
};

}  // namespace fumidai::agent
