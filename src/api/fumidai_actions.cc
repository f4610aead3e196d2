// Operations for which AWS has no action: the audit trail, explanations, and finding targets by their names.

#include "api/action.h"
#include "audit/checkpoint_file.h"
#include "audit/trail.h"
#include "sessions/targets.h"

namespace fumidai::api {

namespace {

struct ListEventsRequest {
  std::optional<std::string> kind, outcome, principal, session_id, request_id;
  std::optional<std::int64_t> before, max_results;
  static constexpr wire::Limit kLimits[] = {{"max_results", 1, 1000}, {"before", 0, std::int64_t{1} << 62}};
};
BOOST_DESCRIBE_STRUCT(ListEventsRequest, (),
                      (kind, outcome, principal, session_id, request_id, before, max_results))

struct ListEventsResponse {
  std::vector<boost::json::object> events;
};
BOOST_DESCRIBE_STRUCT(ListEventsResponse, (), (events))

Result<ListEventsResponse> list_events(store::Transaction& transaction, Call const&,
                                       ListEventsRequest const& request) {
  audit::EventFilter filter{request.kind.value_or(""),       request.outcome.value_or(""),
                            request.principal.value_or(""),  request.session_id.value_or(""),
                            request.request_id.value_or(""), request.before.value_or(0)};
  TRY(auto events, audit::list_events(transaction, filter, request.max_results.value_or(100)));
  ListEventsResponse response;
  for (auto const& event : events) response.events.push_back(event.to_json());
  return response;
}

struct VerifyEventsResponse {
  std::int64_t events = 0;
  std::vector<std::string> faults;
  std::string checkpoint;  // the head of the chain, to be kept elsewhere
};
BOOST_DESCRIBE_STRUCT(VerifyEventsResponse, (), (events, faults, checkpoint))

struct VerifyEventsRequest {
  std::optional<std::string> checkpoint;
  static constexpr wire::Limit kLimits[] = {{"checkpoint", 1, 1024}};
};
BOOST_DESCRIBE_STRUCT(VerifyEventsRequest, (), (checkpoint))

// In pages: the store has others to serve.
awaitable<Result<VerifyEventsResponse>> verify_events(Call const& call, VerifyEventsRequest const& request) {
  auto& gate = call.plane.gate;
  std::optional<audit::Checkpoint> voucher;
  if (request.checkpoint) {
    auto parsed = audit::Checkpoint::parse(*request.checkpoint);
    if (!parsed) co_return Error{Errc::invalid, parsed.error().detail, "ValidationException"};
    voucher = *std::move(parsed);
  }
  // Asked before the store, which never lags behind it.
  auto known = call.plane.checkpoints.known(gate.trail());
  audit::Verification verification(gate.trail(), std::move(known.checkpoints), std::move(voucher));
  std::function<Result<bool>(store::Transaction&)> page = [&](store::Transaction& transaction) {
    return verification.examine_page(transaction);
  };
  for (bool more = true; more;) {
    CO_TRY(more, co_await gate.read(page));
  }
  std::function<Result<audit::Checkpoint>(store::Transaction&)> head = [&](store::Transaction& transaction) {
    return gate.trail().checkpoint(transaction);
  };
  CO_TRY(auto newest, co_await gate.read(head));
  auto verdict = verification.finish();
  if (known.fault) verdict.faults.push_back(*known.fault);
  co_return VerifyEventsResponse{verdict.events, verdict.faults, newest.to_text()};
}

struct ExplainRequest {
  std::string id;
  static constexpr wire::Limit kLimits[] = {{"id", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ExplainRequest, (), (id))

struct ExplainResponse {
  std::vector<boost::json::object> events;  // oldest first
};
BOOST_DESCRIBE_STRUCT(ExplainResponse, (), (events))

// The id of a session, of a request, or the number of an event.
Result<ExplainResponse> explain(store::Transaction& transaction, Call const&, ExplainRequest const& request) {
  std::vector<audit::Event> events;
  bool is_number = request.id.size() < 19 && std::all_of(request.id.begin(), request.id.end(),
                                                         [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    auto number = std::stoll(request.id);
    TRY(events, audit::list_events(transaction, {.before = number + 1}, 1));
    if (!events.empty() && events[0].seq != number) events.clear();
  } else {
    TRY(events, audit::list_events(transaction, {.session_id = request.id}, 100));
    TRY(auto by_request, audit::list_events(transaction, {.request_id = request.id}, 100));
    events.insert(events.end(), by_request.begin(), by_request.end());
  }
  if (events.empty()) {
    return Error{Errc::not_found,
                 "Nothing is known of '" + escaped(request.id, 128) +
                     "'. Give the id of a session, of a request, or the number of an event; `fumidai audit "
                     "list` shows "
                     "them.",
                 "DoesNotExistException"};
  }
  ExplainResponse response;
  for (auto event = events.rbegin(); event != events.rend(); ++event)
    response.events.push_back(event->to_json());
  return response;
}

struct ResolveTargetRequest {
  std::string target;
  static constexpr wire::Limit kLimits[] = {{"target", 1, 256, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ResolveTargetRequest, (), (target))

struct ResolvedTarget {
  std::string instance_id, name;
  bool connected = false;
};
BOOST_DESCRIBE_STRUCT(ResolvedTarget, (), (instance_id, name, connected))

struct ResolveTargetResponse {
  std::vector<ResolvedTarget> candidates;  // one
};
BOOST_DESCRIBE_STRUCT(ResolveTargetResponse, (), (candidates))

struct ListTargetsResponse {
  std::vector<ResolvedTarget> targets;
};
BOOST_DESCRIBE_STRUCT(ListTargetsResponse, (), (targets))

Result<std::vector<ResolvedTarget>> describe(store::Transaction& transaction, Call const& call,
                                             std::vector<inventory::Instance> const& instances) {
  TRY(auto state, call.plane.networks.read(transaction));
  std::vector<ResolvedTarget> described;
  for (auto const& instance : instances)
    described.push_back(
        {instance.id.text(), sessions::name_of_target(*state, instance), instance.is_connected()});
  return described;
}

Result<ResolveTargetResponse> resolve_target(store::Transaction& transaction, Call const& call,
                                             ResolveTargetRequest const& request) {
  TRY(auto target, sessions::the_target(transaction, call.plane.networks, request.target));
  TRY(auto candidates, describe(transaction, call, {std::move(target)}));
  return ResolveTargetResponse{std::move(candidates)};
}

// All that a session can aim at, by their names.
Result<ListTargetsResponse> list_targets(store::Transaction& transaction, Call const& call, Nothing const&) {
  TRY(auto instances, sessions::all_targets(transaction, call.plane.networks));
  TRY(auto targets, describe(transaction, call, instances));
  return ListTargetsResponse{std::move(targets)};
}

}  // namespace

std::vector<Action> fumidai_actions() {
  return {
      looks(kFumidai, "ListEvents", list_events),
      acts<VerifyEventsRequest, VerifyEventsResponse>(kFumidai, "VerifyEvents", verify_events),
      looks(kFumidai, "Explain", explain),
      looks(kFumidai, "ResolveTarget", resolve_target),
      looks(kFumidai, "ListTargets", list_targets),
  };
}

}  // namespace fumidai::api
