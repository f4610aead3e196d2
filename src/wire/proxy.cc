#include "wire/proxy.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/cidr.h"

namespace fumidai::wire {

namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kOfSchemes = "abcdefghijklmnopqrstuvwxyz0123456789+-.";  // RFC 3986 3.1

std::string host_and_port(Url const& url) {
  return to_string(HostPort{url.host, url.port});
}

// Unlike with curl, which would have the proxy connect to itself.
bool is_this_machine(std::string_view host, std::optional<Address> const& address) {
  if (!address) return host == "localhost" || host.ends_with(".localhost");
  return address->is_v6 ? *address == Address::parse("::1") : address->bytes[0] == 127;
}

bool names(std::string_view rule, std::string_view host, std::optional<Address> const& address) {
  if (rule == "*") return true;
  if (rule.starts_with('[') && rule.ends_with(']')) rule = rule.substr(1, rule.size() - 2);
  if (address) {
    auto block = Cidr::parse(rule);
    return block && block->contains(*address);
  }
  if (rule.starts_with('.')) rule.remove_prefix(1);
  if (rule.empty() || !host.ends_with(rule)) return false;
  return host.size() == rule.size() || host[host.size() - rule.size() - 1] == '.';
}

bool is_reached_directly(Url const& url, std::string const& no_proxy) {
  auto address = Address::parse(url.host);
  if (!url.is_secure() || is_this_machine(url.host, address)) return true;
  auto rules = to_lower(no_proxy);
  std::ranges::replace_if(
      rules, [](char c) { return c == ' ' || c == '\t'; }, ',');
  return std::ranges::any_of(split(rules, ','),
                             [&](std::string_view rule) { return names(rule, url.host, address); });
}

Result<Secret> basic_authorization(std::string_view user_part) {
  auto colon = user_part.find(':');
  TRY(auto user, percent_decode(user_part.substr(0, colon)));
  TRY(auto password,
      percent_decode(colon == user_part.npos ? std::string_view() : user_part.substr(colon + 1)));
  return Secret("Basic " + to_base64(as_bytes(user + ":" + password)));
}

// Without its text: that has a password.
Error unreadable() {
  return {Errc::invalid,
          "HTTPS_PROXY is none of http://HOST:PORT and http://USER:PASSWORD@HOST:PORT, where characters like "
          "@ and / of the password are written %40 and %2F"};
}

// "http://USER:PASSWORD@HOST:PORT"; the scheme may be left out.
Result<Proxy> parse_proxy(std::string_view text) {
  auto separator = text.find("://");
  auto scheme = separator == text.npos ? "http" : to_lower(text.substr(0, separator));
  if (scheme.find_first_not_of(kOfSchemes) != scheme.npos) return unreadable();
  if (scheme != "http")
    return Error{Errc::invalid, "HTTPS_PROXY names a proxy of the kind '" + escaped(scheme, 20) +
                                    "'; only http:// proxies are spoken to, or name the server in NO_PROXY"};
  auto rest = separator == text.npos ? text : text.substr(separator + 3);
  auto slash = rest.find('/');
  if (slash != rest.npos && rest.find('@', slash) != rest.npos) return unreadable();
  rest = rest.substr(0, slash);
  Proxy proxy;
  if (auto at = rest.rfind('@'); at != rest.npos) {
    auto authorization = basic_authorization(rest.substr(0, at));
    if (!authorization) return unreadable();
    proxy.authorization = std::move(*authorization);
    rest = rest.substr(at + 1);
  }
  auto url = parse_url(std::string(kPlain) + std::string(rest));
  if (!url) return unreadable();
  proxy.host = url->host;
  proxy.port = url->port;
  return proxy;
}

}  // namespace

std::string Proxy::name() const {
  return std::string(kPlain) + to_string(HostPort{host, port});
}

Result<std::optional<Proxy>> proxy_for(Url const& url, ProxyRules const& rules) {
  if (rules.https_proxy.empty() || is_reached_directly(url, rules.no_proxy)) return std::nullopt;
  TRY(auto proxy, parse_proxy(rules.https_proxy.reveal()));
  return std::optional(std::move(proxy));
}

std::string connect_request(Proxy const& proxy, Url const& to) {
  auto at = host_and_port(to);
  auto request = "CONNECT " + at + " HTTP/1.1\r\nHost: " + at + "\r\n";
  if (!proxy.authorization.empty())
    request += "Proxy-Authorization: " + proxy.authorization.reveal() + "\r\n";
  return request + "\r\n";
}

Result<void> judge_connect_answer(std::string_view head) {
  auto line = head.substr(0, head.find("\r\n"));
  auto code = line.size() >= 12 ? line.substr(9, 3) : std::string_view();
  bool is_http = !code.empty() && line.starts_with("HTTP/1.") && line[8] == ' ' &&
                 code.find_first_not_of("0123456789") == code.npos;
  if (!is_http) return Error{Errc::unavailable, "it does not answer as an HTTP proxy does"};
  if (code[0] == '2') return success();
  auto help = code == "407" ? "; give it a user and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
                            : "; or name the server in NO_PROXY, if it can be reached without it";
  return Error{Errc::unavailable, "it answered " + escaped(line.substr(9), 100) + help};
}

}  // namespace fumidai::wire
