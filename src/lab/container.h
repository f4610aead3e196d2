#pragma once

// An instance as an OCI runtime sees it: namespaces, mounts, capabilities, and what root in it may not do.
// Pure. Source: OCI runtime specification 1.0, config.md and config-linux.md.

#include <string>
#include <vector>

#include "lab/instance_spec.h"

namespace fumidai::lab {

// Where things of ours are in an instance.
inline constexpr char const* kInitInside = "/run/fumidai/init";
inline constexpr char const* kBootInside = "/run/fumidai/boot";
inline constexpr char const* kKeysInside = "/usr/lib/fumidai/authorized-keys";

// The copy of the program that sshd asks for keys, in the instance's directory.
inline constexpr char const* kKeysProgram = "authorized-keys";

// The text of config.json. The root file system is the folder `root` of the instance's directory, what init
// reads at boot the folder `boot`, and its /sys the folder `sys`.
std::string container_config(InstanceSpec const& spec);

// The command that starts it: crun and its arguments. The container inherits descriptor 3.
std::vector<std::string> container_command(InstanceSpec const& spec, io::Path const& crun);

// What root of an instance may do: what sshd, login, sudo and dpkg need.
std::vector<std::string> const& capabilities();

}  // namespace fumidai::lab
