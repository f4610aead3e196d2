#pragma once

// A UUID as sixteen bytes in the order of its text.

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace fumidai {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static Uuid random();                         // version 4
  static Result<Uuid> parse(std::string_view);  // 8-4-4-4-12 hex digits
  std::string text() const;

  friend auto operator<=>(Uuid const&, Uuid const&) = default;
};

}  // namespace fumidai
