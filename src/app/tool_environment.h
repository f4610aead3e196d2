#pragma once

// The environment in which AWS's tools, and our own client, find a server.

#include <string>
#include <utility>
#include <vector>

#include "io/file.h"

namespace fumidai::app {

struct ToolEnvironment {
  std::vector<std::pair<std::string, std::string>> variables;
  std::string plugin_directory;  // to be put first on PATH
};

// Error: not_found, when there is no data directory, or its server does not run.
Result<ToolEnvironment> tool_environment(io::Path const& data_directory);

// The variables that tool_environment sets.
std::vector<std::string> tool_variables();
// Variables that would win over these, and lead to somewhere else.
std::vector<std::string> overriding_variables();

// Where this program is: session-manager-plugin is beside it.
std::string plugin_directory();

}  // namespace fumidai::app
