#include "sessions/live_session.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.h"

namespace fumidai::sessions {

using namespace std::chrono_literals;
using io::SteadyClock;
using io::SteadyTime;
using model::SessionEvent;
using model::SessionState;
namespace message_type = wire::message_type;

namespace {

// An agent that is asked to pause still gets its pings answered; one that is not read from does not. Beyond
// it by a message: large ones come one at a time.
constexpr std::size_t kPauseAbove = 64 * 1024, kResumeBelow = 48 * 1024;
// What one write takes together, but for a larger message.
constexpr std::size_t kMostBatch = 64 * 1024;
// What is as long as this is on its way before the next is read.
constexpr std::size_t kLong = 16 * 1024;
// Between an agent's word that a session is over and the end of its data channel; or between its return and
// that word.
constexpr std::chrono::milliseconds kCompletionGrace = 1s;
constexpr auto kFarewell = 2s;
// An agent that said goodbye on the data channel, but whose control channel is gone, has no other way to say
// it.
constexpr auto kLastWord = 5s;
constexpr auto kSignOfLife = 2s;
// While an agent is away there is nothing to wait for but its return.
constexpr auto kLook = 5s;
// An agent that is back sooner was not away, as far as a person is concerned.
constexpr auto kMissed = 1s;
// An agent whose tunnel and whose control channel were both cut, and which does not come back at once, is
// dead. A silent one may be cut off, and is waited for, as is a client.
constexpr auto kLifeSign = 3s;
constexpr std::chrono::milliseconds kTunnelPatience = 5min;
constexpr std::chrono::milliseconds kTunnelStart = 5s;

std::string_view name_of(LiveSession::Role role) {
  return role == LiveSession::Role::client ? "client" : "agent";
}

std::string_view stream_of(LiveSession::Role role) {
  return role == LiveSession::Role::client ? message_type::input_stream_data
                                           : message_type::output_stream_data;
}

// What is waited for: which of it is due now, and when to look again.
struct Deadlines {
  SteadyTime now = SteadyClock::now(), next = SteadyTime::max();

  bool is_due(SteadyTime deadline) {
    next = std::min(next, deadline);
    return now >= deadline;
  }
};

}  // namespace

LiveSession::LiveSession(asio::any_io_executor executor, SessionRow row, model::SessionType type,
                         Agents& agents, Clock const& clock, SessionPatience patience)
    : row_(std::move(row)),
      type_(type),
      agents_(agents),
      clock_(clock),
      patience_(patience),
      state_(row_.state),
      changed_(executor),
      client_(executor),
      agent_(executor) {}

void LiveSession::resume_after_restart() {
  older_ = std::max<SteadyClock::duration>(clock_.now() - row_.started_at, 0s);
  for (auto* each : {&client_, &agent_}) {
    each->stream.resume();
    each->was_attached = true;
    each->detached_at = SteadyClock::now();
  }
}

void LiveSession::enter(SessionEvent event) {
  auto to = next(state_, event);
  if (!to) return;
  state_ = *to;
  if (!is_over(state_) && on_state) on_state(state_);
}

void LiveSession::end(SessionState state, std::string why) {
  if (ending_) return;
  ending_ = true;
  outcome_.state = state;
  outcome_.why = std::move(why);
  changed_.notify();
  for (auto* each : {&client_, &agent_}) each->room.notify();
}

void LiveSession::end_by_agent(std::string_view what) {
  if (!ending_) outcome_.is_by_agent = true;
  end(SessionState::failed, "The agent on " + row_.agent().text() + std::string(what));
}

void LiveSession::agent_arrived() {
  if (agent_.socket && agent_process_.empty()) note_process();  // came back before its control channel
  changed_.notify();
}

// It may not be known yet that the connection of that process is gone, too.
void LiveSession::agent_has_no_process() {
  bool is_tunnel = type_ == model::SessionType::port;  // has none of its own: see has_another_process()
  is_orphan_ = agent_.was_attached && !is_tunnel;
  changed_.notify();
}

void LiveSession::note_process() {
  if (auto link = agents_.find(row_.agent())) agent_process_ = link->process();
}

// Of several that carry an endpoint's tunnels, another can be asked at once.
void LiveSession::agent_left() {
  if (row_.carrier.empty() || agent_.was_attached) return;
  end_by_agent(" left while the tunnel was being opened.");
}

void LiveSession::agent_completed(wire::AgentTaskComplete const& completion) {
  if (ending_ || completed_at_ != SteadyTime::max()) return;  // why it ends is known
  completed_at_ = SteadyClock::now();
  outcome_.state =
      completion.final_task_status == "Success" ? SessionState::terminated : SessionState::failed;
  outcome_.why = completion.output.substr(0, 1024);
  changed_.notify();
}

void LiveSession::attached(Role role) {
  bool returns = std::exchange(leg(role).was_attached, true);
  leg(role).was_cut = false;
  if (client_.socket && agent_.socket) enter(SessionEvent::both_attached);
  if (role == Role::agent) {
    is_orphan_ = false;
    note_process();
  }
  if (role == Role::agent && std::exchange(agent_is_missed_, false))
    tell_client("The agent on " + row_.agent().text() + " is back.", true);
  if (returns) tell_of_return(other(role));
  changed_.notify();
}

void LiveSession::detached(Role role) {
  leg(role).detached_at = SteadyClock::now();
  enter(SessionEvent::one_lost);
  changed_.notify();
}

// One that reads nothing need not hear it each time.
void LiveSession::tell_of_return(Leg& to) {
  if (!to.socket || !to.is_native || to.outbox_bytes >= most_held_) return;
  enqueue(to, wire::make_message(message_type::peer_returned, "{}", clock_.now()));
}

void LiveSession::tell_client(std::string const& text, bool agent_connected) {
  if (!client_.socket || !client_.is_native) return;
  wire::SessionNotice notice{text, agent_connected};
  enqueue(client_,
          wire::make_message(message_type::session_notice, wire::to_json_text(notice), clock_.now()));
}

awaitable<SessionOutcome> LiveSession::run() {
  auto self = shared_from_this();
  while (!ending_) {
    auto deadline = check_limits();
    if (!ending_) co_await changed_.wait_until(deadline);
  }
  co_await close_channels();
  outcome_.bytes_in = client_.bytes;
  outcome_.bytes_out = agent_.bytes;
  co_return outcome_;
}

// Ends the session when a limit is reached; otherwise says when to look again.
SteadyTime LiveSession::check_limits() {
  Deadlines deadlines;
  auto const now = deadlines.now;
  auto due = [&](SteadyTime deadline) { return deadlines.is_due(deadline); };
  if (completed_at_ != SteadyTime::max()) {
    bool closed = !agent_.socket;
    if (due(closed ? now : completed_at_ + kCompletionGrace)) end(outcome_.state, outcome_.why);
    return deadlines.next;
  }
  auto start = row_.carrier.empty() ? patience_.agent_start : std::min(patience_.agent_start, kTunnelStart);
  if (!agent_.was_attached && !agent_.socket && due(started_at_ + start)) {
    end_by_agent(" was told to start the session, but did not within " + in_words(start) +
                 ". Why tells its log on the host, or: fumidai doctor " + row_.agent().text());
  }
  if (!client_.was_attached && due(started_at_ + patience_.client_start)) {
    end(SessionState::terminated,
        "No client opened the session's data channel within " + in_words(patience_.client_start) + ".");
  }
  if (row_.duration_limit > 0s && due(started_at_ + row_.duration_limit - older_)) {
    end(SessionState::terminated,
        "The session reached its longest duration of " + in_words(row_.duration_limit) + ".");
  }
  if (row_.idle_limit > 0s && due(last_activity_ + row_.idle_limit)) {
    end(SessionState::terminated, "The session was idle for " + in_words(row_.idle_limit) + ".");
  }
  if (agent_is_terminating_ && !agent_.socket && due(agent_.detached_at + kLastWord))
    end(SessionState::terminated, "");
  if (agent_.was_attached && !agent_.socket) {
    bool unsaid = client_.socket && !agent_is_missed_ && !agent_is_terminating_;
    if (unsaid && due(agent_.detached_at + kMissed)) {
      agent_is_missed_ = true;
      tell_client("The agent on " + row_.agent().text() + " does not answer; waiting for it.", false);
    }
    auto link = agents_.find(row_.agent());
    auto patience = is_orphan_ ? kCompletionGrace : patience_.agent_return;
    if (!link) {
      due(now + kLook);
    } else if (due(std::max(agent_.detached_at, link->connected_since()) + patience)) {
      end_by_agent(" is connected, but its side of the session is gone and did not come back.");
    }
  }
  if (type_ == model::SessionType::port) due(check_ends_of_tunnel());
  return deadlines.next;
}

// A tunnel lives in its agent's process.
bool LiveSession::has_another_process() const {
  auto link = agents_.find(row_.agent());
  bool both_say = link && !link->process().empty() && !agent_process_.empty();
  return both_say && link->process() != agent_process_;
}

// Of a tunnel, nothing is left to come back to when one of its ends is gone.
SteadyTime LiveSession::check_ends_of_tunnel() {
  Deadlines deadlines;
  auto const now = deadlines.now;
  auto due = [&](SteadyTime deadline) { return deadlines.is_due(deadline); };
  bool lacks_client = client_.was_attached && !client_.socket;
  if (lacks_client && due(client_.detached_at + kTunnelPatience))
    end(SessionState::terminated, "The client did not come back within " + in_words(kTunnelPatience) + ".");
  if (!agent_.was_attached || agent_.socket || agent_is_terminating_) return deadlines.next;
  if (due(agent_.detached_at + kTunnelPatience))
    end_by_agent(" did not come back within " + in_words(kTunnelPatience) + ".");
  if (has_another_process()) end_by_agent(", which carried the tunnel, was started anew.");
  if (!agent_.was_cut) return deadlines.next;
  auto last_sign = agent_.detached_at + kLifeSign;
  if (now < last_sign) {
    due(last_sign);
  } else if (!agents_.find(row_.agent())) {
    end_by_agent(", which carried the tunnel, is gone.");
  }
  return deadlines.next;
}

awaitable<void> LiveSession::close_channels() {
  enter(SessionEvent::stop_requested);
  wire::ChannelClosed closed;
  closed.message_id = Uuid::random().text();
  closed.destination_id = row_.target.text();
  closed.session_id = row_.id.text();
  closed.created_date = to_iso(clock_.now());
  closed.output = outcome_.why;
  auto message = wire::make_message(message_type::channel_closed, wire::to_json_text(closed), clock_.now());
  if (client_.socket) enqueue(client_, message);
  bool agent_knows = completed_at_ != SteadyTime::max();
  if (!agent_knows && agent_.socket) enqueue(agent_, message);
  // A tunnel's agent that waits for a slow target does not read the data channel.
  bool by_control = !agent_.socket || type_ == model::SessionType::port;
  if (!agent_knows && by_control) {
    if (auto link = agents_.find(row_.agent())) link->send(message);
  }
  auto deadline = SteadyClock::now() + kFarewell;
  auto is_written = [](Leg const& each) { return !each.socket || each.outbox_bytes == 0; };
  while (SteadyClock::now() < deadline && !(is_written(client_) && is_written(agent_)))
    co_await io::sleep_for(10ms);
  // The client closes by itself when it has read the farewell; cutting its connection at once could lose
  // that.
  while (SteadyClock::now() < deadline && client_.socket) co_await io::sleep_for(10ms);
  for (auto* each : {&client_, &agent_}) {
    if (each->socket) each->socket->close_now();
  }
  while (client_.socket || agent_.socket) co_await io::sleep_for(10ms);
}

awaitable<void> LiveSession::serve(Role role, std::shared_ptr<io::WebSocket> socket, std::string source,
                                   std::string version) {
  using namespace asio::experimental::awaitable_operators;
  auto self = shared_from_this();
  auto& mine = leg(role);
  if (ending_) co_return;
  auto replaced = std::exchange(mine.socket, socket);
  mine.source = std::move(source);
  mine.is_native = wire::is_version_of_ours(version);

  // Runs also when this coroutine is cancelled.
  struct Guard {
    LiveSession& session;
    Role role;
    std::shared_ptr<io::WebSocket> const& socket;
    ~Guard() {
      auto& leg = session.leg(role);
      if (leg.socket != socket) return;
      leg.socket.reset();
      session.detached(role);
    }
  } guard{*this, role, socket};

  // The newest connection is the one that counts.
  if (replaced)
    co_await replaced->close(wire::close_code::replaced, "a newer connection of this session took its place");
  if (ending_ || mine.socket != socket) co_return;
  attached(role);
  co_await (read_from(role, *socket) || write_to(mine, *socket));
  socket->close_now();
}

awaitable<void> LiveSession::read_from(Role role, io::WebSocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) {
      log_debug("data channel ended",
                {{"session", row_.id.text()}, {"role", name_of(role)}, {"why", message.error().detail}});
      leg(role).was_cut = message.error().code == Errc::closed;
      co_return;
    }
    auto verdict = co_await on_message(role, message->payload);
    if (verdict) continue;
    log_warn("data channel refused", {{"session", row_.id.text()},
                                      {"role", name_of(role)},
                                      {"peer", leg(role).source},
                                      {"why", verdict.error().detail}});
    co_await socket.close(wire::close_code::policy_violation, verdict.error().detail);
    co_return;
  }
}

awaitable<void> LiveSession::write_to(Leg& to, io::WebSocket& socket) {
  for (;;) {
    while (to.outbox.empty()) co_await to.filled.wait();
    if (to.socket.get() != &socket) co_return;  // replaced; the rest is for the newer one
    auto frames = std::move(to.outbox.front());
    to.outbox.pop_front();
    // Counts also what was under way when the task was cancelled.
    struct Gone {
      LiveSession& session;
      Leg& leg;
      std::size_t bytes;
      ~Gone() {
        leg.outbox_bytes -= bytes;
        leg.room.notify();
        session.resume_agent_if_drained();
      }
    } gone{*this, to, frames.size()};
    auto written = co_await socket.write_frames(frames);
    if (!written) co_return;
  }
}

awaitable<Result<void>> LiveSession::on_message(Role role, ByteView bytes) {
  CO_TRY(auto message, wire::AgentMessage::parse(bytes));
  if (message.type == stream_of(role)) co_return co_await on_data(role, message, bytes);
  if (message.type == message_type::acknowledge) co_return co_await on_acknowledge(role, message, bytes);
  if (message.type == message_type::agent_session_state && role == Role::agent) {
    CO_TRY(auto said, wire::from_json_text<wire::AgentSessionState>(as_text(message.payload)));
    agent_is_terminating_ = said.session_state == "Terminating";
    co_return success();
  }
  log_debug("message of an unexpected type",
            {{"session", row_.id.text()}, {"role", name_of(role)}, {"type", message.type}});
  co_return success();
}

awaitable<Result<void>> LiveSession::on_data(Role role, wire::AgentMessage const& message, ByteView bytes) {
  auto& mine = leg(role);
  // The ends of a tunnel may have agreed on none: nobody records it.
  bool is_undigested = type_ == model::SessionType::port && !message.has_digest();
  if (!is_undigested && !message.payload.empty() && !message.has_right_digest())
    co_return Error{Errc::malformed, "a message whose digest does not fit its payload"};
  auto digest =
      message.payload.empty() ? sha256(ByteView()) : message.digest;  // AWS's ends leave that to chance
  switch (mine.stream.on_data(message.sequence, digest, static_cast<std::uint32_t>(message.payload_type))) {
    case RelayedStream::Verdict::forward:
      // Repeats are no activity: one that is stuck would keep a session alive for ever.
      last_activity_ = SteadyClock::now();
      mine.bytes += static_cast<std::int64_t>(message.payload.size());
      break;
    case RelayedStream::Verdict::repeat:
      // The receiver is away and gets what we hold when it returns; the sender repeats what got lost.
      if (!other(role).socket) co_return success();
      break;
    case RelayedStream::Verdict::ignore: co_return success();
    case RelayedStream::Verdict::answer: {
      wire::Acknowledge ack{std::string(message.type), message.id.text(), message.sequence, true};
      auto flags = wire::AgentMessage::kSyn | wire::AgentMessage::kFin;
      auto answer =
          wire::make_message(message_type::acknowledge, wire::to_json_text(ack), clock_.now(), flags);
      // A peer that repeats faster than it reads answers gets no more of them: repeats may be lost.
      if (mine.outbox_bytes < most_held_) enqueue(mine, std::move(answer));
      co_return success();
    }
    case RelayedStream::Verdict::altered:
      if (on_alteration) on_alteration({name_of(role), message.sequence, mine.source});
      end(SessionState::failed,
          "The " + std::string(name_of(role)) +
              " sent two different messages under one sequence number; the session was ended.");
      co_return success();
  }
  co_await pass_on(role, bytes);
  co_return success();
}

awaitable<Result<void>> LiveSession::on_acknowledge(Role role, wire::AgentMessage const& message,
                                                    ByteView bytes) {
  CO_TRY(auto ack, wire::from_json_text<wire::Acknowledge>(as_text(message.payload)));
  // Taken for zero, as some receivers would, it could acknowledge what never arrived.
  if (ack.acknowledged_message_sequence_number < 0)
    co_return Error{Errc::malformed, "an acknowledgement without a sequence number"};
  other(role).stream.on_acknowledge(ack.acknowledged_message_sequence_number,
                                    ack.covers_all_before.value_or(false));
  co_await pass_on(role, bytes);
  co_return success();
}

// Holds the message for the other side. When there is no room, this returns late, and nothing more is read
// from the sender until then.
awaitable<void> LiveSession::pass_on(Role from, ByteView bytes) {
  auto& to = other(from);
  if (from == Role::agent && to.outbox_bytes > kPauseAbove + bytes.size()) pause_agent();
  while (to.outbox_bytes + bytes.size() > most_held_ && to.outbox_bytes > 0 && !ending_) {
    auto sign = SteadyClock::now() + kSignOfLife;
    co_await to.room.wait_until(sign);
    if (SteadyClock::now() >= sign) co_await show_life(leg(from));
  }
  if (!ending_) enqueue(to, bytes);
  if (bytes.size() >= kLong) co_await io::let_others_run();
}

// While a client is not read from, its pings are not answered; it would take us for dead.
awaitable<void> LiveSession::show_life(Leg& stalled) {
  auto socket = stalled.socket;
  bool can_write_at_once = socket && stalled.outbox_bytes == 0;
  if (can_write_at_once && stalled.is_native) co_await socket->write(wire::Opcode::pong, ByteView());
}

// Copied once, into the frame that is written.
void LiveSession::enqueue(Leg& to, ByteView message) {
  auto size = message.size() + wire::FrameHeader::kMostBytes;
  bool begins = to.outbox.empty() || to.outbox.back().size() + size > kMostBatch;
  auto& batch = begins ? to.outbox.emplace_back() : to.outbox.back();
  batch.reserve(begins ? size : kMostBatch);
  auto before = batch.size();
  wire::append_frame(batch, wire::Side::server, wire::Opcode::binary, message);
  to.outbox_bytes += batch.size() - before;
  to.filled.notify();
}

void LiveSession::pause_agent() {
  // AWS's agent takes a pause for a fatal error while it runs a command without a terminal
  // (session-manager.md 9.6).
  if (agent_is_paused_ || type_ == model::SessionType::non_interactive_commands) return;
  agent_is_paused_ = true;
  enqueue(agent_, wire::make_message(message_type::pause_publication, " ", clock_.now()));
}

void LiveSession::resume_agent_if_drained() {
  if (!agent_is_paused_ || client_.outbox_bytes > kResumeBelow) return;
  agent_is_paused_ = false;
  enqueue(agent_, wire::make_message(message_type::start_publication, " ", clock_.now()));
}

}  // namespace fumidai::sessions
