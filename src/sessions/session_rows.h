#pragma once

// Sessions in the store: who, what, when, and how each ended.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "model/session_state.h"
#include "store/transaction.h"

namespace fumidai::sessions {

// What a tunnel has for a document: one of AWS's clients, which ends with their connection, and one of ours,
// which both its ends may come back to.
inline constexpr std::string_view kTunnelDocument = "OpenTunnel";
inline constexpr std::string_view kResumableTunnelDocument = "Fumidai-OpenTunnel";

struct SessionRow {
  SessionId id;
  InstanceId target;
  std::string owner;     // ARN
  std::string owner_id;  // what policies call aws:userid
  std::string document, reason;
  model::SessionState state = model::SessionState::connecting;
  std::string details;  // why it ended
  Time started_at{};
  std::optional<Time> ended_at;
  std::chrono::seconds idle_limit{}, duration_limit{};  // zero: none
  std::string admission;                                // the sentence that decided
  std::string endpoint = {};                            // of a tunnel: through which it leads
  InstanceId carrier = {};                              // of a tunnel that an agent carries: whose agent

  // Whose agent serves it.
  InstanceId const& agent() const { return carrier.text().empty() ? target : carrier; }
};

struct SessionFilter {
  bool active = true;  // or the history
  std::string target, owner, status, id;
  std::optional<Time> invoked_after, invoked_before;
  bool none = false;  // of a kind that is not here
};

// Begins with the caller's name, as AWS's do.
SessionId random_session_id(std::string const& caller_name);
Result<void> add_session(store::Transaction& transaction, SessionRow const& row);
// Error: not_found with DoesNotExistException.
Result<SessionRow> find_session(store::Transaction& transaction, SessionId const& id);
// Newest first; `before` continues a page.
Result<std::vector<SessionRow>> list_sessions(store::Transaction& transaction, SessionFilter const& filter,
                                              std::optional<SessionRow> const& after, std::int64_t most);
// Sessions that are not over: at start these may still come back.
Result<std::vector<SessionRow>> open_sessions(store::Transaction& transaction);

// One statement that says from which state; the tables refuse an illegal move. False when the session is over
// already.
Result<bool> move_session(store::Transaction& transaction, SessionId const& id, model::SessionState to,
                          std::string const& details, Time now);

}  // namespace fumidai::sessions
