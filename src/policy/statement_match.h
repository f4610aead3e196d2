#pragma once

// Whether a statement speaks about a request, asked separately for each of its elements so that an
// explanation can say which one did not fit.

#include <optional>
#include <string>

#include "policy/arn.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace fumidai::policy {

// A request made ready to be compared with many statements. The request must outlive it.
class Question {
 public:
  explicit Question(Request const& request);

  // In a policy without principals: directly.
  Named names_principal(Statement const& statement) const;
  bool names_action(Statement const& statement) const;
  bool names_resource(Statement const& statement) const;
  bool meets_conditions(Statement const& statement) const;

  bool matches(Statement const& statement) const;

 private:
  Match match(ArnPattern const& pattern) const;

  Request const& request_;
  std::string action_;
  std::optional<Arn> arn_;
};

}  // namespace fumidai::policy
