#pragma once

// The sessions that live on this node, and the tokens that open their channels. Belongs to the loop.

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

#include "audit/event.h"
#include "io/task_group.h"
#include "sessions/agents.h"
#include "sessions/carriers.h"
#include "sessions/channel_token.h"
#include "sessions/gate.h"
#include "sessions/live_session.h"

namespace fumidai::sessions {

// What a client needs to open its data channel.
struct ClientAccess {
  SessionId session;
  Secret token;
};

// An agent whose control channel was admitted.
struct AgentArrival {
  InstanceId instance;
  std::string principal, source, agent_version;
  std::string serves_endpoint = {};  // the connect endpoint whose tunnels it carries
  model::Caller caller = {};         // as who
};

class Registry {
 public:
  Registry(asio::any_io_executor executor, store::Database& database, identity::Deployment const& deployment,
           Gate& gate, SessionPatience patience);

  Agents& agents() { return agents_; }
  Carriers& carriers() { return carriers_; }

  // Keeps the store and the trail in step with who is connected.
  void agent_arrived(AgentArrival const& arrival, std::shared_ptr<AgentLink> link);
  void agent_left(InstanceId const& instance, AgentLink const* link, std::string const& why);

  // At the start of the process: sessions that were open may be resumed by both their ends.
  awaitable<Result<void>> recover();

  // Tells the agent, and hands out the client's token. Error: not_found with TargetNotConnected, when the
  // agent left in this moment.
  Result<ClientAccess> start(Admission const& admission);
  // The same for a tunnel whose client is the plane itself, and whose record is the caller's.
  Result<std::shared_ptr<LiveSession>> start_unrecorded(Admission const& admission);

  // A fresh token for a client that lost its connection; nothing when there is no such session, or none any
  // more. What was admitted as a tunnel, or was not, is resumed as that.
  enum class Kind { session, tunnel };
  std::optional<ClientAccess> resume(SessionId const& session, Kind kind);

  // False when it is over already.
  bool terminate(SessionId const& session, std::string why);
  void terminate_all_of(InstanceId const& target, std::string const& why);

  // For the agent's data channel. Errors: denied, when the session is not this instance's; not_found, with
  // the words that make AWS's agent stop trying.
  Result<Secret> agent_token(SessionId const& session, InstanceId const& instance);
  Secret control_token(InstanceId const& instance);

  // Takes a token: each once, before it expires, for its own channel. Nothing otherwise, without saying why.
  bool redeem(ChannelRole role, std::string_view subject, Secret const& token);

  // Tunnels are sessions too, with one connection and no agent: whoever carries one tells of it, and is told
  // when it has to end.
  void tunnel_opened(SessionRow const& row, std::function<void(std::string const& why)> end);
  void tunnel_connected(SessionId const& session);
  awaitable<void> tunnel_closed(SessionRow row, SessionOutcome outcome);
  // Of the resumable ones.
  void terminate_all_through(std::string const& endpoint, std::string const& why);

  // Work of a session that ends with the process.
  void spawn(awaitable<void> task) { tasks_.spawn(std::move(task)); }

  std::shared_ptr<LiveSession> find(SessionId const& session) const;
  void on_task_complete(InstanceId const& instance, wire::AgentTaskComplete const& completion);
  // The agent of that host, when it has arrived: these have a process, and others will not come back.
  void on_host_sessions(InstanceId const& instance, std::vector<std::string> const& running);

  std::size_t size() const { return sessions_.size() + tunnels_.size(); }

  // Ends what runs here without ending the sessions: they go on with the next process.
  awaitable<void> stop();

 private:
  std::shared_ptr<LiveSession> make(SessionRow row, model::SessionType type);
  std::shared_ptr<LiveSession> adopt(SessionRow row, model::SessionType type);
  bool give_order(Admission const& admission);
  awaitable<void> drive(std::shared_ptr<LiveSession> session);
  awaitable<void> drive_unrecorded(std::shared_ptr<LiveSession> session);
  struct Tunnel {
    InstanceId target;
    std::function<void(std::string const& why)> end;
  };
  void note_failure(LiveSession const& session, SessionOutcome const& outcome);
  awaitable<void> record_end(SessionRow row, SessionOutcome outcome);
  Secret token_for(ChannelRole role, std::string const& subject) const;
  void forget_expired_nonces(Time now);

  asio::any_io_executor executor_;
  store::Database& database_;
  Gate& gate_;
  Secret token_key_;
  SessionPatience patience_;
  Agents agents_;
  Carriers carriers_;
  std::unordered_map<SessionId, std::shared_ptr<LiveSession>> sessions_;
  std::unordered_map<SessionId, Tunnel> tunnels_;
  std::set<std::pair<Time, std::string>> used_nonces_;  // by time of issue
  std::string process_;                                 // of this run, in its tokens
  io::TaskGroup tasks_;
};

}  // namespace fumidai::sessions
