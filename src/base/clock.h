#pragma once

// Wall-clock time as a parameter, and the text forms of time that AWS uses.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fumidai {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock : public Clock {
 public:
  Time now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

// A clock that stands still until it is told otherwise. For tests.
class FixedClock : public Clock {
 public:
  explicit FixedClock(Time now) : now_(now) {}
  Time now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  Time now_;
};

std::int64_t to_millis(Time time);
Time from_millis(std::int64_t millis);

std::string to_iso(Time time);          // 2025-01-02T03:04:05.678Z
std::string to_iso_seconds(Time time);  // 2025-01-02T03:04:05Z
std::string to_basic_iso(Time time);    // 20250102T030405Z, the form of X-Amz-Date
std::string to_http_date(Time time);    // Thu, 02 Jan 2025 03:04:05 GMT

Result<Time> parse_basic_iso(std::string_view text);
// ISO 8601 with Z, with or without a fraction, or a date alone; or seconds since the epoch.
Result<Time> parse_time(std::string_view text);
// RFC 7231, with GMT, +0000 or -0000 as zone.
Result<Time> parse_http_date(std::string_view text);

// "3 minutes", "2 hours", for sentences.
std::string in_words(std::chrono::milliseconds duration);

}  // namespace fumidai
