#pragma once

// A decimal number of a policy or a request. Compared digit by digit: a double would call 2^53 and 2^53 + 1
// equal.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace fumidai::policy {

class Decimal {
 public:
  static constexpr std::size_t kMaxLength = 64;

  // A sign, digits, a point and digits; no exponent, no blanks, at least one digit.
  static std::optional<Decimal> parse(std::string_view text);

  friend std::strong_ordering operator<=>(Decimal const& a, Decimal const& b);
  friend bool operator==(Decimal const&, Decimal const&) = default;

 private:
  std::strong_ordering compare_magnitude(Decimal const& other) const;

  bool negative_ = false;         // never for zero
  std::string whole_, fraction_;  // without leading and without trailing zeros
};

}  // namespace fumidai::policy
