#pragma once

// A session while it lives on this node: the two data channels, and the relay between them. Messages pass
// unchanged, so that sequence numbers and acknowledgements run from end to end and either side may lose its
// connection and go on. Belongs to the loop; memory is bounded whatever either peer does.

#include <deque>
#include <functional>
#include <memory>

#include "base/awaitable.h"
#include "io/websocket.h"
#include "model/session_document.h"
#include "model/session_state.h"
#include "sessions/agents.h"
#include "sessions/relayed_stream.h"
#include "sessions/session_rows.h"
#include "wire/agent_message.h"
#include "wire/session_payloads.h"

namespace fumidai::sessions {

// The largest message on a data channel. AWS's programs send 1 KiB, ours 64.
inline constexpr std::size_t kMostDataMessage = 128 * 1024;

struct SessionOutcome {
  model::SessionState state = model::SessionState::terminated;
  std::string why;  // empty for the ordinary end
  std::int64_t bytes_in = 0, bytes_out = 0;
  bool is_by_agent = false;  // it failed by its agent, which did not answer or is gone
};

// A payload changed under its sequence number.
struct Alteration {
  std::string_view sender;
  std::int64_t sequence;
  std::string source;
};

// How long the parts of a session are waited for.
struct SessionPatience {
  std::chrono::milliseconds agent_start{20'000};   // from the order to the agent's data channel
  std::chrono::milliseconds client_start{60'000};  // from StartSession to the client's data channel
  std::chrono::milliseconds agent_return{15'000};  // while the agent is connected, but not this session
};

class LiveSession : public std::enable_shared_from_this<LiveSession> {
 public:
  enum class Role { client, agent };

  LiveSession(asio::any_io_executor executor, SessionRow row, model::SessionType type, Agents& agents,
              Clock const& clock, SessionPatience patience);

  SessionRow const& row() const { return row_; }
  model::SessionState state() const { return state_; }

  // It lived in an earlier process: both ends have to come back, neither has to be started.
  void resume_after_restart();

  // Its client is in this process, and holds as much itself.
  void hold_little() { most_held_ = kLittleHeld; }

  // Told of each change of state but the last.
  std::function<void(model::SessionState)> on_state;
  std::function<void(Alteration const&)> on_alteration;

  // Lives until the session is over; the channels are closed then.
  awaitable<SessionOutcome> run();

  // Serves one connection until it ends, is replaced by a newer one, or the session is over.
  // `version` is what the peer says of itself.
  awaitable<void> serve(Role role, std::shared_ptr<io::WebSocket> socket, std::string source,
                        std::string version = {});

  // Kept as long as the session.
  void keep(std::shared_ptr<void> what) { kept_ = std::move(what); }

  // Begins the end. Only the first call counts.
  void end(model::SessionState state, std::string why);
  // Begins it by a failure of its agent: "The agent on mi-…" and what that did.
  void end_by_agent(std::string_view what);
  // Its agent has a control channel, or has lost it.
  void agent_arrived();
  void agent_left();
  // The agent says, since it arrived, that there is no process for the session on its host.
  void agent_has_no_process();
  // The agent says that the session is over on its side.
  void agent_completed(wire::AgentTaskComplete const& completion);

 private:
  struct Leg {
    explicit Leg(asio::any_io_executor executor) : filled(executor), room(executor) {}

    std::shared_ptr<io::WebSocket> socket;
    std::string source;
    bool was_attached = false;
    bool was_cut = false;    // the last connection was ended by its other end, or what is between
    bool is_native = false;  // an end of ours, which understands more
    io::SteadyTime detached_at{};
    std::deque<Bytes> outbox;      // batches of frames, to be written to this peer
    std::size_t outbox_bytes = 0;  // with what is being written
    io::Signal filled, room;
    RelayedStream stream;  // what this peer sends
    std::int64_t bytes = 0;
  };

  Leg& leg(Role role) { return role == Role::client ? client_ : agent_; }
  Leg& other(Role role) { return role == Role::client ? agent_ : client_; }

  void attached(Role role);
  void detached(Role role);
  void enter(model::SessionEvent event);
  io::SteadyTime check_limits();
  io::SteadyTime check_ends_of_tunnel();
  void note_process();
  bool has_another_process() const;
  awaitable<void> close_channels();

  awaitable<void> read_from(Role role, io::WebSocket& socket);
  awaitable<void> write_to(Leg& to, io::WebSocket& socket);
  awaitable<Result<void>> on_message(Role role, ByteView bytes);
  awaitable<Result<void>> on_data(Role role, wire::AgentMessage const& message, ByteView bytes);
  awaitable<Result<void>> on_acknowledge(Role role, wire::AgentMessage const& message, ByteView bytes);
  awaitable<void> pass_on(Role from, ByteView bytes);
  awaitable<void> show_life(Leg& stalled);
  void enqueue(Leg& to, ByteView message);
  void tell_of_return(Leg& to);
  void tell_client(std::string const& text, bool agent_connected);
  void pause_agent();
  void resume_agent_if_drained();

  // What is held for a peer that is slow or away: more than an end of ours has under way. Beyond it we stop
  // reading from the other.
  static constexpr std::size_t kMostHeld = 512 * 1024, kLittleHeld = 192 * 1024;

  SessionRow row_;
  model::SessionType type_;
  std::size_t most_held_ = kMostHeld;
  Agents& agents_;
  Clock const& clock_;
  SessionPatience patience_;
  model::SessionState state_;
  io::Signal changed_;
  Leg client_, agent_;
  io::SteadyTime started_at_ = io::SteadyClock::now();
  io::SteadyClock::duration older_{};  // of the time before this process
  io::SteadyTime last_activity_ = io::SteadyClock::now();
  io::SteadyTime completed_at_ = io::SteadyTime::max();  // the agent's word that it is over
  std::string agent_process_;                            // which serves it; empty when it does not say
  bool agent_is_terminating_ = false;                    // it said so on the data channel
  bool agent_is_missed_ = false;                         // and the client was told so
  bool is_orphan_ = false;                               // its agent is back, and has no process for it
  bool agent_is_paused_ = false;
  bool ending_ = false;
  SessionOutcome outcome_;
  std::shared_ptr<void> kept_;
};

}  // namespace fumidai::sessions
