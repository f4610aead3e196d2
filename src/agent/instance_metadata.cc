#include "agent/instance_metadata.h"

#include <boost/describe/class.hpp>
#include <cstdlib>

#include "base/bytes.h"
#include "wire/json_shape.h"

namespace fumidai::agent {

using namespace std::chrono_literals;

namespace {

constexpr char const* kEndpoint = "http://169.254.169.254";
constexpr auto kAnswer = 5s;
constexpr char const* kTokenLifetime = "60";
constexpr std::size_t kMostAnswer = 64 * 1024;

struct CredentialsDocument {
  std::string code, message, access_key_id;
  Secret secret_access_key;
  std::string token;
  Time last_updated{}, expiration{};
};
BOOST_DESCRIBE_STRUCT(CredentialsDocument, (),
                      (code, message, access_key_id, secret_access_key, token, last_updated, expiration))

struct IdentityDocument {
  std::string region;
  static constexpr wire::Rename kNames[] = {{"region", "region"}};
};
BOOST_DESCRIBE_STRUCT(IdentityDocument, (), (region))

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Result<InstanceMetadata> InstanceMetadata::make() {
  auto const* configured = std::getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  TRY(auto url, wire::parse_url(configured != nullptr ? configured : kEndpoint));
  if (url.is_secure())
    return Error{Errc::invalid, "AWS_EC2_METADATA_SERVICE_ENDPOINT must begin with http://"};
  return InstanceMetadata(io::HttpClient(io::TlsContext::none(), std::move(url)));
}

awaitable<Result<wire::HttpResponse>> InstanceMetadata::send(std::string method, std::string path,
                                                             std::string header, std::string value) {
  wire::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.headers.add("Host", http_.origin().host);
  request.headers.add(std::move(header), std::move(value));
  auto response = co_await http_.send(std::move(request), kAnswer);
  http_.disconnect();
  if (!response)
    co_return Error{response.error().code, "the instance metadata service: " + response.error().detail};
  if (response->body.size() > kMostAnswer)
    co_return Error{Errc::too_large, "the instance metadata service sent too much"};
  co_return response;
}

awaitable<Result<std::string>> InstanceMetadata::get(std::string path) {
  CO_TRY(auto token,
         co_await send("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", kTokenLifetime));
  if (token.status != 200)
    co_return Error{Errc::unavailable, "the instance metadata service gave no token (status " +
                                           std::to_string(token.status) + ")"};
  CO_TRY(auto response, co_await send("GET", path, "X-aws-ec2-metadata-token", token.body));
  if (response.status == 404)
    co_return Error{Errc::not_found, "the instance metadata service has no " + path};
  if (response.status != 200)
    co_return Error{Errc::unavailable, "the instance metadata service answered " +
                                           std::to_string(response.status) + " for " + path};
  co_return std::move(response.body);
}

awaitable<Result<std::string>> InstanceMetadata::instance_id() {
  CO_TRY(auto id, co_await get("/latest/meta-data/instance-id"));
  co_return std::string(first_line(id));
}

awaitable<Result<std::string>> InstanceMetadata::region() {
  CO_TRY(auto text, co_await get("/latest/dynamic/instance-identity/document"));
  CO_TRY(auto document, wire::from_json_text<IdentityDocument>(text));
  if (document.region.empty())
    co_return Error{Errc::malformed, "the instance identity document names no region"};
  co_return document.region;
}

awaitable<Result<RoleCredentials>> InstanceMetadata::role_credentials() {
  std::string const base = "/latest/meta-data/iam/security-credentials/";
  auto role = co_await get(base);
  if (!role && role.error().code == Errc::not_found)
    co_return Error{Errc::not_found,
                    "this instance has no role; give it an instance profile whose role has the policy "
                    "AmazonSSMManagedInstanceCore"};
  if (!role) co_return role.error();
  CO_TRY(auto text, co_await get(base + std::string(first_line(*role))));
  CO_TRY(auto document, wire::from_json_text<CredentialsDocument>(text));
  if (document.code != "Success")
    co_return Error{Errc::denied, "EC2 may not hand out the role " + escaped(first_line(*role), 64) + " (" +
                                      escaped(document.code, 64) +
                                      "); its trust policy must let ec2.amazonaws.com assume it"};
  RoleCredentials credentials;
  credentials.credentials = {document.access_key_id, document.secret_access_key, document.token};
  credentials.issued_at = document.last_updated;
  credentials.expires_at = document.expiration;
  co_return credentials;
}

}  // namespace fumidai::agent
