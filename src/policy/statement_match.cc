#include "policy/statement_match.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::policy {

Question::Question(Request const& request)
    : request_(request), action_(to_lower(request.action)), arn_(Arn::split(request.resource)) {}

bool Question::matches(Statement const& statement) const {
  return names_action(statement) && names_resource(statement) && names_principal(statement) != Named::no &&
         meets_conditions(statement);
}

Named Question::names_principal(Statement const& statement) const {
  auto closest = [&](std::vector<PrincipalPattern> const& patterns) {
    auto best = Named::no;
    for (auto& pattern : patterns) best = std::max(best, pattern.names(request_.principal));
    return best;
  };
  if (!statement.principals.empty()) return closest(statement.principals);
  return closest(statement.not_principals) == Named::no ? Named::directly : Named::no;
}

bool Question::names_action(Statement const& statement) const {
  auto fits = [&](Pattern const& pattern) { return pattern.match(action_, request_.context) == Match::yes; };
  if (!statement.actions.empty()) {
    return std::any_of(statement.actions.begin(), statement.actions.end(), fits);
  }
  return std::none_of(statement.not_actions.begin(), statement.not_actions.end(), fits);
}

Match Question::match(ArnPattern const& pattern) const {
  if (pattern.is_everything()) return Match::yes;
  return arn_ ? pattern.match(*arn_, request_.context) : Match::no;
}

bool Question::names_resource(Statement const& statement) const {
  for (auto& pattern : statement.resources) {
    if (match(pattern) == Match::yes) return true;
  }
  if (!statement.resources.empty()) return false;
  for (auto& pattern : statement.not_resources) {
    auto matched = match(pattern);
    if (matched == Match::yes) return false;
    // "All but what is mine", asked by somebody for whom "mine" has no meaning, must not allow everything.
    if (matched == Match::unresolved && statement.effect == Effect::allow) return false;
  }
  return true;
}

bool Question::meets_conditions(Statement const& statement) const {
  auto holds = [&](Condition const& condition) { return condition.holds(request_.context); };
  return std::all_of(statement.conditions.begin(), statement.conditions.end(), holds);
}

}  // namespace fumidai::policy
