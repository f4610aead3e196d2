#pragma once

// The subcommands of `fumidai`, one file each. Each adds itself to the command line and sets what is to be
// run.

#include <CLI/App.hpp>
#include <functional>

#include "base/result.h"

namespace fumidai::app {

// Set by the subcommand that was called. Returns the exit status.
using Run = std::function<Result<int>()>;

void add_server_command(CLI::App& app, Run& run);
void add_env_command(CLI::App& app, Run& run);
void add_session_command(CLI::App& app, Run& run);
void add_host_command(CLI::App& app, Run& run);
void add_audit_command(CLI::App& app, Run& run);
void add_explain_command(CLI::App& app, Run& run);
void add_doctor_command(CLI::App& app, Run& run);
void add_compare_command(CLI::App& app, Run& run);
void add_tunnel_command(CLI::App& app, Run& run);
// The words behind `fumidai ssh` are ssh's, a "--" among them, which a command line of ours would take: that
// has only the help.
void add_ssh_help(CLI::App& app);
Run ssh_command(std::vector<std::string> words);
void add_lab_command(CLI::App& app, Run& run);

}  // namespace fumidai::app
