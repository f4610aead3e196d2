#include "sessions/gate.h"

#include "base/bytes.h"
#include "base/random.h"
#include "identity/authenticator.h"
#include "identity/managed_policies.h"
#include "inventory/instances.h"
#include "inventory/tags.h"
#include "policy/explain.h"
#include "policy/start_session.h"
#include "sessions/targets.h"
#include "wire/session_payloads.h"

namespace fumidai::sessions {

namespace {

// The refusal in the words that AWS's users know, and what to do next. The protocol gives the name its own
// form.
Error refusal_of(policy::Decision const& decision, policy::Request const& request,
                 std::string const& request_id) {
  std::string why;
  if (decision.outcome == policy::Outcome::explicit_deny) {
    auto layer = decision.ground ? policy::to_string(decision.ground->layer) : "identity-based policy";
    why =
        "with an explicit deny in a" + std::string(layer.starts_with('i') ? "n " : " ") + std::string(layer);
  } else {
    auto layer =
        decision.lacking.empty() ? "identity-based policy" : policy::to_string(decision.lacking.front());
    why = "because no " + std::string(layer) + " allows the " + request.action + " action";
  }
  return {Errc::denied,
          "User: " + request.principal.arn + " is not authorized to perform: " + request.action +
              " on resource: " + decision.resource + " " + why +
              ". What would change that, an administrator is told by: fumidai explain " + request_id,
          "AccessDenied"};
}

std::string ground_in_words(policy::Decision const& decision) {
  if (!decision.ground) return decision.allowed() ? "no statement was needed" : "no statement allows it";
  auto const& ground = *decision.ground;
  auto sid = ground.sid.empty() ? "" : " ('" + ground.sid + "')";
  return "statement " + std::to_string(ground.statement) + sid + " of " + ground.policy;
}

Error access_denied(std::string detail) {
  return {Errc::denied, std::move(detail), "AccessDenied"};
}

Error target_not_connected(std::string detail) {
  return {Errc::not_found, std::move(detail), "TargetNotConnected"};
}

// The command of a session is what its user wants; what he types into it is not known here.
boost::json::object facts_of(SessionAsk const& ask, std::string const& document) {
  boost::json::object facts{{"target", ask.target}, {"document", document}};
  if (!ask.reason.empty()) facts["reason"] = ask.reason;
  boost::json::object parameters;
  for (auto const& [name, values] : ask.parameters) {
    boost::json::array list;
    for (auto const& value : values) list.push_back(wire::detail::fact_of(value));
    parameters[name] = std::move(list);
  }
  if (!parameters.empty()) facts["parameters"] = std::move(parameters);
  return facts;
}

// Of an assumed role, by one who may: for how long, and limited by what.
Result<void> check_terms(store::Transaction& transaction, AssumeAsk const& ask, identity::Role const& role) {
  if (ask.duration > role.longest_session)
    return Error{Errc::invalid,
                 "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                 "ValidationError"};
  if (!ask.policies) return success();
  for (auto const& arn : ask.policies->arns) CHECK(identity::find_policy(transaction, arn));
  return success();
}

}  // namespace

Gate::Gate(store::Database& database, networks::Keeper& networks, identity::Deployment const& deployment,
           audit::Trail const& trail, Clock const& clock, SessionLimits limits)
    : database_(database),
      deployment_(deployment),
      trail_(trail),
      clock_(clock),
      limits_(limits),
      questions_(networks, deployment, clock),
      known_(questions_, networks, deployment, clock) {}

Result<std::string> Gate::why_no_session(store::Transaction& transaction, model::Caller const& caller,
                                         InstanceId const& target, std::string const& document) {
  TRY(auto policies, questions_.policies_for(transaction, caller));
  TRY(auto question, questions_.start_session(transaction, caller, target, document));
  if (policy::decide_start_session(policies, question).allowed()) return std::string();
  return policy::explain_start_session(policies, question);
}

Result<std::string> Gate::why_not(store::Transaction& transaction, Ask ask) {
  TRY(auto verdict, decide(transaction, ask));
  auto const& decided = verdict.decided;
  if (decided.allowed) return std::string();
  return decided.would_change.empty() ? decided.decided_by : decided.would_change;
}

Result<bool> Gate::allows(store::Transaction& transaction, Ask ask) {
  TRY(auto verdict, decide(transaction, ask));
  return verdict.decided.allowed;
}

Result<Gate::Verdict> Gate::decide(store::Transaction& transaction, Ask& ask) {
  TRY(auto lost, known_.lost_role(transaction, ask.caller));
  if (!lost.empty()) {
    auto instance = ask.caller.principal.instance->text();
    return Verdict{{ask.caller, ask.action, std::move(instance), false, lost, "", ask.facts},
                   access_denied(lost)};
  }
  if (ask.complete) CHECK(ask.complete(transaction, ask));
  TRY(auto policies, questions_.policies_for(transaction, ask.caller));
  std::vector<policy::Request> requests;
  for (auto const& resource : ask.resources) {
    TRY(auto request, questions_.request_for(transaction, ask.caller, ask.action, resource, ask.context));
    requests.push_back(std::move(request));
  }
  for (auto const& each : ask.also) {
    TRY(auto request,
        questions_.request_for(transaction, ask.caller, each.action, each.resource, each.context));
    requests.push_back(std::move(request));
  }
  if (requests.empty()) return Error{Errc::system, ask.action + " asks about nothing"};
  auto decision = policy::decide_all(policies, requests);
  auto const& request = requests[decision.index];
  auto ground = ground_in_words(decision);
  // Near misses cost a second look, and matter only for what was refused.
  auto would_change =
      decision.allowed() ? policy::sentence(decision, request) : policy::explain(policies, request).text();
  audit::Decided decided_event{ask.caller,
                               decision.allowed() ? ask.action : request.action,
                               decision.resource.empty() ? request.resource : decision.resource,
                               decision.allowed(),
                               ground,
                               would_change,
                               ask.facts};
  return Verdict{std::move(decided_event), refusal_of(decision, request, ask.caller.request_id)};
}

// What comes too often to be an event each time is counted.
bool Gate::is_counted(Ask const& ask, Verdict const& verdict) {
  auto const& who = ask.caller.principal.arn;
  if (verdict.decided.allowed) {
    if (ask.recorded != Recorded::counted) return false;
    counts_.routine(who, ask.action, clock_.now());
    return true;
  }
  return counts_.refused_again(who, ask.action, verdict.decided.resource, clock_.now());
}

Result<void> Gate::record(store::Transaction& transaction, Ask const& ask, Verdict const& verdict) {
  if (is_counted(ask, verdict)) return success();
  return trail_.append(transaction, verdict.decided.to_event());
}

void Gate::record_soon(Ask const& ask, Verdict const& verdict) {
  if (is_counted(ask, verdict)) return;
  database_.write_soon([this, event = verdict.decided.to_event()](store::Transaction& transaction) {
    return trail_.append(transaction, event);
  });
}

// The change was allowed and rolled back with its event: what is left is that it was tried.
void Gate::record_failure(Ask const& ask, Error const& error) {
  audit::Decided decided{
      ask.caller, ask.action, ask.resources.empty() ? "*" : ask.resources.front(), true, "", "", ask.facts};
  auto event = decided.to_event();
  event.outcome = "failed";
  auto facts = ask.facts;
  facts["error"] = std::string(error.aws);
  facts["why"] = error.detail;
  event.detail = wire::to_text(facts);
  database_.write_soon(
      [this, event](store::Transaction& transaction) { return trail_.append(transaction, event); });
}

awaitable<Result<void>> Gate::change(Ask ask, Work make, std::function<boost::json::object()> made) {
  std::optional<Error> refusal;  // is recorded as well, so its transaction is kept
  auto work = [&](store::Transaction& transaction) -> Result<void> {
    TRY(auto verdict, decide(transaction, ask));
    if (!verdict.decided.allowed) {
      refusal = verdict.refusal;
      return record(transaction, ask, verdict);
    }
    CHECK(make(transaction));
    if (made) verdict.decided.facts["made"] = made();
    return record(transaction, ask, verdict);
  };
  auto done = co_await database_.write(std::move(work));
  if (!done) record_failure(ask, done.error());
  if (done && refusal) co_return *std::move(refusal);
  co_return done;
}

awaitable<Result<void>> Gate::look(Ask ask, Work find) {
  auto work = [&](store::Transaction& transaction) -> Result<void> {
    TRY(auto verdict, decide(transaction, ask));
    record_soon(ask, verdict);
    if (!verdict.decided.allowed) return verdict.refusal;
    return find(transaction);
  };
  co_return co_await database_.read(std::move(work));
}

awaitable<Result<void>> Gate::authorize(Ask ask) {
  Work nothing = [](store::Transaction&) { return success(); };
  co_return co_await look(std::move(ask), std::move(nothing));
}

awaitable<Result<Admission>> Gate::admit(SessionAsk ask) {
  std::optional<Error> refusal;  // is recorded as well, so its transaction is kept
  auto work = [&](store::Transaction& transaction) { return admit_now(transaction, ask, refusal); };
  auto admission = co_await database_.write(std::move(work));
  if (admission && refusal) co_return *std::move(refusal);
  co_return admission;
}

Result<Admission> Gate::admit_now(store::Transaction& transaction, SessionAsk const& ask,
                                  std::optional<Error>& refusal) {
  auto document_name = ask.document.empty() ? std::string(model::kDefaultDocument) : ask.document;
  InstanceId target(ask.target);
  auto node_arn = model::instance_arn(deployment_.region, target);
  TRY(auto policies, questions_.policies_for(transaction, ask.caller));
  TRY(auto question, questions_.start_session(transaction, ask.caller, target, ask.document));
  auto decision = policy::decide_start_session(policies, question);
  auto ground = ground_in_words(decision);
  auto const& decided = decision.resource == question.document.resource ? question.document : question.node;
  auto facts = facts_of(ask, document_name);

  auto refuse = [&](Error error, bool allowed, std::string const& would_change) -> Result<Admission> {
    auto event =
        audit::Decided{ask.caller, "ssm:StartSession", decided.resource, allowed, ground, would_change, facts}
            .to_event();
    if (allowed) event.outcome = "failed";
    refusal = std::move(error);
    bool is_counted = !allowed && counts_.refused_again(ask.caller.principal.arn, "ssm:StartSession",
                                                        decided.resource, clock_.now());
    if (!is_counted) CHECK(trail_.append(transaction, event));
    return Admission{};
  };
  TRY(auto lost, known_.lost_role(transaction, ask.caller));
  if (!lost.empty()) return refuse(access_denied(lost), false, lost);
  if (!decision.allowed())
    return refuse(refusal_of(decision, decided, ask.caller.request_id), false,
                  policy::explain_start_session(policies, question));

  // Only whoever may reach the target learns whether it exists.
  auto now = clock_.now();
  auto instance = inventory::find_instance(transaction, target);
  if (!instance) {
    if (instance.error().code != Errc::not_found) return instance.error();
    TRY(auto why, known_.why_never_seen(transaction, target));
    return refuse(target_not_connected(escaped(ask.target, 128) + " is not connected: " + why), true,
                  "the target is not registered");
  }
  TRY(auto obstacle, known_.obstacle_to(transaction, target));
  if (obstacle)
    return refuse(target_not_connected(ask.target + " is not connected: " + *obstacle + "."), true,
                  *obstacle);
  if (!instance->is_connected()) {
    TRY(auto absence, known_.absence_of(transaction, *instance));
    return refuse(target_not_connected(absence), true, absence);
  }
  auto document = model::find_session_document(document_name);
  if (!document) return refuse(document.error(), true, document.error().detail);
  auto parameters = model::resolve_parameters(*document, ask.parameters);
  if (!parameters) return refuse(parameters.error(), true, parameters.error().detail);

  Admission admission;
  admission.type = document->type;
  admission.session = {random_session_id(ask.caller.principal.name),
                       target,
                       ask.caller.principal.arn,
                       ask.caller.principal.id,
                       document->name,
                       ask.reason,
                       model::SessionState::connecting,
                       "",
                       now,
                       {},
                       limits_.idle,
                       limits_.duration,
                       ground};
  wire::InteractiveShellContent content{
      document->name,          document->content, admission.session.id.text(), *parameters, "",
      ask.caller.principal.arn};
  admission.shell_content = wire::to_json_text(content);
  CHECK(add_session(transaction, admission.session));
  audit::SessionStarted event{ask.caller, admission.session.id,
                              node_arn,   std::move(facts),
                              ground,     policy::sentence(decision, decided)};
  CHECK(trail_.append(transaction, event.to_event()));
  return admission;
}

void Gate::record_refusal(model::Caller const& caller, std::string action, std::string resource,
                          Error const& why, boost::json::object facts) {
  Ask ask;
  ask.caller = caller;
  ask.action = std::move(action);
  record_soon(ask,
              {{ask.caller, ask.action, std::move(resource), false, why.detail, "", std::move(facts)}, why});
}

awaitable<Result<identity::Role>> Gate::assume(AssumeAsk ask) {
  std::optional<Error> refusal;
  auto work = [&](store::Transaction& transaction) { return assume_now(transaction, ask, refusal); };
  auto role = co_await database_.write(std::move(work));
  if (role && refusal) co_return *std::move(refusal);
  co_return role;
}

Result<identity::Role> Gate::assume_now(store::Transaction& transaction, AssumeAsk const& ask,
                                        std::optional<Error>& refusal) {
  std::map<std::string, std::vector<std::string>> context{{"sts:RoleSessionName", {ask.session_name}}};
  if (!ask.external_id.empty()) context["sts:ExternalId"] = {ask.external_id};
  TRY(auto request, questions_.request_for(transaction, ask.caller, "sts:AssumeRole", ask.role_arn, context));
  TRY(auto policies, questions_.policies_for(transaction, ask.caller));

  auto record = [&](policy::Decision const& decision, std::string_view outcome,
                    std::string const& would_change) -> Result<void> {
    boost::json::object facts{{"roleSession", ask.session_name},
                              {"seconds", ask.duration.count()},
                              {"externalIdGiven", !ask.external_id.empty()}};
    if (ask.policies) {
      facts["sessionPolicy"] = wire::detail::fact_of(ask.policies->document);
      facts["policyArns"] = boost::json::array(ask.policies->arns.begin(), ask.policies->arns.end());
    }
    auto event =
        audit::Decided{
            ask.caller,   request.action,  request.resource, decision.allowed(), ground_in_words(decision),
            would_change, std::move(facts)}
            .to_event();
    event.outcome = outcome;
    return trail_.append(transaction, event);
  };
  auto refuse = [&](policy::Decision const& decision,
                    std::string const& would_change) -> Result<identity::Role> {
    bool is_counted =
        counts_.refused_again(ask.caller.principal.arn, "sts:AssumeRole", request.resource, clock_.now());
    if (!is_counted) CHECK(record(decision, "denied", would_change));
    refusal = refusal_of(decision, request, ask.caller.request_id);
    return identity::Role{};
  };

  auto decision = policy::decide(policies, request);
  TRY(auto lost, known_.lost_role(transaction, ask.caller));
  if (!lost.empty()) {
    TRY(auto none, refuse({policy::Outcome::implicit_deny, {}, {}, request.resource}, lost));
    refusal = access_denied(lost);
    return none;
  }
  if (!decision.allowed()) return refuse(decision, policy::explain(policies, request).text());
  auto role = identity::find_role(transaction, ask.role_arn.substr(ask.role_arn.rfind('/') + 1));
  if (!role && role.error().code != Errc::not_found) return role.error();
  bool is_it = role && model::role_arn(deployment_.region, role->path, role->name) == ask.role_arn;
  if (!is_it) {
    // To the caller the same as a role that does not trust him.
    policy::Decision nobody{policy::Outcome::implicit_deny, {}, {policy::Layer::trust}, request.resource};
    return refuse(nobody, "there is no such role");
  }
  TRY(auto trust, questions_.trust_of(*role));
  auto trusted = policy::decide_trust(trust, request);
  if (!trusted.allowed()) return refuse(trusted, policy::explain_trust(trust, request).text());
  auto terms = check_terms(transaction, ask, *role);
  if (!terms) {
    CHECK(record(trusted, "failed", terms.error().detail));
    refusal = terms.error();
    return identity::Role{};
  }
  CHECK(record(trusted, "allowed", policy::sentence(trusted, request)));
  return *std::move(role);
}

void Gate::count_refusal(std::string const& address, std::string_view reason) {
  counts_.refused(address, reason, clock_.now());
}

void Gate::count_routine(model::Caller const& caller, std::string const& action) {
  counts_.routine(caller.principal.arn, action, clock_.now());
}

void Gate::flush_counts(Time until) {
  auto events = counts_.take(until);
  if (events.empty()) return;
  database_.write_soon([this, events](store::Transaction& transaction) -> Result<void> {
    for (auto const& event : events) CHECK(trail_.append(transaction, event));
    return success();
  });
}

}  // namespace fumidai::sessions
