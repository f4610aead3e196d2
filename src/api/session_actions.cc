// Sessions: StartSession, ResumeSession, TerminateSession, DescribeSessions, GetConnectionStatus.

#include "api/action.h"
#include "api/page_token.h"
#include "api/session_access.h"
#include "base/bytes.h"
#include "inventory/instances.h"
#include "sessions/targets.h"

namespace fumidai::api {

namespace {

struct StartSessionRequest {
  std::string target;
  std::optional<std::string> document_name;
  std::optional<std::string> reason;
  std::map<std::string, std::vector<std::string>> parameters;
  static constexpr wire::Limit kLimits[] = {{"target", 1, 400, wire::required},
                                            {"document_name", 3, 128},
                                            {"reason", 1, 256},
                                            {"parameters", 0, 32}};
};
BOOST_DESCRIBE_STRUCT(StartSessionRequest, (), (target, document_name, reason, parameters))

struct SessionIdRequest {
  std::string session_id;
  static constexpr wire::Limit kLimits[] = {{"session_id", 1, 96, wire::required}};
};
BOOST_DESCRIBE_STRUCT(SessionIdRequest, (), (session_id))

struct SessionIdResponse {
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(SessionIdResponse, (), (session_id))

struct TargetRequest {
  std::string target;
  static constexpr wire::Limit kLimits[] = {{"target", 1, 400, wire::required}};
};
BOOST_DESCRIBE_STRUCT(TargetRequest, (), (target))

struct ConnectionStatus {
  std::string target, status;
};
BOOST_DESCRIBE_STRUCT(ConnectionStatus, (), (target, status))

struct SessionFilterRequest {
  std::string key, value;
  static constexpr wire::Rename kNames[] = {{"key", "key"}, {"value", "value"}};
  static constexpr wire::Limit kLimits[] = {{"key", 1, 64, wire::required},
                                            {"value", 1, 400, wire::required}};
};
BOOST_DESCRIBE_STRUCT(SessionFilterRequest, (), (key, value))

struct DescribeSessionsRequest {
  std::string state;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
  std::vector<SessionFilterRequest> filters;
  static constexpr wire::Limit kLimits[] = {
      {"state", 1, 16, wire::required}, {"max_results", 1, 200}, {"filters", 0, 6}};
};
BOOST_DESCRIBE_STRUCT(DescribeSessionsRequest, (), (state, max_results, next_token, filters))

struct SessionDescription {
  std::string session_id, target, status;
  Time start_date{};
  std::optional<Time> end_date;
  std::string document_name, owner;
  std::optional<std::string> reason, details, max_session_duration;
};
BOOST_DESCRIBE_STRUCT(SessionDescription, (),
                      (session_id, target, status, start_date, end_date, document_name, owner, reason,
                       details, max_session_duration))

struct DescribeSessionsResponse {
  std::vector<SessionDescription> sessions;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSessionsResponse, (), (sessions, next_token))

bool is_id(std::string const& target) {
  return target.starts_with("i-") || target.starts_with("mi-");
}

// What the policies allow, and is no id. Whose name it is learns only who may start a session there.
Result<SessionAccess> refuse_name(store::Transaction& transaction, Call const& call,
                                  std::string const& text) {
  auto words = escaped(text, 128) + " is not connected: StartSession takes the id of an instance, ";
  auto named = sessions::the_target(transaction, call.plane.networks, text);
  bool is_known = false;
  if (named) {
    TRY(auto why_not, call.plane.gate.why_no_session(transaction, call.caller, named->id));
    is_known = why_not.empty();
  }
  words += is_known ? "and that is a name; its id is " + named->id.text() + "."
                    : "and that is none; `fumidai host list` shows them.";
  return Error{Errc::not_found, std::move(words), "TargetNotConnected"};
}

awaitable<Result<SessionAccess>> start_session(Call const& call, StartSessionRequest const& request) {
  sessions::SessionAsk ask{call.caller, request.target, request.document_name.value_or(""),
                           request.parameters, request.reason.value_or("")};
  CO_CHECK(wire::validate(request));
  auto admitted = co_await call.plane.gate.admit(std::move(ask));
  bool is_no_id = !admitted && admitted.error().aws == "TargetNotConnected" && !is_id(request.target);
  if (is_no_id) {
    std::function<Result<SessionAccess>(store::Transaction&)> refuse = [&](store::Transaction& transaction) {
      return refuse_name(transaction, call, request.target);
    };
    co_return co_await call.plane.gate.read(std::move(refuse));
  }
  CO_TRY(auto admission, std::move(admitted));
  CO_TRY(auto access, call.plane.registry.start(admission));
  co_return access_for(call, std::move(access));
}

Result<void> this_session(store::Transaction&, Call const& call, SessionIdRequest const& request,
                          sessions::Ask& ask) {
  ask.resources = {model::session_arn(call.plane.deployment.region, SessionId(request.session_id))};
  return success();
}

// A session that is over is answered without a token: on an error AWS's plugin would try for ever.
awaitable<Result<SessionAccess>> resume_session(Call const& call, SessionIdRequest const& request) {
  auto access = call.plane.registry.resume(SessionId(request.session_id), sessions::Registry::Kind::session);
  if (!access) co_return SessionAccess{request.session_id, {}, {}};
  co_return access_for(call, std::move(*access));
}

awaitable<Result<SessionIdResponse>> terminate_session(Call const& call, SessionIdRequest const& request) {
  call.plane.registry.terminate(SessionId(request.session_id),
                                "Terminated by " + call.caller.principal.arn + ".");
  co_return SessionIdResponse{request.session_id};
}

awaitable<Result<ConnectionStatus>> get_connection_status(Call const& call, TargetRequest const& request) {
  bool connected = call.plane.registry.agents().find(InstanceId(request.target)) != nullptr;
  co_return ConnectionStatus{request.target, connected ? "connected" : "notconnected"};
}

Result<sessions::SessionFilter> filter_of(DescribeSessionsRequest const& request) {
  sessions::SessionFilter filter;
  if (request.state != "Active" && request.state != "History") {
    return wire::constraint_error("state", "one of the values [Active, History]", request.state);
  }
  filter.active = request.state == "Active";
  for (auto const& [key, value] : request.filters) {
    if (key == "Target") {
      filter.target = value;
    } else if (key == "Owner") {
      filter.owner = value;
    } else if (key == "Status") {
      filter.status = value;
    } else if (key == "SessionId") {
      filter.id = value;
    } else if (key == "AccessType") {
      if (value != "Standard" && value != "JustInTime")
        return Error{Errc::invalid, "The filter AccessType takes Standard or JustInTime.",
                     "ValidationException"};
      filter.none = value != "Standard";  // there is no access by request here
    } else if (key == "InvokedAfter" || key == "InvokedBefore") {
      auto time = parse_time(value);
      if (!time)
        return Error{Errc::invalid, "The filter " + key + " takes a time such as 2025-01-02T03:04:05Z.",
                     "ValidationException"};
      (key == "InvokedAfter" ? filter.invoked_after : filter.invoked_before) = *time;
    } else {
      return Error{
          Errc::invalid,
          "The filter '" + escaped(key, 64) +
              "' is unknown. Known ones: InvokedAfter, InvokedBefore, Target, Owner, Status, SessionId, "
              "AccessType.",
          "InvalidFilterKey"};
    }
  }
  return filter;
}

SessionDescription describe(sessions::SessionRow const& row) {
  SessionDescription description;
  description.session_id = row.id.text();
  description.target = row.target.text();
  description.status = to_string(row.state);
  description.start_date = row.started_at;
  description.end_date = row.ended_at;
  description.document_name = row.document;
  description.owner = row.owner;
  if (!row.reason.empty()) description.reason = row.reason;
  if (!row.details.empty()) description.details = row.details;
  if (row.duration_limit.count() > 0)
    description.max_session_duration = std::to_string(row.duration_limit.count() / 60);
  return description;
}

Result<DescribeSessionsResponse> describe_sessions(store::Transaction& transaction, Call const& call,
                                                   DescribeSessionsRequest const& request) {
  TRY(auto filter, filter_of(request));
  std::string query = request.state;
  for (auto const& [key, value] : request.filters) query += "\n" + key + "=" + value;
  std::optional<sessions::SessionRow> after;
  if (request.next_token) {
    TRY(auto position, open_page_token(call, query, *request.next_token));
    TRY(after, sessions::find_session(transaction, SessionId(position)));
  }
  auto most = request.max_results.value_or(50);
  TRY(auto rows, sessions::list_sessions(transaction, filter, after, most + 1));
  DescribeSessionsResponse response;
  for (auto const& row : rows) {
    if (static_cast<std::int64_t>(response.sessions.size()) == most) {
      response.next_token = make_page_token(call, query, response.sessions.back().session_id);
      break;
    }
    response.sessions.push_back(describe(row));
  }
  return response;
}

}  // namespace

std::vector<Action> session_actions() {
  auto start = serves(kSsm, "StartSession", Accepts::principals, start_session);
  start.asks_gate = true;  // by admit()
  return {
      std::move(start),
      acts<SessionIdRequest, SessionAccess>(kSsm, "ResumeSession", resume_session, this_session),
      acts<SessionIdRequest, SessionIdResponse>(kSsm, "TerminateSession", terminate_session, this_session),
      acts<TargetRequest, ConnectionStatus>(kSsm, "GetConnectionStatus", get_connection_status),
      looks(kSsm, "DescribeSessions", describe_sessions),
  };
}

}  // namespace fumidai::api
