#include "sessions/session_rows.h"

#include "base/random.h"

#include "base/bytes.h"

namespace fumidai::sessions {

namespace {

#define FUMIDAI_SESSION_COLUMNS                                                                         \
  "id, target, owner, owner_id, document, reason, state, details, started_at, ended_at, idle_seconds, " \
  "most_seconds, admission, endpoint, carrier"

model::SessionState parse_state(std::string_view text) {
  using enum model::SessionState;
  for (auto state : {connecting, connected, disconnected, terminating, terminated, failed}) {
    if (to_string(state) == text) return state;
  }
  return failed;
}

SessionRow read_session(store::Row const& row) {
  SessionRow session;
  session.id = SessionId(row.text(0));
  session.target = InstanceId(row.text(1));
  session.owner = row.text(2);
  session.owner_id = row.text(3);
  session.document = row.text(4);
  session.reason = row.text(5);
  session.state = parse_state(row.text(6));
  session.details = row.text(7);
  session.started_at = row.time(8);
  session.ended_at = row.maybe_time(9);
  session.idle_limit = std::chrono::seconds(row.integer(10));
  session.duration_limit = std::chrono::seconds(row.integer(11));
  session.admission = row.text(12);
  session.endpoint = row.text(13);
  session.carrier = InstanceId(row.text(14));
  return session;
}

std::vector<SessionRow> read_all(std::vector<store::Row> const& rows) {
  std::vector<SessionRow> sessions;
  for (auto const& row : rows) sessions.push_back(read_session(row));
  return sessions;
}

}  // namespace

SessionId random_session_id(std::string const& caller_name) {
  // It becomes a path, a directory and an argument elsewhere, and old agents stumble over "tmp"
  // (session-manager.md 3.2).
  std::string name;
  for (char c : caller_name.substr(0, 64)) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                 c == '_' || c == '-';
    name += plain ? c : '_';  // a dash ends the name, and policies go by that
  }
  if (auto at = name.find("tmp"); at != name.npos) name.replace(at, 3, "t-p");
  return SessionId(name + "-" + random_text(17, "0123456789abcdefghijklmnopqrsuvwxyz"));
}

Result<void> add_session(store::Transaction& transaction, SessionRow const& row) {
  CHECK(transaction.run(
      "insert into sessions (id, target, owner, owner_id, document, reason, prior_state, state, details, "
      "started_at,"
      " idle_seconds, most_seconds, admission, endpoint, carrier)"
      " values ($1, $2, $3, $4, $5, $6, 'None', $7, $8, $9, $10, $11, $12, $13, $14)",
      row.id, row.target, row.owner, row.owner_id, row.document, row.reason, to_string(row.state),
      row.details, row.started_at, row.idle_limit.count(), row.duration_limit.count(), row.admission,
      row.endpoint, row.carrier));
  return success();
}

Result<SessionRow> find_session(store::Transaction& transaction, SessionId const& id) {
  TRY(auto row, transaction.first("select " FUMIDAI_SESSION_COLUMNS " from sessions where id = $1", id));
  if (!row)
    return Error{Errc::not_found, "Session " + escaped(id.text(), 96) + " does not exist.",
                 "DoesNotExistException"};
  return read_session(*row);
}

Result<std::vector<SessionRow>> list_sessions(store::Transaction& transaction, SessionFilter const& filter,
                                              std::optional<SessionRow> const& after, std::int64_t most) {
  if (filter.none) return std::vector<SessionRow>();
  auto after_time = after ? std::optional(to_millis(after->started_at)) : std::nullopt;
  auto after_id = after ? after->id.text() : std::string();
  TRY(auto rows,
      transaction.query("select " FUMIDAI_SESSION_COLUMNS
                        " from sessions where (state in ('Terminated', 'Failed')) = ($1 = 0)"
                        " and ($2 = '' or target = $2) and ($3 = '' or owner = $3) and ($4 = '' or state = "
                        "$4) and ($5 = '' or id = $5)"
                        " and ($6 is null or started_at >= $6) and ($7 is null or started_at <= $7)"
                        " and ($8 is null or started_at < $8 or (started_at = $8 and id > $9))"
                        " order by started_at desc, id limit $10",
                        filter.active, filter.target, filter.owner, filter.status, filter.id,
                        filter.invoked_after, filter.invoked_before, after_time, after_id, most));
  return read_all(rows);
}

Result<std::vector<SessionRow>> open_sessions(store::Transaction& transaction) {
  TRY(auto rows,
      transaction.query("select " FUMIDAI_SESSION_COLUMNS
                        " from sessions where state not in ('Terminated', 'Failed') order by started_at"));
  return read_all(rows);
}

Result<bool> move_session(store::Transaction& transaction, SessionId const& id, model::SessionState to,
                          std::string const& details, Time now) {
  auto ended_at = is_over(to) ? std::optional(now) : std::nullopt;
  TRY(auto changed,
      transaction.run("update sessions set prior_state = state, state = $2, details = $3, ended_at = $4"
                      " where id = $1 and state not in ('Terminated', 'Failed') and state <> $2",
                      id, to_string(to), details, ended_at));
  return changed == 1;
}

}  // namespace fumidai::sessions
