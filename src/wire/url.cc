#include "wire/url.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace fumidai::wire {

namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

std::string bracketed(std::string const& host) {
  return host.find(':') == host.npos ? host : "[" + host + "]";
}

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':' ||
           c == '%';
  });
}

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c) || keep.find(c) != keep.npos) {
      result += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kDigits[byte >> 4];
      result += kDigits[byte & 15];
    }
  }
  return result;
}

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return Error{Errc::malformed, "cut percent-encoding"};
      TRY(auto byte, from_hex(text.substr(i + 1, 2)));
      result += static_cast<char>(byte[0]);
      i += 2;
    } else {
      result += text[i] == '+' && plus == Plus::is_blank ? ' ' : text[i];
    }
  }
  return result;
}

Result<std::vector<QueryPair>> parse_query(std::string_view raw, Plus plus) {
  std::vector<QueryPair> pairs;
  if (raw.empty()) return pairs;
  for (auto part : split(raw, '&')) {
    if (part.empty()) continue;
    auto equals = part.find('=');
    TRY(auto name, percent_decode(part.substr(0, equals), plus));
    TRY(auto value, percent_decode(equals == part.npos ? std::string_view() : part.substr(equals + 1), plus));
    pairs.push_back({std::move(name), std::move(value)});
  }
  return pairs;
}

std::string Url::authority() const {
  auto text = bracketed(host);
  return port == default_port(scheme) ? text : text + ":" + std::to_string(port);
}

std::string Url::origin() const {
  return scheme + "://" + authority();
}

Result<Url> parse_url(std::string_view text) {
  auto malformed = [&](std::string_view why) {
    return Error{Errc::malformed, "'" + escaped(text, 200) + "' is not a usable URL: " + std::string(why)};
  };
  auto separator = text.find("://");
  if (separator == text.npos) return malformed("it has no scheme (https://…)");
  Url url;
  url.scheme = to_lower(text.substr(0, separator));
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss")
    return malformed("its scheme is unknown");
  auto rest = text.substr(separator + 3);
  auto slash = rest.find_first_of("/?#");
  auto authority = rest.substr(0, slash);
  url.target = slash == rest.npos ? "/" : std::string(rest.substr(slash));
  if (url.target[0] == '?') url.target.insert(0, 1, '/');
  if (url.target.find('#') != url.target.npos) return malformed("it has a fragment");
  auto is_printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(url.target.begin(), url.target.end(), is_printable))
    return malformed("its path has a blank or a control character");
  if (authority.find('@') != authority.npos) return malformed("it has a user part");

  auto host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    auto end = authority.find(']');
    if (end == authority.npos) return malformed("its address lacks a bracket");
    host = authority.substr(1, end - 1);
    auto tail = authority.substr(end + 1);
    if (!tail.empty() && tail[0] != ':') return malformed("something follows its address");
    if (!tail.empty()) port = tail.substr(1);
  } else if (auto colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  url.host = to_lower(host);
  if (!is_host_text(url.host)) return malformed("its host is not one");
  url.port = default_port(url.scheme);
  if (!port.empty()) {
    TRY(auto number, parse_port(port));
    url.port = number;
  }
  return url;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size())
    return Error{Errc::malformed, "'" + escaped(text, 40) + "' is not a port number"};
  return port;
}

Result<HostPort> parse_host_port(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == text.npos)
    return Error{Errc::malformed, "'" + escaped(text, 200) + "' has no port; write ADDRESS:PORT"};
  TRY(auto port, parse_port(text.substr(colon + 1)));
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto lower = to_lower(host);
  if (!lower.empty() && !is_host_text(lower))
    return Error{Errc::malformed, "'" + escaped(host, 200) + "' is not an address"};
  return HostPort{lower, port};
}

std::string to_string(HostPort const& at) {
  return bracketed(at.host) + ":" + std::to_string(at.port);
}

}  // namespace fumidai::wire
