#include "policy/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::policy {

Condition::Operator const* Condition::find_operator(std::string_view name) {
  using T = Type;
  using C = Comparison;
  static constexpr Operator kOperators[] = {
      {"StringEquals", T::string, C::equal, false},
      {"StringNotEquals", T::string, C::equal, true},
      {"StringEqualsIgnoreCase", T::string_ignoring_case, C::equal, false},
      {"StringNotEqualsIgnoreCase", T::string_ignoring_case, C::equal, true},
      {"StringLike", T::string_like, C::equal, false},
      {"StringNotLike", T::string_like, C::equal, true},
      {"NumericEquals", T::number, C::equal, false},
      {"NumericNotEquals", T::number, C::equal, true},
      {"NumericLessThan", T::number, C::less, false},
      {"NumericLessThanEquals", T::number, C::less_or_equal, false},
      {"NumericGreaterThan", T::number, C::greater, false},
      {"NumericGreaterThanEquals", T::number, C::greater_or_equal, false},
      {"DateEquals", T::date, C::equal, false},
      {"DateNotEquals", T::date, C::equal, true},
      {"DateLessThan", T::date, C::less, false},
      {"DateLessThanEquals", T::date, C::less_or_equal, false},
      {"DateGreaterThan", T::date, C::greater, false},
      {"DateGreaterThanEquals", T::date, C::greater_or_equal, false},
      {"Bool", T::boolean, C::equal, false},
      {"IpAddress", T::address, C::equal, false},
      {"NotIpAddress", T::address, C::equal, true},
      {"ArnEquals", T::arn, C::equal, false},
      {"ArnNotEquals", T::arn, C::equal, true},
      {"ArnLike", T::arn, C::equal, false},
      {"ArnNotLike", T::arn, C::equal, true},
      {"Null", T::absence, C::equal, false},
  };
  for (auto& op : kOperators) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

Result<Condition> Condition::compile(std::string_view op, std::string_view key,
                                     std::vector<std::string> values, Pattern::Variables variables) {
  constexpr std::string_view kForAll = "ForAllValues:", kForAny = "ForAnyValue:", kIfExists = "IfExists";
  Condition condition(key);
  condition.op_ = op;
  condition.values_ = std::move(values);

  auto name = op;
  if (name.starts_with(kForAll)) {
    condition.quantifier_ = Quantifier::for_all;
    name.remove_prefix(kForAll.size());
  } else if (name.starts_with(kForAny)) {
    condition.quantifier_ = Quantifier::for_any;
    name.remove_prefix(kForAny.size());
  }
  if (name.ends_with(kIfExists)) {
    condition.if_exists_ = true;
    name.remove_suffix(kIfExists.size());
  }
  condition.operator_ = find_operator(name);
  bool asks_presence = condition.operator_ && condition.operator_->type == Type::absence;
  if (!condition.operator_ || (asks_presence && name != op)) {
    return Error{Errc::malformed, "unknown condition operator '" + escaped(op, 80) + "'"};
  }
  if (key.find(':') == key.npos) {
    return Error{Errc::malformed,
                 "condition key '" + escaped(key, 80) + "' must be prefaced by a vendor, e.g. aws:"};
  }
  if (condition.values_.empty()) {
    return Error{Errc::malformed, fmt::format("{} of {} has no value", op, escaped(key, 80))};
  }
  CHECK(condition.compile_operands(variables));
  return condition;
}

// Parse turns the text of a value into an optional<Operand>.
template <class Operand, class Parse>
Result<void> Condition::compile_each(std::string_view kind, Parse parse) {
  std::vector<Operand> operands;
  for (auto& value : values_) {
    auto operand = parse(value);
    if (!operand) {
      return Error{Errc::malformed, fmt::format("'{}' of {} on {} is not {}", escaped(value, 80), op_,
                                                escaped(key_.name(), 80), kind)};
    }
    operands.push_back(std::move(*operand));
  }
  operands_ = std::move(operands);
  return success();
}

Result<void> Condition::compile_operands(Pattern::Variables variables) {
  auto wildcards = operator_->type == Type::string_like ? Pattern::Wildcards::yes : Pattern::Wildcards::no;
  switch (operator_->type) {
    case Type::string:
    case Type::string_ignoring_case:
    case Type::string_like:
      return compile_each<Pattern>("text with valid policy variables", [&](std::string const& text) {
        return Pattern::compile(text, wildcards, variables);
      });
    case Type::arn:
      return compile_each<ArnPattern>(
          "an ARN or \"*\"", [&](std::string const& text) { return ArnPattern::compile(text, variables); });
    case Type::number: return compile_each<Decimal>("a decimal number", Decimal::parse);
    case Type::date: return compile_each<Time>("a date of ISO 8601 or seconds since 1970", parse_time);
    case Type::address: return compile_each<Cidr>("an IP address or CIDR block", Cidr::parse);
    case Type::boolean:
    case Type::absence: return compile_each<bool>("true or false", parse_bool);
  }
  return success();
}

bool Condition::holds(Context const& context) const {
  auto values = context.find(key_);
  if (operator_->type == Type::absence) {
    auto& wanted = std::get<std::vector<bool>>(operands_);
    return std::find(wanted.begin(), wanted.end(), values == nullptr) != wanted.end();
  }
  if (!values) return holds_without_key();

  auto satisfied = [&](std::string const& value) { return satisfied_by(value, context); };
  // Of a key with several values and no quantifier: one of them must match, or for a negated operator none
  // may.
  bool every = quantifier_ == Quantifier::for_all || (quantifier_ == Quantifier::none && operator_->negated);
  return every ? std::all_of(values->begin(), values->end(), satisfied)
               : std::any_of(values->begin(), values->end(), satisfied);
}

bool Condition::holds_without_key() const {
  switch (quantifier_) {
    case Quantifier::for_any: return false;  // IfExists speaks of each value, and there is none
    case Quantifier::for_all: return true;
    case Quantifier::none: return if_exists_ || operator_->negated;
  }
  return false;
}

bool Condition::satisfied_by(std::string const& value, Context const& context) const {
  auto relation = std::visit([&](auto& operands) { return relate(operands, value, context); }, operands_);
  switch (relation) {
    case Relation::some: return !operator_->negated;
    case Relation::none: return operator_->negated;
    case Relation::unreadable: return false;
  }
  return false;
}

Condition::Relation Condition::relate(std::vector<Pattern> const& operands, std::string const& value,
                                      Context const& context) const {
  auto letters =
      operator_->type == Type::string_ignoring_case ? Pattern::Case::ignored : Pattern::Case::exact;
  auto relation = Relation::none;
  for (auto& pattern : operands) {
    // One variable without value spoils the operator, wherever among its values it stands.
    auto matched = pattern.match(value, context, letters);
    if (matched == Match::unresolved) return Relation::unreadable;
    if (matched == Match::yes) relation = Relation::some;
  }
  return relation;
}

Condition::Relation Condition::relate(std::vector<ArnPattern> const& operands, std::string const& value,
                                      Context const& context) const {
  if (unresolved_variable(context)) return Relation::unreadable;
  auto arn = Arn::split(value);
  for (auto& pattern : operands) {
    if (pattern.is_everything() || (arn && pattern.match(*arn, context) == Match::yes)) return Relation::some;
  }
  return Relation::none;
}

Condition::Relation Condition::relate(std::vector<Decimal> const& operands, std::string const& value,
                                      Context const&) const {
  return ordered(operands, Decimal::parse(value));
}

Condition::Relation Condition::relate(std::vector<Time> const& operands, std::string const& value,
                                      Context const&) const {
  auto time = parse_time(value);
  return ordered(operands, time ? std::optional(*time) : std::nullopt);
}

// An address that cannot be read lies in no block, so "deny unless from here" still denies.
Condition::Relation Condition::relate(std::vector<Cidr> const& operands, std::string const& value,
                                      Context const&) const {
  auto address = Address::parse(value);
  if (!address) return Relation::none;
  auto contains = [&](Cidr const& block) { return block.contains(*address); };
  return std::any_of(operands.begin(), operands.end(), contains) ? Relation::some : Relation::none;
}

Condition::Relation Condition::relate(std::vector<bool> const& operands, std::string const& value,
                                      Context const&) const {
  auto truth = parse_bool(value);
  if (!truth) return Relation::unreadable;
  return std::find(operands.begin(), operands.end(), *truth) != operands.end() ? Relation::some
                                                                               : Relation::none;
}

template <class Operand>
Condition::Relation Condition::ordered(std::vector<Operand> const& operands,
                                       std::optional<Operand> const& value) const {
  if (!value) return Relation::unreadable;
  for (auto& operand : operands) {
    if (fits(*value <=> operand, operator_->comparison)) return Relation::some;
  }
  return Relation::none;
}

template <class Order>
bool Condition::fits(Order order, Comparison comparison) {
  switch (comparison) {
    case Comparison::equal: return order == 0;
    case Comparison::less: return order < 0;
    case Comparison::less_or_equal: return order <= 0;
    case Comparison::greater: return order > 0;
    case Comparison::greater_or_equal: return order >= 0;
  }
  return false;
}

std::optional<bool> Condition::parse_bool(std::string_view text) {
  if (equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "false")) return false;
  return {};
}

std::optional<std::string_view> Condition::unresolved_variable(Context const& context) const {
  auto first_in = [&](auto& operands) -> std::optional<std::string_view> {
    for (auto& operand : operands) {
      if (auto variable = operand.unresolved_variable(context)) return variable;
    }
    return {};
  };
  if (auto patterns = std::get_if<std::vector<Pattern>>(&operands_)) return first_in(*patterns);
  if (auto patterns = std::get_if<std::vector<ArnPattern>>(&operands_)) return first_in(*patterns);
  return {};
}

}  // namespace fumidai::policy
