#include "policy/decimal.h"

#include <algorithm>

namespace fumidai::policy {

std::optional<Decimal> Decimal::parse(std::string_view text) {
  if (text.size() > kMaxLength) return {};
  Decimal result;
  if (text.starts_with('-') || text.starts_with('+')) {
    result.negative_ = text[0] == '-';
    text.remove_prefix(1);
  }
  auto point = text.find('.');
  auto whole = text.substr(0, point);
  auto fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool only_digits = std::all_of(whole.begin(), whole.end(), is_digit) &&
                     std::all_of(fraction.begin(), fraction.end(), is_digit);
  if (!only_digits || whole.size() + fraction.size() == 0) return {};

  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  if (whole.empty() && fraction.empty()) result.negative_ = false;
  result.whole_ = whole;
  result.fraction_ = fraction;
  return result;
}

std::strong_ordering Decimal::compare_magnitude(Decimal const& other) const {
  if (auto order = whole_.size() <=> other.whole_.size(); order != 0) return order;
  if (auto order = whole_ <=> other.whole_; order != 0) return order;
  return fraction_ <=> other.fraction_;
}

std::strong_ordering operator<=>(Decimal const& a, Decimal const& b) {
  if (a.negative_ != b.negative_) {
    return a.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.negative_ ? b.compare_magnitude(a) : a.compare_magnitude(b);
}

}  // namespace fumidai::policy
