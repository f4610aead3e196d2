#pragma once

// The tables of the store, as a list of changes that only grows (docs/recipes/add-a-migration.md). The
// statements are those that SQLite and PostgreSQL both accept: text and bigint columns, times in milliseconds
// since the epoch, bytes as base64 text.

#include <span>

namespace fumidai::store {

struct Migration {
  int version;
  char const* sql;
};

std::span<Migration const> migrations();
int newest_schema_version();

}  // namespace fumidai::store
