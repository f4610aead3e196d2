#pragma once

// The programs that serve sessions (session_job.h) go on when the agent that started them has ended; the next
// one finds them in the list of processes.

#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace fumidai::agent {

// The sessions of this instance that have a process now. Blocking, some microseconds for each process of the
// host: for the moment when a control channel begins. Error: system.
Result<std::vector<std::string>> sessions_with_a_process(std::string const& instance_id,
                                                         io::Path const& proc = "/proc");

}  // namespace fumidai::agent
