#pragma once

// What the fuzzers share: a claim that ends the program when it is false, and an input read from its front.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"

namespace fumidai::fuzz {

inline void require(bool claim) {
  if (!claim) std::abort();
}

// Small numbers from the front of the input, zeroes when it is used up; rest() is what nobody took.
class Input {
 public:
  Input(std::uint8_t const* data, std::size_t size) : left_(data, size) {}

  bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    auto first = left_[0];
    left_ = left_.subspan(1);
    return first;
  }
  std::uint16_t number() { return static_cast<std::uint16_t>(byte() << 8 | byte()); }
  ByteView rest() const { return left_; }

 private:
  ByteView left_;
};

}  // namespace fumidai::fuzz
