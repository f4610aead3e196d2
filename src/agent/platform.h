#pragma once

// What an agent tells of its host.

#include <string>

namespace fumidai::agent {

inline constexpr char const* kAgentName = "fumidai-agent";

// As AWS's programs compare versions: four numbers, above those from which on they expect what we do
// (session-manager.md 12). The last two are ours.
inline constexpr char const* kAgentVersion = "3.3.9000.1";

struct Platform {
  std::string name, version;  // Debian GNU/Linux, 12
  std::string computer_name, ip_address;
};

Platform describe_platform();

}  // namespace fumidai::agent
