#pragma once

// URLs and percent-encoding (RFC 3986).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fumidai::wire {

// Everything but A-Z a-z 0-9 - _ . ~ and the characters of `keep` becomes %XX, upper case.
std::string percent_encode(std::string_view text, std::string_view keep = "");

enum class Plus { stays, is_blank };  // a form body writes a blank as '+'; a path and a signed query do not
Result<std::string> percent_decode(std::string_view text, Plus plus = Plus::stays);

struct QueryPair {
  std::string name, value;
  friend auto operator<=>(QueryPair const&, QueryPair const&) = default;
};

// Pairs in order of arrival, decoded; a part without '=' has an empty value, empty parts are passed over.
Result<std::vector<QueryPair>> parse_query(std::string_view raw, Plus plus);

struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case; IPv6 without brackets
  std::uint16_t port;  // the scheme's own when the text has none
  std::string target;  // path and query, at least "/"

  // host or host:port as a Host header wants it: brackets for IPv6, no port that the scheme implies.
  std::string authority() const;
  std::string origin() const;  // scheme://authority
  bool is_secure() const { return scheme == "https" || scheme == "wss"; }
};

// Schemes http, https, ws and wss. No user part, no fragment.
Result<Url> parse_url(std::string_view text);

struct HostPort {
  std::string host;
  std::uint16_t port;
};

// "127.0.0.1:8443", "[::1]:8443", ":8443" (all addresses).
Result<HostPort> parse_host_port(std::string_view text);
std::string to_string(HostPort const& at);
Result<std::uint16_t> parse_port(std::string_view text);

}  // namespace fumidai::wire
