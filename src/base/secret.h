#pragma once

// A value that must not be printed, logged or compared byte by byte. Wiped when it goes away.

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace fumidai {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret const&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret const& other) {
    if (this != &other) {
      wipe();
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    wipe();
    value_.swap(other.value_);
    return *this;
  }
  ~Secret() { wipe(); }

  // Each call is a place to look at in a review.
  std::string const& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  // In time that depends on the lengths alone.
  bool equals(std::string_view other) const;

  friend std::ostream& operator<<(std::ostream& out, Secret const&) { return out << "(secret)"; }

 private:
  void wipe() noexcept;
  std::string value_;
};

// Compares in time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace fumidai
