#pragma once

// The proxy that programs which connect to a plane go through. The server itself has none.

#include <cstdlib>

#include "wire/proxy.h"

namespace fumidai::app {

// Of the variables that AWS's tools and curl read. As with curl, small letters win.
inline wire::ProxyRules proxies_of_environment() {
  auto value = [](char const* small, char const* large) -> std::string {
    for (auto const* name : {small, large}) {
      auto const* found = std::getenv(name);
      if (found != nullptr && *found != '\0') return found;
    }
    return "";
  };
  return {Secret(value("https_proxy", "HTTPS_PROXY")), value("no_proxy", "NO_PROXY")};
}

}  // namespace fumidai::app
