#pragma once

// What sshd asks for a user who offers a key (AuthorizedKeysCommand): the keys that were pushed to this
// machine. On an instance its metadata service tells, in records that the root in /etc/ssl/certs has to vouch
// for; elsewhere, and where that service cannot be reached, the agent does.

#include <string>
#include <vector>

#include "agent/instance_metadata.h"
#include "io/file.h"

namespace fumidai::agent {

struct KeysSources {
  bool agent_alone = false;  // whatever this machine is
  io::Path socket;           // the agent's
  io::Path root;             // PEM of who vouches for the signer
  io::Path asset_tag;        // of the main board: on an instance, its id
};
// As they are on a host and in an instance.
KeysSources default_keys_sources();

// The lines for authorized_keys; `fingerprint` is of the key that was offered ("SHA256:…"), or empty for all.
// None is no error. Takes four seconds at most. Errors say why nothing can be known.
awaitable<Result<std::vector<std::string>>> authorized_keys(std::string user, std::string fingerprint,
                                                            KeysSources sources);

}  // namespace fumidai::agent
