#include "network/price.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace fumidai::network {

std::string to_string(Money money) {
  auto hundredths = (money.millionths + (money.millionths < 0 ? -5000 : 5000)) / 10000;
  auto whole = std::abs(hundredths) / 100, rest = std::abs(hundredths) % 100;
  return fmt::format("{}{}.{:02}", hundredths < 0 ? "-" : "", whole, rest);
}

PriceRow const* PriceTable::find(std::string_view what, PriceUnit unit) const {
  auto found = std::ranges::find_if(rows, [&](auto& row) { return row.what == what && row.unit == unit; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace fumidai::network
