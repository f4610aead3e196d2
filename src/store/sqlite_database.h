#pragma once

// The driver for one node: SQLite in WAL mode, flushed at every commit (synchronous FULL).

#include <filesystem>
#include <memory>

#include "store/database.h"

namespace fumidai::store {

enum class Access { read_write, read_only };

// Opens the file, creating it and bringing its tables up to date when it may be written. Errors: not_found,
// system, corrupt (not a database), unsupported (written by a newer version of this program).
Result<std::unique_ptr<Database>> open_sqlite(std::filesystem::path const& file,
                                              Access access = Access::read_write);

}  // namespace fumidai::store
