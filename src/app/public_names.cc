#include "app/public_names.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/cidr.h"

namespace fumidai::app {

namespace {

void add_once(std::vector<std::string>& names, std::string name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
    names.push_back(std::move(name));
}

bool is_wildcard(std::string const& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

std::vector<std::string> addresses_of_this_machine() {
  std::vector<std::string> addresses;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return addresses;
  for (auto* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (each->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      auto const& address = reinterpret_cast<sockaddr_in6*>(each->ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(&address)) ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
    add_once(addresses, text);
  }
  ::freeifaddrs(list);
  return addresses;
}

bool is_host(std::string_view name) {
  if (Address::parse(name)) return true;
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

Result<void> check_names(ServerConfig const& config) {
  auto refused = [](std::string_view what, std::string const& name) {
    return Error{Errc::invalid, "the " + std::string(what) + " '" + escaped(name, 64) +
                                    "' is neither a host name nor an address; give one name each time"};
  };
  for (auto const& name : config.names) {
    if (!is_host(name)) return refused("name", name);
  }
  auto url = wire::parse_url(config.public_url);
  if (Address::parse(config.connect_domain) || !is_host(config.connect_domain))
    return refused("domain of connect endpoints", config.connect_domain);
  if (!config.public_url.empty() && url && !is_host(url->host))
    return refused("host of the public URL", url->host);
  return success();
}

std::vector<std::string> certificate_names(ServerConfig const& config) {
  std::vector<std::string> names;
  if (auto url = wire::parse_url(config.public_url)) add_once(names, url->host);
  for (auto const& name : config.names) add_once(names, to_lower(name));
  for (auto const& text : config.listen) {
    auto at = wire::parse_host_port(text);
    if (!at) continue;
    if (!is_wildcard(at->host)) {
      add_once(names, at->host);
      continue;
    }
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) == 0) add_once(names, to_lower(host));
    for (auto& address : addresses_of_this_machine()) add_once(names, std::move(address));
  }
  add_once(names, "*." + networks::connect_zone(config.region, to_lower(config.connect_domain)));
  // In the lab's networks AWS's own names lead here.
  if (config.lab) {
    add_once(names, "*." + config.region + ".amazonaws.com");
    for (auto const* service : {"ssm", "ssmmessages", "ec2messages"})
      add_once(names, "*." + std::string(service) + "." + config.region + ".vpce.amazonaws.com");
  }
  for (auto const* local : {"localhost", "127.0.0.1", "::1"}) add_once(names, local);
  return names;
}

Result<PublicNames> PublicNames::make(ServerConfig const& config, std::vector<wire::HostPort> const& bound) {
  PublicNames names;
  names.hosts_ = certificate_names(config);
  for (auto const& host : names.hosts_) {
    for (auto const& at : bound)
      names.authorities_.insert(wire::Url{"https", host, at.port, "/"}.authority());
  }
  if (!config.public_url.empty()) {
    TRY(auto url, wire::parse_url(config.public_url));
    if (url.scheme != "https" || url.target != "/")
      return Error{Errc::invalid, "--public-url must have the form https://HOST[:PORT]"};
    names.default_authority_ = url.authority();
  } else {
    auto const& first = bound.front();
    names.default_authority_ =
        wire::Url{"https", is_wildcard(first.host) ? names.hosts_.front() : first.host, first.port, "/"}
            .authority();
  }
  names.authorities_.insert(names.default_authority_);
  names.url_ = "https://" + names.default_authority_;
  return names;
}

std::string PublicNames::reached_by(std::string_view host_header) const {
  auto host = to_lower(host_header);
  return authorities_.contains(host) ? host : default_authority_;
}

}  // namespace fumidai::app
