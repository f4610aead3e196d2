#pragma once

// What namespaces set under /proc/sys/net.

#include <vector>

#include "lab/plan.h"

namespace fumidai::lab {

std::vector<Switch> still_switches();       // forwards nothing, speaks IPv4 only
std::vector<Switch> forwarding_switches();  // of a router
std::vector<Switch> link_switches(std::string const& link);
// The router answers on the link for all that it has another way to, and at once.
std::vector<Switch> proxy_switches(std::string const& link);

inline void append(std::vector<Switch>& to, std::vector<Switch> const& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace fumidai::lab
