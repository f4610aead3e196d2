#include "policy/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "policy/statement_match.h"

namespace fumidai::policy {

namespace {

// An explanation is for reading; after the nearest few, more statements only hide them.
constexpr std::size_t kMostTold = 5;

std::string told(std::string_view text) {
  return escaped(text, 200);
}

std::string list_of(std::vector<std::string> const& texts, std::string_view last_word) {
  std::string list;
  auto shown = std::min(texts.size(), kMostTold);
  for (std::size_t i = 0; i < shown; i++) {
    if (i > 0) list += i + 1 == texts.size() ? fmt::format(" {} ", last_word) : ", ";
    list += "'" + told(texts[i]) + "'";
  }
  if (shown < texts.size()) list += fmt::format(" {} {} more", last_word, texts.size() - shown);
  return list;
}

std::string name_of(Ground const& ground) {
  auto sid = ground.sid.empty() ? "" : fmt::format(" ('{}')", told(ground.sid));
  return fmt::format("statement {}{} of {}", ground.statement, sid, told(ground.policy));
}

std::string lack_of(Layer layer, std::string const& principal) {
  switch (layer) {
    case Layer::identity:
    case Layer::resource: return "no statement of a policy of " + principal;
    case Layer::boundary: return "no statement of the permissions boundary of " + principal;
    case Layer::session: return "no statement of the session policy of " + principal;
    case Layer::endpoint: return "no statement of the VPC endpoint policy";
    case Layer::trust: return "no statement of the role's trust policy";
  }
  return "no statement";
}

std::string implicit_deny_sentence(Decision const& decision, std::string const& principal,
                                   std::string const& what) {
  std::string lacks;
  for (auto layer : decision.lacking) lacks += (lacks.empty() ? "" : " and ") + lack_of(layer, principal);
  auto would = decision.lacking.size() > 1 ? "an Allow statement for it in each of them would"
                                           : "an Allow statement for it there would";
  if (decision.lacking.size() == 1 && decision.lacking[0] == Layer::identity) {
    would = "an Allow statement for that action and resource would";
  }
  if (decision.lacking.size() == 1 && decision.lacking[0] == Layer::trust) {
    return fmt::format("denied: {} lets {} do {}; an Allow statement that names it as Principal would", lacks,
                       principal, what);
  }
  return fmt::format("denied: {} allows {}; {}", lacks, what, would);
}

FailedCondition failure_of(Condition const& condition, Context const& context) {
  FailedCondition failure{condition.op(), condition.key().name(), condition.values(), {}, {}};
  if (auto values = context.find(condition.key())) failure.actual = *values;
  if (auto variable = condition.unresolved_variable(context)) failure.unresolved = *variable;
  return failure;
}

std::optional<NearMiss> near_miss(Layer layer, NamedPolicy const& named, Statement const& statement,
                                  Request const& request) {
  Question question(request);
  bool speaks_of_it = statement.effect == Effect::allow && question.names_action(statement) &&
                      question.names_principal(statement) != Named::no;
  if (!speaks_of_it || question.matches(statement)) return {};
  NearMiss miss{
      {layer, named.name, statement.number, statement.sid}, {}, !statement.not_resources.empty(), {}};
  if (!question.names_resource(statement)) miss.other_resources = statement.resource_texts;
  for (auto& condition : statement.conditions) {
    if (!condition.holds(request.context)) miss.conditions.push_back(failure_of(condition, request.context));
  }
  return miss;
}

void collect(Layer layer, std::span<NamedPolicy const> policies, Request const& request,
             Explanation& explanation) {
  for (auto& named : policies) {
    for (auto& statement : named.policy->statements) {
      if (auto miss = near_miss(layer, named, statement, request)) {
        explanation.near_misses.push_back(*std::move(miss));
      }
    }
  }
}

void put_nearest_first(std::vector<NearMiss>& misses) {
  std::stable_sort(misses.begin(), misses.end(), [](NearMiss const& a, NearMiss const& b) {
    return std::pair(!a.other_resources.empty(), a.conditions.size()) <
           std::pair(!b.other_resources.empty(), b.conditions.size());
  });
}

std::string text_of(FailedCondition const& failure) {
  auto wants = fmt::format("{} of {} wants {}", failure.op, told(failure.key), list_of(failure.wanted, "or"));
  if (!failure.actual) return wants + ", and the request has no such key";
  auto has = ", and the request has " + list_of(*failure.actual, "and");
  if (failure.unresolved) has += fmt::format(" but no one value for ${{{}}}", told(*failure.unresolved));
  return wants + has;
}

std::string text_of(NearMiss const& miss) {
  std::vector<std::string> reasons;
  if (!miss.other_resources.empty()) {
    auto resources = list_of(miss.other_resources, miss.names_all_but ? "and" : "or");
    reasons.push_back((miss.names_all_but ? "it spares " : "it is about ") + resources);
  }
  for (auto& failure : miss.conditions) reasons.push_back(text_of(failure));
  return fmt::format("{} allows the action, but {}.", name_of(miss.statement), fmt::join(reasons, "; and "));
}

Explanation begin(Decision decision, Request const& request) {
  auto said = sentence(decision, request);
  return {std::move(decision), std::move(said), {}};
}

}  // namespace

std::string sentence(Decision const& decision, Request const& request) {
  auto principal = told(request.principal.name());
  auto what = fmt::format("{} on {}", told(request.action), told(decision.resource));
  switch (decision.outcome) {
    case Outcome::allow:
      if (!decision.ground) {
        return fmt::format("allowed: {} is the root of the account; an explicit Deny would stop it",
                           principal);
      }
      return fmt::format("allowed: {} allows {}; without it, or with a Deny for it, {} could not",
                         name_of(*decision.ground), what, principal);
    case Outcome::explicit_deny:
      return fmt::format(
          "denied explicitly by {} for {}; no Allow outweighs it, so that statement has to change",
          name_of(*decision.ground), what);
    case Outcome::implicit_deny: return implicit_deny_sentence(decision, principal, what);
  }
  return {};
}

std::string Explanation::text() const {
  auto text = sentence + ".";
  auto shown = std::min(near_misses.size(), kMostTold);
  for (std::size_t i = 0; i < shown; i++) text += " Near: " + text_of(near_misses[i]);
  if (shown < near_misses.size()) text += fmt::format(" ({} more came near.)", near_misses.size() - shown);
  return text;
}

Explanation explain(PolicySet const& policies, Request const& request) {
  auto explanation = begin(decide(policies, request), request);
  for (auto layer : explanation.decision.lacking) {
    switch (layer) {
      case Layer::identity:
        collect(Layer::identity, policies.identity, request, explanation);
        collect(Layer::resource, policies.resource, request, explanation);
        break;
      case Layer::boundary: collect(layer, *policies.boundary, request, explanation); break;
      case Layer::session: collect(layer, *policies.session, request, explanation); break;
      case Layer::endpoint: collect(layer, *policies.endpoint, request, explanation); break;
      case Layer::resource:
      case Layer::trust: break;  // never lacking here
    }
  }
  put_nearest_first(explanation.near_misses);
  return explanation;
}

Explanation explain_trust(NamedPolicy const& trust, Request const& request) {
  auto explanation = begin(decide_trust(trust, request), request);
  if (!explanation.decision.lacking.empty()) collect(Layer::trust, {&trust, 1}, request, explanation);
  put_nearest_first(explanation.near_misses);
  return explanation;
}

}  // namespace fumidai::policy
