#pragma once

// A program that is run to its end, for what it prints.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace fumidai::app {

struct Finished {
  int status = 0;             // as a shell would show it
  std::string output, error;  // at most 64 KiB of each
};

// With our environment and no input. It has ended when it and all who hold its outputs have. At the limit it
// is killed with its process group; what it had printed is in the answer, as is the signal. Blocking.
Result<Finished> run_program(std::vector<std::string> words, std::chrono::seconds limit);

}  // namespace fumidai::app
