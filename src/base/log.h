#pragma once

// The operator's log: one line an event on standard error, `level message key=value …`. Never payload, never
// a secret; what came from a peer is escaped. Tests do not read it.
//
//   log_info("session started", {{"session", id.text()}, {"target", target.text()}});

#include <initializer_list>
#include <string>
#include <string_view>

namespace fumidai {

enum class LogLevel { error, warn, info, debug };

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, std::string const& text) : key(name), value(text) {}
  LogField(std::string_view name, char const* text) : key(name), value(text) {}
  LogField(std::string_view name, std::int64_t number) : key(name), value(std::to_string(number)) {}
  LogField(std::string_view name, int number) : key(name), value(std::to_string(number)) {}
  LogField(std::string_view name, std::size_t number) : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

void set_log_level(LogLevel most);
bool parse_log_level(std::string_view text, LogLevel& level);

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// error: a person must act. warn: degraded, healing by itself. info: lifecycle. debug: off by default.
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, message, fields);
}
inline void log_warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warn, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, message, fields);
}
inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::debug, message, fields);
}

}  // namespace fumidai
