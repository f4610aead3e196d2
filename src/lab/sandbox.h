#pragma once

// Instances as processes of this machine: an OCI runtime (crun) puts each into namespaces of its own over a
// layered root. They do not depend on whoever started them: an instance holds a lock on a file of its
// directory as long as it lives, and by that any process finds it again. Everything here blocks (for a
// worker), with deadlines. The lab is no security boundary: docs/lab.md.

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "lab/instance_spec.h"

namespace fumidai::lab {

// Programs of the machine that instances need.
struct HostPrograms {
  io::Path crun = "/usr/bin/crun";
  io::Path sshd = "/usr/sbin/sshd";
};

// Can instances run here, with their state below `directory`? Changes nothing. Errors, each with what to do:
// denied (no root), not_found (a program is missing), unsupported (no overlay on that file system).
Result<void> check_able(io::Path const& directory, HostPrograms const& programs = {});

// Returns when its first process runs; sshd answers some tens of milliseconds later. Errors: conflict (it
// runs), invalid (the specification), system (with the runtime's words).
Result<void> start_instance(InstanceSpec const& spec, HostPrograms const& programs = {});

struct StopPatience {
  std::chrono::milliseconds asked{10'000};  // for its processes to end when asked; 0 does not ask
  std::chrono::milliseconds killed{5'000};
  std::function<bool()> is_over = {};  // looked at while they are asked: whether to ask no longer
};

// Fine when it does not run. Errors: deadline_exceeded (it does not even die).
Result<void> stop_instance(io::Path const& directory, StopPatience patience = {});

bool is_running(io::Path const& directory);
// Its last run was ended by a program of its own, not by whoever runs it.
bool shut_itself_down(io::Path const& directory);
void forget_last_end(io::Path const& directory);
// The directories of instances below `parent`, whether they run or not.
std::vector<io::Path> instances_below(io::Path const& parent);

// The host's number of its first process; for looking at it. Error: not_found.
Result<pid_t> first_process(io::Path const& directory);

// The names of its processes' programs, each once. Error: not_found.
Result<std::set<std::string>> programs_of(io::Path const& directory);

// Whether one of its programs listens on this port of TCP for who comes from elsewhere, IPv4 or IPv6. False
// when it does not run.
bool listens_on(io::Path const& directory, std::uint16_t port);

// The last 64 KiB of what its services and its user data printed, over all of its boots. Empty before the
// first.
Result<std::string> console_output(io::Path const& directory);

// Stops it at once, and removes its directory with all that it wrote. Error: unavailable, deadline_exceeded.
Result<void> erase_instance(io::Path const& directory);

}  // namespace fumidai::lab
