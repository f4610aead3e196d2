#pragma once

// Child processes, on a terminal of their own or with pipes. A child starts with clean signals, no
// descriptors but its three, and as the user that was asked for.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace fumidai::io {

// As whom a child runs. Fields of the running process when nothing has to change.
struct RunAs {
  uid_t user;
  gid_t group;
  std::vector<gid_t> groups;
  bool change = false;
};

struct Spawn {
  std::string program;                   // a path
  std::vector<std::string> arguments;    // [0] included
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // "/" when it cannot be entered
  RunAs run_as;
  bool merge_error = false;   // standard error goes where standard output goes
  bool ends_with_us = false;  // gets a hang-up when we die, however that happens
};

// Owned by whoever started it; the descriptors are his to close.
struct PtyChild {
  pid_t pid;
  int terminal;  // the master side
};
struct PipedChild {
  pid_t pid;
  int input, output, error;  // our ends
};

Result<PtyChild> spawn_on_pty(Spawn const& spawn, unsigned short columns, unsigned short rows);
Result<PipedChild> spawn_with_pipes(Spawn const& spawn);

void set_terminal_size(int terminal, unsigned short columns, unsigned short rows);

// A status of waitpid as a shell would show it: the exit code, or 128 and the signal's number.
int exit_code_of(int wait_status);

}  // namespace fumidai::io
