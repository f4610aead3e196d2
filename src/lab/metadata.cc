#include "lab/metadata.h"

#include <charconv>
#include <set>

#include "base/bytes.h"
#include "base/digest.h"
#include "wire/url.h"

namespace fumidai::lab {

namespace {

constexpr std::string_view kTokenHeader = "X-aws-ec2-metadata-token";
constexpr std::string_view kLifeHeader = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr std::chrono::seconds kLongestLife{21'600};

wire::HttpResponse text_response(std::string body) {
  wire::HttpResponse response;
  response.headers = {{"Content-Type", "text/plain"}, {"Server", "EC2ws"}};
  response.body = std::move(body);
  return response;
}

// The small page that the service sends with every error.
wire::HttpResponse error_response(unsigned status) {
  auto title = std::to_string(status) + " - " + std::string(wire::reason_phrase(status));
  wire::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html"}, {"Server", "EC2ws"}};
  response.body =
      "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"
      "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
      "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
      "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n"
      " <head>\n  <title>" +
      title + "</title>\n </head>\n <body>\n  <h1>" + title + "</h1>\n </body>\n</html>\n";
  return response;
}

// The path below the version, without slashes at its ends; nothing when it names no version that there is.
std::optional<std::string> path_below_version(wire::HttpRequest const& request) {
  auto decoded = wire::percent_decode(request.path());
  if (!decoded || !decoded->starts_with("/latest")) return std::nullopt;
  std::string_view rest = std::string_view(*decoded).substr(7);
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  if (!rest.empty()) rest.remove_prefix(1);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  return std::string(rest);
}

// The names in a folder, folders with a slash; empty when there is no such folder.
std::string listing(std::map<std::string, std::string> const& tree, std::string const& folder) {
  auto prefix = folder.empty() ? "" : folder + "/";
  std::set<std::string> names;
  for (auto at = tree.lower_bound(prefix); at != tree.end() && at->first.starts_with(prefix); ++at) {
    auto rest = at->first.substr(prefix.size());
    auto slash = rest.find('/');
    // The service writes the folders of its root without.
    names.insert(slash == rest.npos ? rest : rest.substr(0, slash + (folder.empty() ? 0 : 1)));
  }
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : "\n") + name;
  return text;
}

wire::HttpResponse look_up(MetadataFacts const& facts, wire::HttpRequest const& request, Time now) {
  if (request.path() == "/" || request.path().empty()) return text_response("latest");
  auto path = path_below_version(request);
  if (!path) return error_response(404);
  auto tree = metadata_tree(facts, now);
  if (auto leaf = tree.find(*path); leaf != tree.end()) {
    auto response = text_response(leaf->second);
    if (*path == "user-data") response.headers.set("Content-Type", "application/octet-stream");
    return response;
  }
  // Which keys there are, and what each is called.
  if (*path == "meta-data/public-keys" && !facts.public_key.empty())
    return text_response("0=" + facts.key_name);
  auto names = listing(tree, *path);
  return names.empty() ? error_response(404) : text_response(std::move(names));
}

std::optional<std::chrono::seconds> parse_life(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  auto digits = trimmed(*text);
  long value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (value < 1 || value > kLongestLife.count()) return std::nullopt;
  return std::chrono::seconds(value);
}

Digest token_mac(Secret const& key, InstanceId const& instance, ByteView expiry) {
  Bytes message = to_bytes(expiry);
  auto name = as_bytes(instance.text());
  message.insert(message.end(), name.begin(), name.end());
  return hmac_sha256(as_bytes(key.reveal()), message);
}

}  // namespace

std::string Metadata::make_token(InstanceId const& instance, std::chrono::seconds life, Time now) const {
  Bytes token(8);
  write_u64(token.data(), static_cast<std::uint64_t>(to_millis(now + life)));
  auto mac = token_mac(key_, instance, token);
  token.insert(token.end(), mac.begin(), mac.end());
  return to_base64(token);
}

std::optional<Time> Metadata::token_expiry(InstanceId const& instance, std::string_view token,
                                           Time now) const {
  auto bytes = from_base64(token);
  if (!bytes || bytes->size() != 8 + sizeof(Digest)) return std::nullopt;
  auto expiry = ByteView(*bytes).first(8);
  auto mac = token_mac(key_, instance, expiry);
  if (!equal_in_constant_time(as_text(mac), as_text(ByteView(*bytes).subspan(8)))) return std::nullopt;
  auto expires = from_millis(static_cast<std::int64_t>(read_u64(expiry.data())));
  if (expires <= now) return std::nullopt;
  return expires;
}

// PUT is what a proxy or a careless web server on the instance would not forward; one that does tells of it.
wire::HttpResponse Metadata::issue_token(MetadataFacts const& facts, wire::HttpRequest const& request,
                                         Time now) const {
  if (request.headers.find("X-Forwarded-For")) return error_response(403);
  auto life = parse_life(request.headers.find(kLifeHeader));
  if (!life) return error_response(400);
  auto response = text_response(make_token(facts.instance, *life, now));
  response.headers.set(kLifeHeader, std::to_string(life->count()));
  return response;
}

wire::HttpResponse Metadata::answer(MetadataFacts const& facts, wire::HttpRequest const& request,
                                    Time now) const {
  if (!facts.options.http_endpoint) return error_response(403);
  bool is_token_path = request.path() == "/latest/api/token" || request.path() == "/latest/api/token/";
  if (is_token_path) return request.method == "PUT" ? issue_token(facts, request, now) : error_response(405);
  if (request.method != "GET" && request.method != "HEAD") return error_response(405);
  auto token = request.headers.find(kTokenHeader);
  if (!token) return facts.options.tokens_required ? error_response(401) : look_up(facts, request, now);
  auto expires = token_expiry(facts.instance, *token, now);
  if (!expires) return error_response(401);
  auto response = look_up(facts, request, now);
  auto left = std::chrono::ceil<std::chrono::seconds>(*expires - now);
  response.headers.set(kLifeHeader, std::to_string(left.count()));
  return response;
}

Metadata::Credentials Metadata::wants_credentials(wire::HttpRequest const& request) {
  auto path = path_below_version(request);
  if (!path) return Credentials::none;
  if (path->starts_with("meta-data/iam/security-credentials/")) return Credentials::profile;
  if (path->starts_with("meta-data/managed-ssh-keys/active-keys")) return Credentials::pushed_keys;
  return path->starts_with("meta-data/identity-credentials/") ? Credentials::identity : Credentials::none;
}

}  // namespace fumidai::lab
