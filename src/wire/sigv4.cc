#include "wire/sigv4.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/digest.h"
#include "base/rsa.h"
#include "wire/url.h"

namespace fumidai::wire {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kContentHash = "x-amz-content-sha256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr std::int64_t kMostExpires = 604800;
constexpr std::chrono::minutes kClocksDiffer{1};  // of a client that sets its clock by the network, at most

AuthRefusal refuse(AuthFault fault, std::string detail = {}) {
  return {fault, std::move(detail)};
}

std::string header_value(std::string_view raw) {
  std::string value;
  bool blank = false;
  for (char c : trimmed(raw)) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank) value += ' ';
    blank = false;
    value += c;
  }
  return value;
}

std::string canonical_headers(HttpRequest const& request, std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) {
    text += name + ":";
    bool first = true;
    for (auto value : request.headers.all(name)) {
      if (!first) text += ',';
      first = false;
      text += header_value(value);
    }
    text += '\n';
  }
  return text;
}

std::string joined(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ";") + name;
  return text;
}

// parse_claim() has refused a query that does not decode; here it is taken as it stands.
std::string canonical_query(HttpRequest const& request) {
  std::vector<QueryPair> pairs;
  for (auto part : split(request.query(), '&')) {
    if (part.empty()) continue;
    auto equals = part.find('=');
    auto encoded_again = [](std::string_view raw) {
      auto decoded = percent_decode(raw);
      return decoded ? percent_encode(*decoded) : std::string(raw);
    };
    auto name = encoded_again(part.substr(0, equals));
    if (name == "X-Amz-Signature") continue;
    pairs.push_back({std::move(name), equals == part.npos ? "" : encoded_again(part.substr(equals + 1))});
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (auto const& pair : pairs) text += (text.empty() ? "" : "&") + pair.name + "=" + pair.value;
  return text;
}

// Without "." and ".." and empty segments, as botocore does.
std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  for (auto segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.push_back(segment);
    }
  }
  std::string result;
  for (auto segment : kept) result += "/" + std::string(segment);
  if (result.empty() || path.ends_with('/')) result += "/";
  return result;
}

// The forms in which clients sign one and the same path (aws-requests.md 2.3), most frequent first, without
// repeats.
std::vector<std::string> canonical_paths(std::string_view raw) {
  auto path = raw.empty() ? std::string("/") : std::string(raw);
  std::vector<std::string> forms;
  for (auto const& form :
       {percent_encode(normalised(path), "/"), percent_encode(path, "/"), normalised(path), path}) {
    if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(form);
  }
  return forms;
}

std::string payload_hash(HttpRequest const& request) {
  if (auto stated = request.headers.find(kContentHash)) return std::string(trimmed(*stated));
  return sha256_hex(request.body);
}

std::string canonical_request(HttpRequest const& request, std::string_view path,
                              std::vector<std::string> const& signed_headers) {
  return request.method + "\n" + std::string(path) + "\n" + canonical_query(request) + "\n" +
         canonical_headers(request, signed_headers) + "\n" + joined(signed_headers) + "\n" +
         payload_hash(request);
}

std::string string_to_sign(std::string_view canonical, CredentialScope const& scope, Time time) {
  return std::string(kAlgorithm) + "\n" + to_basic_iso(time) + "\n" + scope.text() + "\n" +
         sha256_hex(canonical);
}

Digest signing_key(Secret const& secret, CredentialScope const& scope) {
  auto key = hmac_sha256(as_bytes("AWS4" + secret.reveal()), scope.date);
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  return hmac_sha256(key, "aws4_request");
}

AuthResult<CredentialScope> parse_credential(std::string_view text, std::string& access_key_id) {
  auto parts = split(text, '/');
  // An access key id has no slash, so the scope is what follows the first one.
  if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty() || parts[0].size() > 128) {
    return refuse(
        AuthFault::incomplete,
        "Credential must have exactly 5 slash-delimited elements: key/date/region/service/aws4_request.");
  }
  access_key_id = parts[0];
  return CredentialScope{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
}

std::vector<std::string> header_names(std::string_view text) {
  std::vector<std::string> names;
  for (auto name : split(text, ';')) names.emplace_back(name);
  return names;
}

AuthResult<SignatureClaim> parse_header_form(HttpRequest const& request, std::string_view authorization) {
  if (!authorization.starts_with(kAlgorithm) || authorization.size() <= kAlgorithm.size() ||
      authorization[kAlgorithm.size()] != ' ') {
    return refuse(AuthFault::incomplete, "Unsupported Authorization: only AWS4-HMAC-SHA256 is accepted.");
  }
  SignatureClaim claim{};
  claim.form = SignatureClaim::Form::header;
  std::string credential, names;
  for (auto part : split(authorization.substr(kAlgorithm.size() + 1), ',')) {
    auto item = trimmed(part);
    auto equals = item.find('=');
    if (equals == item.npos)
      return refuse(AuthFault::incomplete, "Authorization header has a part without '='.");
    auto name = item.substr(0, equals), value = item.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") names = value;
    if (name == "Signature") claim.signature = value;
  }
  if (credential.empty() || names.empty() || claim.signature.empty()) {
    return refuse(AuthFault::incomplete,
                  "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.");
  }
  auto scope = parse_credential(credential, claim.access_key_id);
  if (!scope) return scope.error();
  claim.scope = *scope;
  claim.signed_headers = header_names(names);
  auto date = request.headers.find("x-amz-date");
  auto time = date ? parse_basic_iso(trimmed(*date))
                   : parse_http_date(trimmed(request.headers.find("date").value_or("")));
  if (!time)
    return refuse(AuthFault::incomplete,
                  "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  claim.time = *time;
  claim.security_token = request.headers.find("x-amz-security-token").value_or("");
  return claim;
}

AuthResult<SignatureClaim> parse_presigned_form(std::vector<QueryPair> const& query) {
  auto value = [&](std::string_view name) -> std::string_view {
    auto at = std::find_if(query.begin(), query.end(), [&](auto const& pair) { return pair.name == name; });
    return at == query.end() ? std::string_view() : std::string_view(at->value);
  };
  SignatureClaim claim{};
  claim.form = SignatureClaim::Form::presigned;
  if (value("X-Amz-Algorithm") != kAlgorithm)
    return refuse(AuthFault::incomplete, "X-Amz-Algorithm must be AWS4-HMAC-SHA256.");
  auto scope = parse_credential(value("X-Amz-Credential"), claim.access_key_id);
  if (!scope) return scope.error();
  claim.scope = *scope;
  claim.signature = value("X-Amz-Signature");
  auto time = parse_basic_iso(value("X-Amz-Date"));
  if (claim.signature.empty() || value("X-Amz-SignedHeaders").empty() || !time) {
    return refuse(AuthFault::incomplete,
                  "The query requires X-Amz-Signature, X-Amz-SignedHeaders and X-Amz-Date.");
  }
  claim.time = *time;
  claim.signed_headers = header_names(value("X-Amz-SignedHeaders"));
  claim.security_token = value("X-Amz-Security-Token");
  auto expires = value("X-Amz-Expires");
  bool numeric = !expires.empty() && expires.size() <= 9 &&
                 std::all_of(expires.begin(), expires.end(), [](char c) { return c >= '0' && c <= '9'; });
  auto seconds = numeric ? std::stoll(std::string(expires)) : -1;
  if (seconds < 1 || seconds > kMostExpires) return refuse(AuthFault::bad_expires);
  claim.expires = std::chrono::seconds(seconds);
  return claim;
}

// Headers that decide something must be covered by the signature whenever they are there.
AuthResult<void> check_coverage(HttpRequest const& request, SignatureClaim const& claim) {
  auto const& names = claim.signed_headers;
  auto is_signed = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  auto uncovered = [&](std::string_view name) { return request.headers.find(name) && !is_signed(name); };
  if (!is_signed("host")) return refuse(AuthFault::mismatch, "'Host' must be a signed header.");
  for (std::string_view name : {"x-amz-date", "x-amz-target", "x-amz-security-token"}) {
    if (uncovered(name))
      return refuse(AuthFault::mismatch, "'" + std::string(name) + "' must be a signed header.");
  }
  if (claim.form == SignatureClaim::Form::presigned) return {};
  if (!is_signed("x-amz-date") && !is_signed("date"))
    return refuse(AuthFault::mismatch, "'X-Amz-Date' or 'Date' must be a signed header.");
  if (uncovered("content-type"))
    return refuse(AuthFault::mismatch, "'Content-Type' must be a signed header.");
  return {};
}

AuthResult<void> check_signed_headers(HttpRequest const& request, SignatureClaim const& claim) {
  auto const& names = claim.signed_headers;
  for (auto const& name : names) {
    bool usable = !name.empty() && to_lower(name) == name && request.headers.find(name);
    if (!usable)
      return refuse(AuthFault::mismatch,
                    "The header '" + escaped(name, 64) + "' is said to be signed, but was not sent.");
  }
  if (!std::is_sorted(names.begin(), names.end()))
    return refuse(AuthFault::mismatch, "SignedHeaders is not sorted.");
  return {};
}

AuthResult<void> check_scope(SignatureClaim const& claim, SignatureRules const& rules) {
  if (claim.scope.date != to_basic_iso(claim.time).substr(0, 8)) {
    return refuse(AuthFault::mismatch,
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP");
  }
  if (claim.scope.service != rules.service) {
    return refuse(AuthFault::mismatch,
                  "Credential should be scoped to correct service: '" + rules.service + "'.");
  }
  // IAM and STS are global: clients sign for us-east-1, or for the configured region when the endpoint is
  // overridden.
  bool global = rules.service == "iam" || rules.service == "sts";
  bool right_region = claim.scope.region == rules.region || (global && claim.scope.region == "us-east-1");
  if (!right_region) return refuse(AuthFault::mismatch, "Credential should be scoped to a valid region.");
  return {};
}

// Where URLs are to be brief, a date that lies ahead does not prolong them.
AuthResult<void> check_end_of_brief(SignatureClaim const& claim, SignatureRules const& rules, Time now) {
  auto end = claim.time + *claim.expires, latest = now + rules.longest_life + kClocksDiffer;
  if (rules.longest_life.count() >= kMostExpires || end <= latest) return {};
  return refuse(AuthFault::skew, "Signature not yet current: it ends at " + to_basic_iso(end) +
                                     ", which is later than " + to_basic_iso(latest) + " (" +
                                     to_basic_iso(now) + " + " + std::to_string(rules.longest_life.count()) +
                                     " s + 1 min.)");
}

AuthResult<void> check_clock(SignatureClaim const& claim, SignatureRules const& rules, Time now) {
  auto skew = rules.skew();
  auto minutes = std::to_string(std::chrono::duration_cast<std::chrono::minutes>(skew).count());
  if (claim.time > now + skew) {
    return refuse(AuthFault::skew, "Signature not yet current: " + to_basic_iso(claim.time) +
                                       " is still later than " + to_basic_iso(now + skew) + " (" +
                                       to_basic_iso(now) + " + " + minutes + " min.)");
  }
  if (claim.expires) {
    if (*claim.expires > rules.longest_life)
      return refuse(AuthFault::bad_expires, "X-Amz-Expires must be between 1 and " +
                                                std::to_string(rules.longest_life.count()) + " seconds");
    if (claim.time + *claim.expires < now) return refuse(AuthFault::presigned_expired);
    return check_end_of_brief(claim, rules, now);
  }
  if (claim.time < now - skew) {
    return refuse(AuthFault::skew, "Signature expired: " + to_basic_iso(claim.time) +
                                       " is now earlier than " + to_basic_iso(now - skew) + " (" +
                                       to_basic_iso(now) + " - " + minutes + " min.)");
  }
  return {};
}

AuthResult<void> check_payload(HttpRequest const& request, SignatureRules const& rules) {
  auto stated = request.headers.find(kContentHash);
  if (!stated) return {};
  auto value = trimmed(*stated);
  if (value == kUnsignedPayload && rules.allow_unsigned_payload) return {};
  if (value != sha256_hex(request.body))
    return refuse(AuthFault::mismatch, "x-amz-content-sha256 does not match the body.");
  return {};
}

AuthResult<void> check_all_but_signature(HttpRequest const& request, SignatureClaim const& claim,
                                         SignatureRules const& rules, Time now) {
  if (auto verdict = check_signed_headers(request, claim); !verdict) return verdict;
  if (auto verdict = check_scope(claim, rules); !verdict) return verdict;
  if (auto verdict = check_clock(claim, rules, now); !verdict) return verdict;
  return check_payload(request, rules);
}

bool any_path_matches(HttpRequest const& request, SignatureClaim const& claim, auto matches) {
  for (auto const& path : canonical_paths(request.path())) {
    auto canonical = canonical_request(request, path, claim.signed_headers);
    if (matches(string_to_sign(canonical, claim.scope, claim.time))) return true;
  }
  return false;
}

}  // namespace

void throw_exception_from_error(AuthRefusal const& refusal, boost::source_location const&) {
  throw std::logic_error("value() of a refused signature: " + refusal.detail);
}

AuthResult<SignatureClaim> parse_claim(HttpRequest const& request) {
  auto authorizations = request.headers.all("authorization");
  auto query = parse_query(request.query(), Plus::stays);
  auto is_signature = [](auto const& pair) {
    return pair.name == "X-Amz-Signature" || pair.name == "X-Amz-Algorithm";
  };
  // Clients encode what they sign. In what does not decode a signature could hide from us, and parts of the
  // query with it, since X-Amz-Signature is the one field that no signature covers.
  if (!query) return refuse(AuthFault::incomplete, "The query string does not decode.");
  bool presigned = std::any_of(query->begin(), query->end(), is_signature);
  if (presigned && !authorizations.empty())
    return refuse(AuthFault::incomplete, "The request is signed in the header and in the query.");
  if (authorizations.size() > 1)
    return refuse(AuthFault::incomplete, "The request has two Authorization headers.");
  if (presigned) return parse_presigned_form(*query);
  if (!authorizations.empty()) return parse_header_form(request, authorizations[0]);
  return refuse(AuthFault::missing);
}

AuthResult<void> verify(HttpRequest const& request, SignatureClaim const& claim, SigningKey const& key,
                        SignatureRules const& rules, Time now) {
  if (auto verdict = check_coverage(request, claim); !verdict) return verdict;
  if (!equal_in_constant_time(claim.security_token, key.security_token))
    return refuse(AuthFault::unknown_key);
  if (key.expires && *key.expires <= now) return refuse(AuthFault::token_expired);
  if (auto verdict = check_all_but_signature(request, claim, rules, now); !verdict) return verdict;
  auto hmac_key = signing_key(key.secret, claim.scope);
  bool matches = any_path_matches(request, claim, [&](std::string const& text) {
    return equal_in_constant_time(to_hex(hmac_sha256(hmac_key, text)), claim.signature);
  });
  if (!matches) return refuse(AuthFault::mismatch);
  return {};
}

AuthResult<void> verify_rsa(HttpRequest const& request, SignatureClaim const& claim,
                            std::string_view public_key, SignatureRules const& rules, Time now) {
  if (auto verdict = check_coverage(request, claim); !verdict) return verdict;
  if (auto verdict = check_all_but_signature(request, claim, rules, now); !verdict) return verdict;
  auto signature = from_base64(claim.signature);
  bool matches = signature && any_path_matches(request, claim, [&](std::string const& text) {
                   return verify_pss(public_key, text, *signature);
                 });
  if (!matches) return refuse(AuthFault::mismatch);
  return {};
}

namespace {

// Headers that a signer covers: all that verifiers insist on, and nothing that a proxy may touch.
std::vector<std::string> headers_to_sign(HttpRequest const& request) {
  static constexpr std::array kCandidates = {"content-type", "host", "x-amz-date", "x-amz-security-token",
                                             "x-amz-target"};
  std::vector<std::string> names;
  for (auto name : kCandidates) {
    if (request.headers.find(name)) names.emplace_back(name);
  }
  return names;
}

struct Signable {
  std::vector<std::string> signed_headers;
  CredentialScope scope;
  std::string text;
};

Signable prepare(HttpRequest& request, std::string_view region, std::string_view service, Time now) {
  auto date = to_basic_iso(now);
  request.headers.set("X-Amz-Date", date);
  Signable result{
      headers_to_sign(request), {date.substr(0, 8), std::string(region), std::string(service)}, {}};
  auto path = percent_encode(normalised(request.path()), "/");
  result.text = string_to_sign(canonical_request(request, path, result.signed_headers), result.scope, now);
  return result;
}

void add_authorization(HttpRequest& request, std::string_view signer, Signable const& signable,
                       std::string_view signature) {
  request.headers.set("Authorization", std::string(kAlgorithm) + " Credential=" + std::string(signer) + "/" +
                                           signable.scope.text() +
                                           ", SignedHeaders=" + joined(signable.signed_headers) +
                                           ", Signature=" + std::string(signature));
}

}  // namespace

void sign(HttpRequest& request, Credentials const& credentials, std::string_view region,
          std::string_view service, Time now) {
  if (!credentials.session_token.empty())
    request.headers.set("X-Amz-Security-Token", credentials.session_token);
  auto signable = prepare(request, region, service, now);
  auto key = signing_key(credentials.secret_access_key, signable.scope);
  add_authorization(request, credentials.access_key_id, signable, to_hex(hmac_sha256(key, signable.text)));
}

std::string presign(std::string_view target, std::string_view host, Credentials const& credentials,
                    std::string_view region, std::string_view service, Time now, std::chrono::seconds life) {
  auto date = to_basic_iso(now);
  CredentialScope scope{date.substr(0, 8), std::string(region), std::string(service)};
  std::string full(target);
  auto add = [&](std::string_view name, std::string const& value) {
    full += (full.find('?') == full.npos ? "?" : "&") + std::string(name) + "=" + percent_encode(value);
  };
  add("X-Amz-Algorithm", std::string(kAlgorithm));
  add("X-Amz-Credential", credentials.access_key_id + "/" + scope.text());
  add("X-Amz-Date", date);
  add("X-Amz-Expires", std::to_string(life.count()));
  add("X-Amz-SignedHeaders", "host");
  if (!credentials.session_token.empty()) add("X-Amz-Security-Token", credentials.session_token);
  HttpRequest request{"GET", full, {{"Host", std::string(host)}}, ""};
  auto path = percent_encode(normalised(request.path()), "/");
  auto text = string_to_sign(canonical_request(request, path, {"host"}), scope, now);
  add("X-Amz-Signature", to_hex(hmac_sha256(signing_key(credentials.secret_access_key, scope), text)));
  return full;
}

Result<void> sign_rsa(HttpRequest& request, std::string_view instance_id, Secret const& private_key,
                      std::string_view region, std::string_view service, Time now) {
  auto signable = prepare(request, region, service, now);
  TRY(auto signature, sign_pss(private_key, signable.text));
  add_authorization(request, instance_id, signable, to_base64(signature));
  return success();
}

std::string canonical_request(HttpRequest const& request, SignatureClaim const& claim) {
  return canonical_request(request, canonical_paths(request.path())[0], claim.signed_headers);
}

}  // namespace fumidai::wire
