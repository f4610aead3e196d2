#pragma once

// Who this host is to the plane: what registration gave it, or, on an instance of EC2, what its metadata
// service says. Kept in the agent's state directory with mode 0600.

#include <string>

#include "base/secret.h"
#include "io/file.h"

namespace fumidai::agent {

struct Identity {
  std::string url;     // of the plane
  std::string ca_pem;  // whom to trust; empty: the roots of this machine
  std::string region;
  std::string instance_id;
  Secret private_key;  // PKCS#1 DER
  std::string fingerprint;
  std::string session_user;  // as whom sessions run; empty: see agent/login.h
  // An instance of EC2 has no key: it works with its role, and reaches the plane by AWS's names.
  bool of_ec2 = false;
  std::string channel_url = {};  // of ssmmessages, where that is another one
};

// Error: not_found, with what to do, when this host was never registered.
Result<Identity> load_identity(io::Path const& state_directory);
Result<void> save_identity(io::Path const& state_directory, Identity const& identity);

}  // namespace fumidai::agent
