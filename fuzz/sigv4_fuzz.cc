// A signed request from a stranger. As it stands: reading and verifying it must not crash. Signed by us: it
// verifies, and after any edit of its text it verifies only while it still means the same.
//
// The input is the text of a request; after a NUL come the edits, four bytes each: where, what, which byte.

#include <algorithm>
#include <string>

#include "base/rsa.h"
#include "input.h"
#include "wire/sigv4.h"
#include "wire/url.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

Time const kNow = parse_time("2025-03-14T09:26:53Z").value();
constexpr std::string_view kKeyId = "AKIDEXAMPLE0000FAKE1",
                           kSecret = "fakeSecretKey/EXAMPLEfakeSecretKey+EXAMPLE01";

std::optional<HttpRequest> read(std::string_view text) {
  HttpRequestReader reader;
  if (auto used = reader.feed(as_bytes(text)); !used || !reader.is_done()) return std::nullopt;
  return reader.take();
}

// Nobody knows the secret but us, so what verifies was signed by us or stands in the corpus.
bool verifies(HttpRequest const& request) {
  auto claim = parse_claim(request);
  if (!claim || claim->access_key_id != kKeyId) return false;
  SigningKey key{Secret(std::string(kSecret)), "", {}};
  return verify(request, *claim, key, {claim->scope.service, "us-east-1", Protocol::json}, kNow).has_value();
}

void try_as_agent(HttpRequest const& request) {
  static auto const pair = generate_rsa_key();
  auto claim = parse_claim(request);
  if (!claim) return;
  SignatureRules rules{claim->scope.service, claim->scope.region, Protocol::rest};
  require(!verify_rsa(request, *claim, pair.public_key, rules, claim->time));
}

// The request as a client of ours would send it: our headers only, and none of another signature's fields.
std::optional<HttpRequest> signed_by_us(HttpRequest const& from) {
  auto query = parse_query(from.query(), Plus::stays);
  auto is_signing = [](auto const& pair) { return pair.name.starts_with("X-Amz-"); };
  if (!query || std::any_of(query->begin(), query->end(), is_signing)) return std::nullopt;
  HttpRequest request;
  request.method = from.method;
  request.target = from.target;
  request.headers.add("Host", "127.0.0.1:8443");
  for (auto name : {"Content-Type", "X-Amz-Target"}) {
    if (auto value = from.headers.find(name)) request.headers.add(name, *value);
  }
  request.body = from.body;
  sign(request, {std::string(kKeyId), Secret(std::string(kSecret)), ""}, "us-east-1", "ssm", kNow);
  return request;
}

std::string edited(std::string text, fuzz::Input& edits) {
  while (!edits.empty() && !text.empty()) {
    auto where = edits.number() % text.size();
    auto what = edits.byte();
    auto which = static_cast<char>(edits.byte());
    if (what % 3 == 0) text[where] = which;
    if (what % 3 == 1) text.insert(where, 1, which);
    if (what % 3 == 2) text.erase(where, 1 + what / 3 % 8);
  }
  return text;
}

// The meaning of a request, told in another way than the signature tells it.

std::string fully_decoded(std::string text) {
  for (;;) {
    std::string next;
    for (std::size_t i = 0; i < text.size(); i++) {
      auto byte = text[i] == '%' && i + 2 < text.size() ? percent_decode(text.substr(i, 3))
                                                        : Error{Errc::malformed, ""};
      next += byte ? *byte : std::string(1, text[i]);
      if (byte) i += 2;
    }
    if (next == text) return text;
    text = next;
  }
}

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> kept;
  for (auto segment : split(path, '/')) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (segment != ".." && segment != "." && !segment.empty()) kept.emplace_back(segment);
  }
  return kept;
}

// Clients encode a path once, twice or not at all before they sign it, and all of that is accepted.
std::vector<std::string> meaning_of_path(std::string_view path) {
  std::string text;
  for (auto const& segment : segments(path)) text += "/" + segment;
  return segments(fully_decoded(text));
}

std::vector<std::pair<std::string, std::string>> meaning_of_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto part : split(query, '&')) {
    if (part.empty()) continue;
    auto equals = part.find('=');
    auto decoded = [](std::string_view raw) {
      auto text = percent_decode(raw);
      return text ? *text : std::string(raw);
    };
    pairs.emplace_back(decoded(part.substr(0, equals)),
                       equals == part.npos ? "" : decoded(part.substr(equals + 1)));
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::string meaning_of_header(HttpRequest const& request, std::string_view name) {
  std::string text;
  for (auto value : request.headers.all(name)) {
    if (!text.empty()) text += ',';
    for (char c : trimmed(value)) {
      if (c != ' ' && c != '\t') text += c;
    }
  }
  return text;
}

void require_same_meaning(HttpRequest const& a, HttpRequest const& b) {
  require(a.method == b.method && a.body == b.body);
  require(meaning_of_path(a.path()) == meaning_of_path(b.path()));
  require(meaning_of_query(a.query()) == meaning_of_query(b.query()));
  for (auto name : {"host", "content-type", "x-amz-date", "x-amz-target", "x-amz-security-token"})
    require(meaning_of_header(a, name) == meaning_of_header(b, name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto whole = as_text({data, size});
  auto end = whole.find('\0');
  auto request = read(whole.substr(0, end));
  if (!request) return 0;
  verifies(*request);
  try_as_agent(*request);

  auto ours = signed_by_us(*request);
  if (!ours) return 0;
  auto text = encode(*ours);
  auto sent = read(text);
  if (!sent) return 0;  // a GET with a body, for one
  if (sent->body == ours->body) require(verifies(*sent));
  fuzz::Input edits(data + std::min(size, end), size - std::min(size, end));
  edits.byte();
  auto altered = read(edited(text, edits));
  if (altered && verifies(*altered)) require_same_meaning(*sent, *altered);
  return 0;
}
