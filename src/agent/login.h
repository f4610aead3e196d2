#pragma once

// The user of a session, and the environment that he would find when he logs in: his shell, his home, his
// groups, and what PAM and /etc/environment add.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/process.h"

namespace fumidai::agent {

// Opens a PAM session, where the host has /etc/pam.d/fumidai-agent and we are root; closes it when it goes
// away.
class PamSession;

struct Login {
  std::string user, home, shell;
  io::RunAs run_as;
  std::vector<std::string> environment;
  std::shared_ptr<PamSession> pam;
};

// Who is asked for, in this order: the session's own wish, the agent's setting, and without either "ssm-user"
// when there is one, otherwise the agent's own user. An agent that is not root can only be itself. Errors:
// not_found (no such user), denied (by PAM, or another user while not root).
Result<Login> log_in(std::string const& wished, std::string const& configured);

}  // namespace fumidai::agent
