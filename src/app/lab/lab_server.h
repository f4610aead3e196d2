#pragma once

// The server that `fumidai lab up` started, found again by the number that it left in a file.

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/data_directory.h"
#include "io/file.h"

namespace fumidai::app {

// If it still runs. The number may be another process's by now: it counts only for a server of this data
// directory. One that has ended runs no more, also while nobody has waited for it.
std::optional<pid_t> find_lab_server(io::Path const& pid_file, DataDirectory const& directory);

// Whether all of these were among its words: {"--listen", "127.0.0.1:8443"}.
using Options = std::vector<std::pair<std::string, std::string>>;
bool was_started_with(pid_t pid, Options const& options);

}  // namespace fumidai::app
