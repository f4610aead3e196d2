#pragma once

// Names of resources and principals, "arn:partition:service:region:account:rest", and the patterns that
// policies compare them with.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/pattern.h"

namespace fumidai::policy {

// A view of a name and of its six parts; the name must outlive it.
struct Arn {
  std::string_view text;
  std::array<std::string_view, 6> parts;

  static std::optional<Arn> split(std::string_view text);
  std::string_view account() const { return parts[4]; }
};

class ArnPattern {
 public:
  // Refuses what is neither "*" nor begins with "arn:", because it could never match.
  static Result<ArnPattern> compile(std::string_view text, Pattern::Variables variables);
  static ArnPattern everything() { return {}; }

  bool is_everything() const { return start_.empty(); }

  // Part by part, so that no wildcard and no value of a variable reaches over a colon; parts that the pattern
  // leaves out match. `unresolved` only if the other parts match.
  Match match(Arn const& arn, Context const& context) const;

  std::optional<std::string_view> unresolved_variable(Context const& context) const;

 private:
  struct Part {
    std::size_t index;
    Pattern pattern;
  };

  Result<void> add_part(std::size_t index, std::string_view text, Pattern::Variables variables);

  // The leading parts that are plain text, "arn:aws:ec2:", are compared at once. Empty: everything.
  std::string start_;
  std::size_t parts_in_start_ = 0;
  std::vector<Part> parts_;  // the others, without those that match anything
};

}  // namespace fumidai::policy
