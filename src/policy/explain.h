#pragma once

// Why a decision fell as it did, in English, for `fumidai explain` and for an administrator. Near misses
// quote policies and the request's context: they are not for the person who was refused.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluate.h"

namespace fumidai::policy {

// One sentence: what decided, and what would change it. Quotes nothing but names.
std::string sentence(Decision const& decision, Request const& request);

struct FailedCondition {
  std::string op, key;
  std::vector<std::string> wanted;
  std::optional<std::vector<std::string>> actual;  // nothing: the request has no such key
  std::optional<std::string> unresolved;           // a variable among `wanted` that has no value
};

// An Allow statement for the action, in a layer that lacked one, that did not match for what is listed.
struct NearMiss {
  Ground statement;
  std::vector<std::string> other_resources;  // what it names; empty when it does name the resource
  bool names_all_but;                        // the statement has NotResource
  std::vector<FailedCondition> conditions;
};

struct Explanation {
  Decision decision;
  std::string sentence;
  std::vector<NearMiss> near_misses;  // those that named the resource first

  // The sentence, and one for each of the nearest misses.
  std::string text() const;
};

// Decides again, and looks at what almost matched.
Explanation explain(PolicySet const& policies, Request const& request);
Explanation explain_trust(NamedPolicy const& trust, Request const& request);

}  // namespace fumidai::policy
