#pragma once

// A transaction of the store, as those see it who read and write rows: SQL with $1 parameters that both
// SQLite and PostgreSQL accept. Runs on a thread of the database, never on a loop, and lives for one call.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace fumidai::store {

// A statement is a literal of the program: what users type travels in parameters only.
class Sql {
 public:
  consteval Sql(char const* text) : text_(text) {}
  char const* text() const { return text_; }

 private:
  char const* text_;
};

using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;

inline Value to_value(std::nullptr_t) {
  return nullptr;
}
inline Value to_value(std::int64_t number) {
  return number;
}
inline Value to_value(int number) {
  return std::int64_t{number};
}
inline Value to_value(bool flag) {
  return std::int64_t{flag ? 1 : 0};
}
inline Value to_value(Time time) {
  return to_millis(time);
}
inline Value to_value(std::string text) {
  return text;
}
inline Value to_value(std::string_view text) {
  return std::string(text);
}
inline Value to_value(char const* text) {
  return std::string(text);
}
template <class Tag>
Value to_value(Id<Tag> const& id) {
  return id.text();
}
template <class T>
Value to_value(std::optional<T> const& value) {
  return value ? to_value(*value) : Value(nullptr);
}

// Columns by position, in the order of the select list. Asking for a column of another type is a bug.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  bool is_null(std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(values_.at(column));
  }
  std::string const& text(std::size_t column) const { return std::get<std::string>(values_.at(column)); }
  std::int64_t integer(std::size_t column) const { return std::get<std::int64_t>(values_.at(column)); }
  bool flag(std::size_t column) const { return integer(column) != 0; }
  Time time(std::size_t column) const { return from_millis(integer(column)); }
  std::optional<std::string> maybe_text(std::size_t column) const;
  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<Time> maybe_time(std::size_t column) const;

 private:
  std::vector<Value> values_;
};

class Transaction {
 public:
  virtual ~Transaction() = default;

  // How many rows were changed. Errors: conflict (a constraint refused it), system (disk full, I/O).
  template <class... Parameters>
  Result<std::int64_t> run(Sql sql, Parameters const&... parameters) {
    return execute(sql, {to_value(parameters)...});
  }

  template <class... Parameters>
  Result<std::vector<Row>> query(Sql sql, Parameters const&... parameters) {
    return select(sql, {to_value(parameters)...});
  }

  template <class... Parameters>
  Result<std::optional<Row>> first(Sql sql, Parameters const&... parameters) {
    TRY(auto rows, query(sql, parameters...));
    if (rows.empty()) return std::optional<Row>();
    return std::optional(std::move(rows.front()));
  }

 protected:
  virtual Result<std::int64_t> execute(Sql sql, std::vector<Value> const& parameters) = 0;
  virtual Result<std::vector<Row>> select(Sql sql, std::vector<Value> const& parameters) = 0;
};

}  // namespace fumidai::store
