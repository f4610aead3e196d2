#include "store/transaction.h"

namespace fumidai::store {

std::optional<std::string> Row::maybe_text(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<Time> Row::maybe_time(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}

}  // namespace fumidai::store
