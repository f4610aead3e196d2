#pragma once

// The gate: the one place that admits. It decides by the policies, records the decision, and makes what was
// asked for happen, in one transaction. Doors and the API ask it; none of them decides anything.

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/tally.h"
#include "audit/trail.h"
#include "base/awaitable.h"
#include "identity/deployment.h"
#include "identity/roles.h"
#include "model/caller.h"
#include "model/session_document.h"
#include "policy/evaluate.h"
#include "sessions/known_networks.h"
#include "sessions/questions.h"
#include "sessions/session_rows.h"
#include "store/database.h"

namespace fumidai::sessions {

// How an allowed call is recorded.
enum class Recorded {
  each,     // an event of its own
  counted,  // what agents do all the time: one event an hour, principal and action
};

// Another action that the caller must be allowed as well, as iam:PassRole is for who hands a role on.
struct Also {
  std::string action, resource;
  std::map<std::string, std::vector<std::string>> context;
};

// May this caller do this, to these?
struct Ask {
  model::Caller caller;
  std::string action;                       // "ssm:DescribeSessions"
  std::vector<std::string> resources{"*"};  // ARNs; all must be allowed
  std::map<std::string, std::vector<std::string>> context;
  std::vector<Also> also;
  boost::json::object facts;  // for the event; never a secret
  Recorded recorded = Recorded::each;
  // Adds what the store knows of the resources (the path in an ARN) before the decision, in its transaction.
  std::function<Result<void>(store::Transaction&, Ask&)> complete = {};
};

struct SessionLimits {
  std::chrono::seconds idle{20 * 60};
  std::chrono::seconds duration{0};  // zero: none
};

// May this caller open a session, and on what terms?
struct SessionAsk {
  model::Caller caller;
  std::string target;    // as the caller wrote it
  std::string document;  // empty: the default
  model::DocumentParameters parameters;
  std::string reason;
};

// May this caller be this role, for so long?
struct AssumeAsk {
  model::Caller caller;
  std::string role_arn;  // as the caller wrote it
  std::string session_name;
  std::string external_id;  // may be empty
  std::chrono::seconds duration;
  std::optional<model::SessionPolicies> policies;
};

// A session that was admitted. Plain values, so that the gate can live in a process of its own.
struct Admission {
  SessionRow session;
  model::SessionType type;
  std::string shell_content;        // InteractiveShellContent as JSON, for the agent
  std::shared_ptr<void> kept = {};  // as long as the session
};

class Gate {
 public:
  Gate(store::Database& database, networks::Keeper& networks, identity::Deployment const& deployment,
       audit::Trail const& trail, Clock const& clock, SessionLimits limits);

  // Errors: denied; not_found or unavailable with TargetNotConnected; the document's.
  awaitable<Result<Admission>> admit(SessionAsk ask);

  // The role, when the caller's policies and the role's trust policy both let him. Errors: denied, also for a
  // role that is not there; invalid with ValidationError, for a longer time than the role's; not_found with
  // NoSuchEntity, for a policy of the session.
  awaitable<Result<identity::Role>> assume(AssumeAsk ask);

  Questions& questions() { return questions_; }
  KnownNetworks& networks() { return known_; }

  // Why this caller may start no session on that target, of a document that he names or of the default one,
  // in words; empty when he may.
  Result<std::string> why_no_session(store::Transaction& transaction, model::Caller const& caller,
                                     InstanceId const& target, std::string const& document = {});

  // Only decides: why the answer would be no, in words; empty when it would be yes.
  Result<std::string> why_not(store::Transaction& transaction, Ask ask);

  // Only decides, for a change that is decided and recorded by another question.
  Result<bool> allows(store::Transaction& transaction, Ask ask);

  // Only decides and records.
  awaitable<Result<void>> authorize(Ask ask);

  // What is to be done in the transaction of a decision. It may refer to what the caller of the gate has: it
  // runs before the gate answers, or never.
  using Work = std::function<Result<void>(store::Transaction&)>;

  // Decides, and makes the change in the same transaction as its event. A refusal is recorded, too. `made`
  // says for the event what came of it.
  awaitable<Result<void>> change(Ask ask, Work make, std::function<boost::json::object()> made = {});

  // Decides and looks, at one moment of the store. What was allowed is recorded with the next commit.
  awaitable<Result<void>> look(Ask ask, Work find);

  // For what carries its own proof instead of a caller, such as the code of an activation. It records its own
  // event.
  template <class T>
  awaitable<Result<T>> by_own_proof(std::function<Result<T>(store::Transaction&, audit::Trail const&)> make) {
    auto work = [this, make = std::move(make)](store::Transaction& transaction) {
      return make(transaction, trail_);
    };
    co_return co_await database_.write(std::move(work));
  }

  // Looks at the store for a caller who was admitted already.
  template <class T>
  awaitable<Result<T>> read(std::function<Result<T>(store::Transaction&)> find) {
    return database_.read(std::move(find));
  }

  // Writes what was only counted so far: each count when its time is over; before the end, all.
  void flush_counts(Time until);

  // A caller without proof was refused: counted, one event an address and minute.
  void count_refusal(std::string const& address, std::string_view reason);
  // What an agent does all the time and no policy decides: counted, one event an hour.
  void count_routine(model::Caller const& caller, std::string const& action);
  // A proven caller asked for what no policy can give him, as an agent that speaks for another.
  void record_refusal(model::Caller const& caller, std::string action, std::string resource, Error const& why,
                      boost::json::object facts = {});

  identity::Deployment const& deployment() const { return deployment_; }
  audit::Trail const& trail() const { return trail_; }
  Clock const& clock() const { return clock_; }

 private:
  struct Verdict {
    audit::Decided decided;
    Error refusal;
  };
  Result<Verdict> decide(store::Transaction& transaction, Ask& ask);
  Result<identity::Role> assume_now(store::Transaction& transaction, AssumeAsk const& ask,
                                    std::optional<Error>& refusal);
  Result<Admission> admit_now(store::Transaction& transaction, SessionAsk const& ask,
                              std::optional<Error>& refusal);
  Result<void> record(store::Transaction& transaction, Ask const& ask, Verdict const& verdict);
  void record_soon(Ask const& ask, Verdict const& verdict);
  bool is_counted(Ask const& ask, Verdict const& verdict);
  void record_failure(Ask const& ask, Error const& error);

  store::Database& database_;
  identity::Deployment const& deployment_;
  audit::Trail const& trail_;
  Clock const& clock_;
  SessionLimits limits_;
  Questions questions_;
  KnownNetworks known_;
  audit::Tally counts_;
};

}  // namespace fumidai::sessions
