#pragma once

// The server that `fumidai lab up` started, found again by the number that it left in a file.

#include <sys/types.h>

#include <optional>

#include "app/data_directory.h"
#include "io/file.h"

namespace fumidai::app {

// If it still runs. The number may be another process's by now: it counts only for a server of this data
// directory. One that has ended runs no more, also while nobody has waited for it.
std::optional<pid_t> find_lab_server(io::Path const& pid_file, DataDirectory const& directory);

}  // namespace fumidai::app
