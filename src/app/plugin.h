#pragma once

namespace fumidai::app {

// session-manager-plugin, as the AWS CLI calls it (session-manager.md 20). Returns the exit status.
int run_plugin(int argc, char** argv);

}  // namespace fumidai::app
