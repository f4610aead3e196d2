#pragma once

// One test of a policy statement: an operator, a key, and the values that the key is compared with. Compiled
// when the policy is read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/cidr.h"
#include "base/clock.h"
#include "base/result.h"
#include "policy/arn.h"
#include "policy/context.h"
#include "policy/decimal.h"
#include "policy/pattern.h"

namespace fumidai::policy {

class Condition {
 public:
  // `op` as written, with prefix and suffix: "ForAnyValue:StringLikeIfExists". Refuses operators that do not
  // exist and values that the operator cannot read: each would be a rule that silently never holds.
  static Result<Condition> compile(std::string_view op, std::string_view key, std::vector<std::string> values,
                                   Pattern::Variables variables);

  bool holds(Context const& context) const;

  // For people.
  std::string const& op() const { return op_; }
  Key const& key() const { return key_; }
  std::vector<std::string> const& values() const { return values_; }
  std::optional<std::string_view> unresolved_variable(Context const& context) const;

 private:
  enum class Type { string, string_ignoring_case, string_like, number, date, boolean, address, arn, absence };
  enum class Comparison { equal, less, less_or_equal, greater, greater_or_equal };
  enum class Quantifier { none, for_all, for_any };
  struct Operator {
    std::string_view name;
    Type type;
    Comparison comparison;
    bool negated;
  };
  using Operands = std::variant<std::vector<Pattern>, std::vector<ArnPattern>, std::vector<Decimal>,
                                std::vector<Time>, std::vector<Cidr>, std::vector<bool>>;
  // How one value of the request relates to the operands. `unreadable`: it is no number, time or truth at
  // all, or a variable of an operand has no value; the operator is false then, negated or not.
  enum class Relation { none, some, unreadable };

  static Operator const* find_operator(std::string_view name);
  static std::optional<bool> parse_bool(std::string_view text);
  template <class Order>
  static bool fits(Order order, Comparison comparison);

  explicit Condition(std::string_view key) : key_(key) {}
  Result<void> compile_operands(Pattern::Variables variables);
  template <class Operand, class Parse>
  Result<void> compile_each(std::string_view kind, Parse parse);

  bool holds_without_key() const;
  bool satisfied_by(std::string const& value, Context const& context) const;
  template <class Operand>
  Relation ordered(std::vector<Operand> const& operands, std::optional<Operand> const& value) const;
  Relation relate(std::vector<Pattern> const&, std::string const& value, Context const&) const;
  Relation relate(std::vector<ArnPattern> const&, std::string const& value, Context const&) const;
  Relation relate(std::vector<Decimal> const&, std::string const& value, Context const&) const;
  Relation relate(std::vector<Time> const&, std::string const& value, Context const&) const;
  Relation relate(std::vector<Cidr> const&, std::string const& value, Context const&) const;
  Relation relate(std::vector<bool> const&, std::string const& value, Context const&) const;

  Operator const* operator_ = nullptr;
  Quantifier quantifier_ = Quantifier::none;
  bool if_exists_ = false;
  Key key_;
  Operands operands_;
  std::string op_;
  std::vector<std::string> values_;
};

}  // namespace fumidai::policy
