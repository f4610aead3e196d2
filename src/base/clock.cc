#include "base/clock.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/bytes.h"

namespace fumidai {

using namespace std::chrono;

namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Fields {
  year_month_day date;
  hh_mm_ss<milliseconds> time;
};

Fields fields_of(Time at) {
  auto day = floor<days>(at);
  return {year_month_day(day), hh_mm_ss<milliseconds>(at - day)};
}

// Reads exactly `digits` decimal digits at `at`; -1 when they are not there.
int number(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (auto c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

Result<Time> make_time(int year_number, int month_number, int day_number, int hour, int minute, int second,
                       int milli) {
  year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                      day(static_cast<unsigned>(day_number))};
  bool valid = year_number >= 0 && month_number >= 1 && day_number >= 1 && date.ok() && hour >= 0 &&
               hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 61;
  if (!valid) return Error{Errc::malformed, "not a valid time"};
  return Time(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(milli);
}

}  // namespace

std::int64_t to_millis(Time time) {
  return time.time_since_epoch().count();
}
Time from_millis(std::int64_t millis) {
  return Time(milliseconds(millis));
}

namespace {

// printf is small, and this is the only place that needs its like: the agent is measured in kilobytes.
template <class... Numbers>
std::string printed(char const* format, Numbers... numbers) {
  char text[64];
  std::snprintf(text, sizeof text, format, numbers...);
  return text;
}

int number_of(auto value) {
  return static_cast<int>(value.count());
}

}  // namespace

std::string to_iso(Time at) {
  auto [date, time] = fields_of(at);
  return printed("%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()), unsigned(date.month()),
                 unsigned(date.day()), number_of(time.hours()), number_of(time.minutes()),
                 number_of(time.seconds()), number_of(time.subseconds()));
}

std::string to_iso_seconds(Time at) {
  return to_iso(at).substr(0, 19) + "Z";
}

std::string to_basic_iso(Time at) {
  auto [date, time] = fields_of(at);
  return printed("%04d%02u%02uT%02d%02d%02dZ", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                 number_of(time.hours()), number_of(time.minutes()), number_of(time.seconds()));
}

std::string to_http_date(Time at) {
  auto [date, time] = fields_of(at);
  auto weekday_name = std::string(kDays[weekday(floor<days>(at)).c_encoding()]);
  auto month_name = std::string(kMonths[unsigned(date.month()) - 1]);
  return printed("%s, %02u %s %04d %02d:%02d:%02d GMT", weekday_name.c_str(), unsigned(date.day()),
                 month_name.c_str(), int(date.year()), number_of(time.hours()), number_of(time.minutes()),
                 number_of(time.seconds()));
}

Result<Time> parse_basic_iso(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z')
    return Error{Errc::malformed, "not a time of the form yyyymmddThhmmssZ"};
  return make_time(number(text, 0, 4), number(text, 4, 2), number(text, 6, 2), number(text, 9, 2),
                   number(text, 11, 2), number(text, 13, 2), 0);
}

Result<Time> parse_time(std::string_view text) {
  auto malformed = [&] { return Error{Errc::malformed, "not a time: '" + escaped(text, 40) + "'"}; };
  if (text.find('-') == text.npos || text.starts_with('-')) {
    double value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    // The years 0 to 9999, as in the other form.
    bool in_range = value >= -62'167'219'200 && value < 253'402'300'799;
    if (failure != std::errc() || end != text.data() + text.size() || !in_range) return malformed();
    return Time(milliseconds(std::llround(value * 1000)));
  }
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return malformed();
  int hour = 0, minute = 0, second = 0, milli = 0;
  auto rest = text.substr(10);
  if (!rest.empty()) {
    if (rest.size() < 9 || rest[0] != 'T' || rest[3] != ':' || rest[6] != ':' || rest.back() != 'Z')
      return malformed();
    hour = number(rest, 1, 2), minute = number(rest, 4, 2), second = number(rest, 7, 2);
    auto fraction = rest.substr(9, rest.size() - 10);
    if (!fraction.empty()) {
      if (fraction[0] != '.' || fraction.size() < 2 || fraction.size() > 10) return malformed();
      auto digits = std::string(fraction.substr(1)) + "00";
      milli = number(digits, 0, 3);
      if (milli < 0) return malformed();
    }
  }
  return make_time(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2), hour, minute, second, milli);
}

Result<Time> parse_http_date(std::string_view text) {
  auto malformed = Error{Errc::malformed, "not an HTTP date"};
  auto parts = split(text, ' ');
  if (parts.size() != 6 || parts[0].size() != 4 || parts[4].size() != 8) return malformed;
  if (parts[5] != "GMT" && parts[5] != "+0000" && parts[5] != "-0000") return malformed;
  auto month_at = std::find(kMonths.begin(), kMonths.end(), parts[2]) - kMonths.begin();
  return make_time(number(parts[3], 0, 4), static_cast<int>(month_at) + 1, number(parts[1], 0, 2),
                   number(parts[4], 0, 2), number(parts[4], 3, 2), number(parts[4], 6, 2), 0);
}

std::string in_words(milliseconds duration) {
  auto say = [](std::int64_t count, std::string const& unit) {
    return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
  };
  auto whole = duration_cast<seconds>(duration).count();
  if (whole < 0) whole = -whole;
  if (whole < 120) return say(whole, "second");
  if (whole < 2 * 3600) return say(whole / 60, "minute");
  if (whole < 2 * 86400) return say(whole / 3600, "hour");
  return say(whole / 86400, "day");
}

}  // namespace fumidai
