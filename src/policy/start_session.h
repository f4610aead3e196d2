#pragma once

// ssm:StartSession touches a node and a document, and AWS asks about the document only when somebody made it
// matter: the caller by naming one, or the policy by a condition on ssm:SessionDocumentAccessCheck.

#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace fumidai::policy {

// The two evaluations. Each request carries the tags of its own resource in its context.
struct StartSession {
  Request node;
  Request document;
  bool document_named = false;  // false: the default shell document
};

Decision decide_start_session(PolicySet const& policies, StartSession const& asked);

// What decide_start_session decided on, in the round that counted: the node alone, or the node and the
// document.
std::vector<Request> deciding_round(PolicySet const& policies, StartSession const& asked);

// Explanation::text() for each request of that round that was refused; for the first of them when none was.
std::string explain_start_session(PolicySet const& policies, StartSession const& asked);

}  // namespace fumidai::policy
