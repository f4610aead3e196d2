#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/bytes.h"
#include "base/clock.h"

namespace fumidai {

namespace {

std::atomic<LogLevel> most_verbose = LogLevel::info;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::error: return "error";
    case LogLevel::warn: return "warn";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
  }
  return "";
}

void append_value(std::string& line, std::string const& value) {
  auto safe = escaped(value, 1024);
  bool plain = !safe.empty() && safe.find_first_of(" \"=") == safe.npos;
  if (plain) {
    line += safe;
    return;
  }
  line += '"';
  for (char c : safe) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

void set_log_level(LogLevel most) {
  most_verbose = most;
}

bool parse_log_level(std::string_view text, LogLevel& level) {
  for (auto candidate : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
    if (text == name_of(candidate)) {
      level = candidate;
      return true;
    }
  }
  return false;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level > most_verbose) return;
  auto line = to_iso(SystemClock().now()) + " " + std::string(name_of(level)) + " " + std::string(message);
  for (auto const& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  line += '\n';
  // One write a line, so that lines of several processes do not mix. A log that cannot be written is not an
  // error.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace fumidai
