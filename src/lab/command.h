#pragma once

// A program that is run to its end.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace fumidai::lab {

// In the namespace of the calling thread, with no input. Blocking. Error: unavailable with what the program
// said, when it fails; deadline_exceeded, when it had to be killed.
Result<void> run_command(std::vector<std::string> const& command, std::chrono::seconds patience);

}  // namespace fumidai::lab
