#include "wire/open_tunnel.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"

namespace fumidai::wire {

namespace {

constexpr std::string_view kEndpoint = "instanceConnectEndpointId", kPort = "remotePort",
                           kAddress = "privateIpAddress", kDuration = "maxTunnelDuration";
constexpr std::size_t kMostReason = 123;

Error wrong(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidParameter"};
}

using Query = std::vector<QueryPair>;

Result<void> check_repeats(Query const& query) {
  for (auto at = query.begin(); at != query.end(); ++at) {
    auto is_same = [&](auto const& other) { return other.name == at->name; };
    if (std::any_of(query.begin(), at, is_same))
      return wrong("The parameter " + escaped(at->name, 64) + " is given more than once.");
  }
  return success();
}

std::optional<std::string> find(Query const& query, std::string_view name) {
  auto at = std::find_if(query.begin(), query.end(), [&](auto const& pair) { return pair.name == name; });
  return at == query.end() ? std::nullopt : std::optional(at->value);
}

Result<std::string> need(Query const& query, std::string_view name) {
  auto value = find(query, name);
  if (value && !value->empty()) return *value;
  return wrong("The request must contain the parameter " + std::string(name) + ".");
}

// Digits only, and none in front that mean nothing: one number has one text.
std::optional<std::int64_t> number_of(std::string_view text) {
  bool plain = !text.empty() && text.size() <= 9 && (text[0] != '0' || text.size() == 1) &&
               std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!plain) return {};
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<std::string> read_endpoint(Query const& query) {
  constexpr std::string_view kPrefix = "eice-";
  TRY(auto id, need(query, kEndpoint));
  auto digits = std::string_view(id).substr(std::min(id.size(), kPrefix.size()));
  bool fits = id.starts_with(kPrefix) && (digits.size() == 8 || digits.size() == 17) &&
              digits.find_first_not_of("0123456789abcdef") == digits.npos;
  if (fits) return id;
  return wrong("The specified InstanceConnectEndpointId '" + escaped(id, 64) +
               "' is not valid. It is eice- and 17 hexadecimal digits.");
}

// "22", "22 or 3389": what AWS's sentence asks for.
std::string choices_of(std::vector<std::uint16_t> const& ports) {
  if (ports.empty()) return "a port from 1 to 65535";
  std::string text = ports.size() == 2 ? "either " : "";
  for (std::size_t i = 0; i < ports.size(); i++) {
    if (i > 0) text += i + 1 == ports.size() ? " or " : ", ";
    text += std::to_string(ports[i]);
  }
  return text;
}

Result<std::uint16_t> read_port(Query const& query, std::vector<std::uint16_t> const& ports) {
  TRY(auto text, need(query, kPort));
  auto port = number_of(text);
  bool fits = port && *port >= 1 && *port <= 65535 &&
              (ports.empty() || std::find(ports.begin(), ports.end(), *port) != ports.end());
  if (fits) return static_cast<std::uint16_t>(*port);
  return wrong("The specified RemotePort is not valid. Specify " + choices_of(ports) +
               " as the RemotePort and retry your request.");
}

// Addresses that no single host has.
bool is_of_nobody(Address const& address) {
  static auto const kBlocks = {Cidr::parse("0.0.0.0/8").value(), Cidr::parse("224.0.0.0/3").value(),
                               Cidr::parse("::/128").value(), Cidr::parse("ff00::/8").value()};
  return std::any_of(kBlocks.begin(), kBlocks.end(),
                     [&](auto const& block) { return block.contains(address); });
}

Result<Address> read_address(Query const& query) {
  TRY(auto text, need(query, kAddress));
  auto address = Address::parse(text);
  // An IPv4 address in IPv6 dress would be another one for whoever compares texts.
  bool disguised = address && !address->is_v6 && text.find(':') != text.npos;
  if (address && !disguised && !is_of_nobody(*address)) return *address;
  return wrong("The specified PrivateIpAddress '" + escaped(text, 64) +
               "' is not valid. Specify the private IPv4 or IPv6 address of an instance.");
}

Result<std::chrono::seconds> read_duration(Query const& query, std::chrono::seconds longest) {
  auto text = find(query, kDuration);
  if (!text) return std::min(kUsualTunnelDuration, longest);
  auto seconds = number_of(*text);
  if (seconds && *seconds >= 1 && std::chrono::seconds(*seconds) <= longest)
    return std::chrono::seconds(*seconds);
  return wrong("The specified MaxTunnelDuration is not valid. Specify a number of seconds from 1 to " +
               std::to_string(longest.count()) + " and retry your request.");
}

// At most `most` bytes, and no part of a character.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  while (most > 0 && is_inside(most)) most--;
  return text.substr(0, most);
}

std::string_view sentence_of(TunnelEnd end) {
  switch (end) {
    case TunnelEnd::target_closed: return "";
    case TunnelEnd::target_lost: return "The connection to the target broke";
    case TunnelEnd::duration_reached: return "Maximum tunnel duration reached";
    case TunnelEnd::policy: return "The connection is not permitted";
    case TunnelEnd::target_unreachable:
      return "The target cannot be reached: check its security groups, and that it listens on this port";
    case TunnelEnd::endpoint_lost: return "The endpoint of this tunnel is gone; connect again";
    case TunnelEnd::revoked: return "The tunnel was ended by an administrator";
    case TunnelEnd::endpoint_deleted: return "The instance connect endpoint was deleted";
    case TunnelEnd::plane_stops: return "The server is being stopped; connect again";
    case TunnelEnd::protocol_error: return "Only binary frames are accepted";
    case TunnelEnd::too_large: return "The frame is too large";
  }
  return "";
}

}  // namespace

Result<OpenTunnel> parse_open_tunnel(std::string_view target, TunnelTerms const& terms) {
  auto mark = target.find('?');
  if (target.substr(0, mark) != kOpenTunnelPath)
    return wrong("The path is not " + std::string(kOpenTunnelPath) + ".");
  auto query = parse_query(mark == target.npos ? "" : target.substr(mark + 1), Plus::stays);
  if (!query) return wrong("The query string does not decode.");
  CHECK(check_repeats(*query));
  OpenTunnel tunnel;
  TRY(tunnel.endpoint, read_endpoint(*query));
  TRY(tunnel.port, read_port(*query, terms.ports));
  TRY(tunnel.address, read_address(*query));
  TRY(tunnel.duration, read_duration(*query, terms.longest));
  return tunnel;
}

std::vector<QueryPair> open_tunnel_words(std::string_view target) {
  std::vector<QueryPair> words;
  auto mark = target.find('?');
  auto query = parse_query(mark == target.npos ? "" : target.substr(mark + 1), Plus::stays);
  if (!query) return words;
  for (auto name : {kEndpoint, kPort, kAddress, kDuration})
    if (auto value = find(*query, name)) words.push_back({std::string(name), escaped(*value, 64)});
  return words;
}

std::string open_tunnel_target(OpenTunnel const& tunnel) {
  auto target = std::string(kOpenTunnelPath) + "?" + std::string(kEndpoint) + "=" +
                percent_encode(tunnel.endpoint) + "&" + std::string(kPort) + "=" +
                std::to_string(tunnel.port) + "&" + std::string(kAddress) + "=" +
                percent_encode(tunnel.address.text());
  if (tunnel.duration != kUsualTunnelDuration)
    target += "&" + std::string(kDuration) + "=" + std::to_string(tunnel.duration.count());
  return target;
}

Error no_such_endpoint(std::string_view endpoint) {
  return {Errc::not_found, "The instance connect endpoint ID '" + escaped(endpoint, 64) + "' does not exist",
          "ResourceNotFound"};
}

Error too_many_connections(std::string_view limited) {
  return {Errc::limit_exceeded,
          "The maximum number of concurrent connections of " + std::string(limited) +
              " has been reached. End one, and retry your request.",
          "TooManyConnections"};
}

Error target_unreachable(std::string_view why) {
  return {Errc::unavailable, std::string(why), "TargetUnreachable"};
}

std::uint16_t code_of(TunnelEnd end) {
  switch (end) {
    case TunnelEnd::target_closed: return 1000;
    case TunnelEnd::revoked:
    case TunnelEnd::endpoint_deleted:
    case TunnelEnd::plane_stops: return 1001;
    case TunnelEnd::protocol_error: return 1002;
    case TunnelEnd::duration_reached:
    case TunnelEnd::policy: return 1008;
    case TunnelEnd::too_large: return 1009;
    case TunnelEnd::target_lost:
    case TunnelEnd::target_unreachable:
    case TunnelEnd::endpoint_lost: return 1011;
  }
  return 1011;
}

CloseReason close_reason(TunnelEnd end, std::string_view detail) {
  return {code_of(end), std::string(cut(detail.empty() ? sentence_of(end) : detail, kMostReason))};
}

CloseReason duration_reached(std::chrono::seconds duration) {
  return close_reason(TunnelEnd::duration_reached,
                      "Maximum tunnel duration of " + std::to_string(duration.count()) + " seconds reached");
}

EmptyFrames::Step EmptyFrames::take(std::size_t size) {
  if (is_over()) return Step::pass_over;
  in_a_row_ = size == 0 ? in_a_row_ + 1 : 0;
  if (size > 0) return Step::forward;
  return is_over() ? Step::half_close : Step::pass_over;
}

}  // namespace fumidai::wire
