#pragma once

// What there is to say about an instance before it starts. Values; nothing here is ever part of a shell's
// command line: names become files, arguments of execve and values of JSON.

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "lab/image.h"

namespace fumidai::lab {

// A file of the host that an instance sees, read-only.
struct BoundFile {
  io::Path source;
  std::string at;  // an absolute path in the instance
};

// What dials out from an instance. Started again, with growing pauses, when it ends.
struct AgentProgram {
  std::vector<BoundFile> files;
  std::vector<std::string> command;      // [0] is a path in the instance
  std::vector<std::string> environment;  // NAME=value
};

// Ours. The plane is found, and the credentials are, through the metadata service of the instance.
AgentProgram our_agent(io::Path const& agent, io::Path const& session_program, std::string const& region);
// AWS's, unmodified, from a folder with amazon-ssm-agent and its workers. Error: not_found.
Result<AgentProgram> amazon_ssm_agent(io::Path const& directory);

// A certificate that programs in the instance trust, like those of the system.
struct TrustedRoot {
  std::string name;  // of its file in /etc/ssl/certs, without .pem: letters, digits, '-', '_' and '.'
  std::string pem;
};

struct InstanceSpec {
  InstanceId id;                  // i-…
  std::string network_namespace;  // a name below /run/netns; eth0 is configured in it
  io::Path directory;             // of this instance alone: its state, and what it writes
  std::vector<Layer> layers;      // of its image (prepare_image)
  io::Path init_program;          // fumidai-instance-init, a static program
  io::Path keys_program = {};     // fumidai-authorized-keys, another, for sshd; empty for none

  std::string hostname;  // ip-10-0-1-5
  std::string domain = "ec2.internal";
  std::string address;                   // 10.0.1.5
  std::string dns_server;                // 10.0.0.2; empty for none
  std::vector<std::string> public_keys;  // lines of authorized_keys for ec2-user, written at the first start
  std::string user_data;                 // run once, as root, if it begins with "#!"
  std::vector<TrustedRoot> trusted_roots;
  std::optional<AgentProgram> agent;
};

// Error: invalid, naming the field.
Result<void> validate(InstanceSpec const& spec);

}  // namespace fumidai::lab
