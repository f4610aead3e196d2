#pragma once

// What the parts of a lab are called in the kernel. Ids only: nothing that a user types becomes a name here.

#include <string>
#include <string_view>

#include "lab/settings.h"
#include "network/ids.h"

namespace fumidai::lab {

inline constexpr std::string_view kInterfaceLink = "eth0";  // in an interface's namespace
inline constexpr std::string_view kUplink = "internet";     // in a router's
inline constexpr std::string_view kHostPeer = "host";       // in the internet's

// Namespaces as `ip netns` shows them.
std::string space_prefix(Settings const& settings);    // fumidai-lab-
std::string internet_space(Settings const& settings);  // fumidai-lab-internet
std::string router_space(Settings const& settings, network::VpcId const& vpc);
std::string interface_space(Settings const& settings, network::InterfaceId const& interface);

// Links. In a router: that of an interface; in the internet: that of a router; on the machine: to the
// internet.
std::string link_name(network::InterfaceId const& interface);  // e0a1b2c3d4e5f
std::string link_name(network::VpcId const& vpc);              // v0a1b2c3d4e5f
std::string host_link(Settings const& settings);               // fumidai-lab

// Whether an id is letters, digits and hyphens, as all are that we make: fit for names, rules and paths.
bool is_plain(std::string_view id);

}  // namespace fumidai::lab
