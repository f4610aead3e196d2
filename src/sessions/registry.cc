#include "sessions/registry.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "inventory/instances.h"

namespace fumidai::sessions {

using namespace std::chrono_literals;
using model::SessionState;

namespace {
constexpr std::chrono::seconds kFirstRetry = 1s, kMostRetry = 30s;
// Why a dial failed is told in the words of the agent's system, and in no others.
constexpr std::string_view kRefused = "Connection refused";

Error agent_left_now(InstanceId const& instance) {
  return {Errc::not_found, instance.text() + " is not connected: its agent left at this moment. Try again.",
          "TargetNotConnected"};
}

}  // namespace

Registry::Registry(asio::any_io_executor executor, store::Database& database,
                   identity::Deployment const& deployment, Gate& gate, SessionPatience patience)
    : executor_(executor),
      database_(database),
      gate_(gate),
      token_key_(deployment.channel_token_key()),
      patience_(patience),
      process_(random_hex(4)),
      tasks_(executor, "sessions") {}

void Registry::agent_arrived(AgentArrival const& arrival, std::shared_ptr<AgentLink> link) {
  auto now = gate_.clock().now();
  bool replaced = agents_.attach(arrival.instance, std::move(link));
  carriers_.left(arrival.instance);  // what it said before counts no more
  if (!arrival.serves_endpoint.empty())
    carriers_.arrived(arrival.instance, arrival.serves_endpoint, arrival.caller);
  for (auto const& [id, session] : sessions_)
    if (session->row().agent() == arrival.instance) session->agent_arrived();
  audit::AgentConnected connected{arrival.instance,      arrival.principal, arrival.source,
                                  arrival.agent_version, replaced,          now};
  auto event = connected.to_event();
  database_.write_soon([this, arrival, event, now](store::Transaction& transaction) -> Result<void> {
    CHECK(inventory::mark_connected(transaction, arrival.instance, arrival.agent_version, now));
    return gate_.trail().append(transaction, event);
  });
  // Two hosts with one identity take the channel from each other for ever; a person has to look.
  auto level = replaced ? LogLevel::warn : LogLevel::info;
  log(level, replaced ? "agent connected again while its old channel was open" : "agent connected",
      {{"instance", arrival.instance.text()}, {"peer", arrival.source}, {"version", arrival.agent_version}});
}

void Registry::agent_left(InstanceId const& instance, AgentLink const* link, std::string const& why) {
  if (!agents_.detach(instance, link)) return;  // a newer connection is there
  carriers_.left(instance);
  for (auto const& [id, session] : sessions_)
    if (session->row().agent() == instance) session->agent_left();
  auto now = gate_.clock().now();
  auto event = audit::AgentDisconnected{instance, why, now}.to_event();
  database_.write_soon([this, instance, event, now](store::Transaction& transaction) -> Result<void> {
    CHECK(inventory::mark_disconnected(transaction, instance, now));
    return gate_.trail().append(transaction, event);
  });
  log_info("agent disconnected", {{"instance", instance.text()}, {"why", why}});
}

awaitable<Result<void>> Registry::recover() {
  auto now = gate_.clock().now();
  auto work = [now](store::Transaction& transaction) -> Result<std::vector<SessionRow>> {
    CHECK(inventory::mark_all_disconnected(transaction, now));
    TRY(auto open, open_sessions(transaction));
    for (auto& row : open) {
      if (row.state != SessionState::connected) continue;
      TRY(auto moved, move_session(transaction, row.id, SessionState::disconnected, "", now));
      if (moved) row.state = SessionState::disconnected;
    }
    return open;
  };
  CO_TRY(auto rows, co_await database_.write(std::move(work)));
  for (auto& row : rows) {
    if (row.document == kTunnelDocument) {
      tasks_.spawn(record_end(row, {SessionState::failed, "The plane was restarted."}));
      continue;
    }
    bool is_tunnel = row.document == kResumableTunnelDocument;
    auto document = model::find_session_document(row.document);
    auto session = adopt(row, is_tunnel  ? model::SessionType::port
                              : document ? document->type
                                         : model::SessionType::standard_stream);
    if (is_tunnel) session->keep(std::make_shared<Carriers::Place>(carriers_, row));
    session->resume_after_restart();
    if (row.state == SessionState::terminating)
      session->end(SessionState::terminated, "The session was being ended when the plane restarted.");
  }
  if (!rows.empty()) log_info("sessions may be resumed", {{"count", rows.size()}});
  co_return success();
}

std::shared_ptr<LiveSession> Registry::make(SessionRow row, model::SessionType type) {
  auto id = row.id;
  auto session =
      std::make_shared<LiveSession>(executor_, std::move(row), type, agents_, gate_.clock(), patience_);
  session->on_alteration = [this, id](Alteration const& alteration) {
    auto event = audit::StreamAltered{id, std::string(alteration.sender), alteration.sequence,
                                      alteration.source, gate_.clock().now()}
                     .to_event();
    database_.write_soon(
        [this, event](store::Transaction& transaction) { return gate_.trail().append(transaction, event); });
  };
  sessions_.emplace(id, session);
  return session;
}

std::shared_ptr<LiveSession> Registry::adopt(SessionRow row, model::SessionType type) {
  auto id = row.id;
  auto session = make(std::move(row), type);
  session->on_state = [this, id](SessionState state) {
    auto now = gate_.clock().now();
    database_.write_soon([id, state, now](store::Transaction& transaction) -> Result<void> {
      CHECK(move_session(transaction, id, state, "", now));
      return success();
    });
  };
  tasks_.spawn(drive(session));
  return session;
}

awaitable<void> Registry::drive(std::shared_ptr<LiveSession> session) {
  auto outcome = co_await session->run();
  note_failure(*session, outcome);
  // Gone from the store before it is gone from here: who asks in between hears that it is over.
  co_await record_end(session->row(), outcome);
  sessions_.erase(session->row().id);
}

awaitable<void> Registry::drive_unrecorded(std::shared_ptr<LiveSession> session) {
  auto outcome = co_await session->run();
  note_failure(*session, outcome);
  sessions_.erase(session->row().id);
}

// Of a tunnel that never was. Where the target itself refused, its carrier did all that it can.
void Registry::note_failure(LiveSession const& session, SessionOutcome const& outcome) {
  auto const& carrier = session.row().carrier;
  bool was_reached = outcome.why.find(kRefused) != std::string::npos;
  bool never_was = outcome.state == SessionState::failed && outcome.bytes_out == 0 && !was_reached;
  if (carrier.empty() || !never_was) return;
  if (outcome.is_by_agent) return carriers_.failed(carrier);
  carriers_.failed_to_reach(carrier, session.row().target);
}

awaitable<void> Registry::record_end(SessionRow row, SessionOutcome outcome) {
  auto now = gate_.clock().now();
  audit::SessionEnded ended{
      row.id,      row.target,           row.owner,        std::string(to_string(outcome.state)),
      outcome.why, now - row.started_at, outcome.bytes_in, outcome.bytes_out,
      now};
  auto event = ended.to_event();
  auto work = [this, row, outcome, event, now](store::Transaction& transaction) -> Result<bool> {
    TRY(auto moved, move_session(transaction, row.id, outcome.state, outcome.why, now));
    if (moved) {
      CHECK(gate_.trail().append(transaction, event));
    }
    return moved;
  };
  // On a full disk the end waits for space: a session that is over must not stay in the list as if it were
  // not.
  for (auto pause = kFirstRetry;; pause = std::min(pause * 2, kMostRetry)) {
    auto written = co_await database_.write(work);
    if (written) break;
    log_error("the end of a session cannot be recorded yet",
              {{"session", row.id.text()}, {"error", written.error().detail}});
    co_await io::sleep_for(pause);
  }
  log_info("session ended", {{"session", row.id.text()},
                             {"state", to_string(outcome.state)},
                             {"why", outcome.why},
                             {"in", outcome.bytes_in},
                             {"out", outcome.bytes_out}});
}

Result<ClientAccess> Registry::start(Admission const& admission) {
  auto const& row = admission.session;
  auto session = adopt(row, admission.type);
  if (!give_order(admission)) {
    auto left = agent_left_now(row.agent());
    session->end(SessionState::failed, left.detail);
    return left;
  }
  session->keep(admission.kept);
  log_info("session started", {{"session", row.id.text()},
                               {"target", row.target.text()},
                               {"owner", row.owner},
                               {"document", row.document}});
  return ClientAccess{row.id, token_for(ChannelRole::client, row.id.text())};
}

Result<std::shared_ptr<LiveSession>> Registry::start_unrecorded(Admission const& admission) {
  if (!give_order(admission)) return agent_left_now(admission.session.agent());
  auto session = make(admission.session, admission.type);
  tasks_.spawn(drive_unrecorded(session));
  return session;
}

// False when its agent is not here.
bool Registry::give_order(Admission const& admission) {
  auto link = agents_.find(admission.session.agent());
  if (!link) return false;
  wire::InteractiveShell order;
  order.content = admission.shell_content;
  order.task_id = admission.session.id.text();
  link->send(wire::make_message(wire::message_type::interactive_shell, wire::to_json_text(order),
                                gate_.clock().now()));
  return true;
}

std::optional<ClientAccess> Registry::resume(SessionId const& id, Kind kind) {
  auto session = find(id);
  bool is_wanted = session && (kind == Kind::tunnel ? session->row().document == kResumableTunnelDocument
                                                    : session->row().endpoint.empty());
  if (!is_wanted) return std::nullopt;
  return ClientAccess{id, token_for(ChannelRole::client, id.text())};
}

bool Registry::terminate(SessionId const& id, std::string why) {
  if (auto tunnel = tunnels_.find(id); tunnel != tunnels_.end()) {
    tunnel->second.end(why);
    return true;
  }
  auto session = find(id);
  if (!session) return false;
  session->end(SessionState::terminated, std::move(why));
  return true;
}

void Registry::terminate_all_of(InstanceId const& target, std::string const& why) {
  for (auto const& [id, session] : sessions_) {
    auto const& row = session->row();
    if (row.target == target || row.agent() == target) session->end(SessionState::terminated, why);
  }
  for (auto const& [id, tunnel] : tunnels_)
    if (tunnel.target == target) tunnel.end(why);
}

void Registry::tunnel_opened(SessionRow const& row, std::function<void(std::string const& why)> end) {
  tunnels_[row.id] = {row.target, std::move(end)};
}

void Registry::tunnel_connected(SessionId const& id) {
  auto now = gate_.clock().now();
  database_.write_soon([id, now](store::Transaction& transaction) -> Result<void> {
    CHECK(move_session(transaction, id, SessionState::connected, "", now));
    return success();
  });
}

awaitable<void> Registry::tunnel_closed(SessionRow row, SessionOutcome outcome) {
  co_await record_end(row, std::move(outcome));
  tunnels_.erase(row.id);
}

void Registry::terminate_all_through(std::string const& endpoint, std::string const& why) {
  for (auto const& [id, session] : sessions_) {
    bool is_of_client = session->row().document == kResumableTunnelDocument;
    if (is_of_client && session->row().endpoint == endpoint) session->end(SessionState::terminated, why);
  }
}

Result<Secret> Registry::agent_token(SessionId const& id, InstanceId const& instance) {
  auto session = find(id);
  // The words are those on which AWS's agent gives up (session-manager.md 5).
  if (!session) return Error{Errc::not_found, "Session is already terminated", "DoesNotExistException"};
  if (session->row().agent() != instance) {
    return Error{Errc::denied, "The session " + id.text() + " is not one of " + instance.text() + ".",
                 "AccessDenied"};
  }
  return token_for(ChannelRole::agent, id.text());
}

Secret Registry::control_token(InstanceId const& instance) {
  return token_for(ChannelRole::control, instance.text());
}

Secret Registry::token_for(ChannelRole role, std::string const& subject) const {
  return make_channel_token(token_key_, process_, role, subject, gate_.clock().now());
}

bool Registry::redeem(ChannelRole role, std::string_view subject, Secret const& text) {
  auto token = open_channel_token(token_key_, text.reveal());
  auto now = gate_.clock().now();
  bool fits = token && token->role == role && token->subject == subject && !token->is_expired(now);
  // One of an earlier process may have been used there.
  if (!fits || token->process != process_) return false;
  forget_expired_nonces(now);
  return used_nonces_.emplace(token->issued_at, token->nonce).second;
}

void Registry::forget_expired_nonces(Time now) {
  while (!used_nonces_.empty() && used_nonces_.begin()->first + ChannelToken::kLifetime < now)
    used_nonces_.erase(used_nonces_.begin());
}

std::shared_ptr<LiveSession> Registry::find(SessionId const& id) const {
  auto at = sessions_.find(id);
  return at == sessions_.end() ? nullptr : at->second;
}

void Registry::on_task_complete(InstanceId const& instance, wire::AgentTaskComplete const& completion) {
  auto session = find(SessionId(completion.task_id));
  if (!session || session->row().agent() != instance) return;
  session->agent_completed(completion);
}

void Registry::on_host_sessions(InstanceId const& instance, std::vector<std::string> const& running) {
  std::set<std::string_view> known(running.begin(), running.end());
  for (auto const& [id, session] : sessions_)
    if (session->row().agent() == instance && !known.contains(id.text())) session->agent_has_no_process();
}

awaitable<void> Registry::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  sessions_.clear();
}

}  // namespace fumidai::sessions
