#pragma once

// The agent's life: keep a control channel to the plane, start a process for each session that is ordered,
// and tell the plane how each ended. Reconnects within seconds of any outage, with jitter, for ever.

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "agent/plane_client.h"
#include "agent/session_job.h"
#include "agent/tunnel_worker.h"
#include "io/task_group.h"
#include "io/websocket.h"
#include "wire/agent_message.h"
#include "wire/session_payloads.h"

namespace fumidai::agent {

struct AgentOptions {
  io::Path state_directory;
  io::Path session_program;
  std::string endpoint = {};  // the connect endpoint whose tunnels it carries
};

// With which the agent's connection to the plane is made: the kernel notices a vanished plane, without waking
// us while all is well.
inline constexpr io::KeepAlive kControlKeepAlive{std::chrono::seconds(8), std::chrono::seconds(4), 4};

class Agent {
 public:
  Agent(asio::any_io_executor executor, PlaneClient plane, AgentOptions options);

  // Runs until cancelled.
  awaitable<void> run();

  // Takes no more tunnels; returns when those that it carries are over.
  awaitable<void> drain();

 private:
  // One session's process. It goes on when the agent ends.
  struct Job {
    pid_t pid = -1;
    int output = -1;
  };
  // A result that the plane has not acknowledged yet.
  struct Completion {
    wire::AgentTaskComplete what;
    Uuid message_id;
  };

  awaitable<Result<void>> connect_and_serve();
  std::optional<Bytes> host_sessions() const;
  awaitable<Result<void>> read_orders(io::WebSocket& channel);
  awaitable<void> keep_alive(io::WebSocket& channel);
  awaitable<void> watch_network(io::WebSocket& channel);
  Result<void> on_message(ByteView bytes);
  void start_session(std::string const& content);
  Result<void> start_tunnel(std::string const& id, wire::InteractiveShellContent const& content);
  awaitable<void> carry(std::string id, SessionOrder::Destination to);
  void end_session(std::string const& id);
  awaitable<void> follow(std::string id, int output, pid_t pid);
  void complete(std::string const& session, SessionResult result);
  awaitable<void> deliver_completions(io::WebSocket& channel);

  asio::any_io_executor executor_;
  PlaneClient plane_;
  AgentOptions options_;
  std::string process_;  // its id, as the plane knows it
  io::TaskGroup jobs_tasks_;
  std::map<std::string, pid_t> jobs_;
  std::map<std::string, TunnelWorker*> tunnels_;  // none while its worker is being made
  std::shared_ptr<io::WebSocket> channel_;        // while there is one
  bool is_draining_ = false;
  std::deque<Completion> completions_;
  io::Signal completed_;
  bool was_connected_ = false;
};

}  // namespace fumidai::agent
