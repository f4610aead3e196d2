#include "policy/start_session.h"

#include "policy/explain.h"

namespace fumidai::policy {

namespace {

constexpr std::string_view kAccessCheck = "ssm:SessionDocumentAccessCheck";

Request with_access_check(Request request, std::string value) {
  request.context.set(kAccessCheck, std::move(value));
  return request;
}

}  // namespace

std::vector<Request> deciding_round(PolicySet const& policies, StartSession const& asked) {
  if (!asked.document_named) {
    auto node_alone = with_access_check(asked.node, "false");
    // Allowed here means that the document is not looked at: the trap that AWS made the key for, kept as it
    // is.
    if (decide(policies, node_alone).outcome != Outcome::implicit_deny) return {std::move(node_alone)};
  }
  return {with_access_check(asked.node, "true"), with_access_check(asked.document, "true")};
}

Decision decide_start_session(PolicySet const& policies, StartSession const& asked) {
  return decide_all(policies, deciding_round(policies, asked));
}

std::string explain_start_session(PolicySet const& policies, StartSession const& asked) {
  auto round = deciding_round(policies, asked);
  std::string text;
  for (auto& request : round) {
    auto explanation = explain(policies, request);
    if (explanation.decision.allowed()) continue;
    text += (text.empty() ? "" : " ") + explanation.text();
  }
  return text.empty() ? explain(policies, round.front()).text() : text;
}

}  // namespace fumidai::policy
