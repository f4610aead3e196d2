#include "agent/platform.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include "base/bytes.h"
#include "io/file.h"

namespace fumidai::agent {

namespace {

std::string os_release(std::string const& text, std::string_view key) {
  for (auto line : split(text, '\n')) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=') continue;
    auto value = line.substr(key.size() + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string(value.substr(0, 256));
  }
  return "";
}

// The first address that others could reach, IPv4 before IPv6.
std::string own_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return "";
  std::string v4, v6;
  for (auto* each = list; each != nullptr; each = each->ifa_next) {
    bool usable =
        each->ifa_addr != nullptr && (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (each->ifa_addr->sa_family == AF_INET && v4.empty()) {
      v4 = ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
    } else if (each->ifa_addr->sa_family == AF_INET6 && v6.empty()) {
      auto const& address = reinterpret_cast<sockaddr_in6*>(each->ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(&address)) v6 = ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
  }
  ::freeifaddrs(list);
  return v4.empty() ? v6 : v4;
}

}  // namespace

Platform describe_platform() {
  Platform platform;
  auto release = io::read_file("/etc/os-release", 64 * 1024);
  platform.name = os_release(release ? *release : "", "NAME");
  platform.version = os_release(release ? *release : "", "VERSION_ID");
  if (platform.name.empty()) platform.name = "Linux";
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0) platform.computer_name = host;
  platform.ip_address = own_address();
  return platform;
}

}  // namespace fumidai::agent
