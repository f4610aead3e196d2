#pragma once

// Which HTTP proxy is between a client and a server, as curl takes it from HTTPS_PROXY and NO_PROXY, and what
// is said to it: CONNECT (RFC 9110 section 9.3.6).

#include <optional>

#include "base/secret.h"
#include "wire/url.h"

namespace fumidai::wire {

// The values of these variables; empty: not set.
struct ProxyRules {
  // No aggregate: as a default argument in a co_await, g++ 12 would free it twice.
  ProxyRules() = default;
  ProxyRules(Secret proxy, std::string but_not)
      : https_proxy(std::move(proxy)), no_proxy(std::move(but_not)) {}

  Secret https_proxy;  // may have a password
  std::string no_proxy;
};

struct Proxy {
  std::string host;
  std::uint16_t port;
  Secret authorization;  // of the header Proxy-Authorization; empty: none

  std::string name() const;  // http://HOST:PORT, without what is secret
};

// Nothing, when the URL is reached without one: in the clear, on this machine itself, or because no_proxy
// names it: "*", or names, each with all names below it, addresses and blocks of these, with commas between.
// Error: invalid, for a proxy that is spoken to by anything but plain HTTP.
Result<std::optional<Proxy>> proxy_for(Url const& url, ProxyRules const& rules);

std::string connect_request(Proxy const& proxy, Url const& to);
// Whether the head of its answer lets us through. Error: unavailable, with its words and what helps.
Result<void> judge_connect_answer(std::string_view head);

}  // namespace fumidai::wire
