#include "agent/plane_client.h"

#include <boost/describe/class.hpp>

#include "agent/platform.h"
#include "base/rsa.h"
#include "base/uuid.h"

namespace fumidai::agent {

using namespace std::chrono_literals;

namespace {

struct RegisterRequest {
  Secret activation_code;
  std::string activation_id, public_key, public_key_type = "Rsa", fingerprint;
  std::optional<std::string> name;  // an addition of ours
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (),
                      (activation_code, activation_id, public_key, public_key_type, fingerprint, name))

struct RegisterResponse {
  std::string instance_id;
  std::optional<std::string> region;  // an addition of ours: the region to sign for
};
BOOST_DESCRIBE_STRUCT(RegisterResponse, (), (instance_id, region))

struct RoleTokenRequest {
  std::string fingerprint;
};
BOOST_DESCRIBE_STRUCT(RoleTokenRequest, (), (fingerprint))

struct RoleTokenResponse {
  std::string access_key_id;
  Secret secret_access_key;
  std::string session_token;
  Time token_expiration_date{};
};
BOOST_DESCRIBE_STRUCT(RoleTokenResponse, (),
                      (access_key_id, secret_access_key, session_token, token_expiration_date))

struct ReportRequest {
  std::string instance_id, agent_name, agent_version, platform_type, platform_name, platform_version,
      ip_address, computer_name;
  static constexpr wire::Rename kNames[] = {{"ip_address", "IPAddress"}};
};
BOOST_DESCRIBE_STRUCT(ReportRequest, (),
                      (instance_id, agent_name, agent_version, platform_type, platform_name, platform_version,
                       ip_address, computer_name))

struct PushedKeysRequest {
  std::string instance_id, user;
};
BOOST_DESCRIBE_STRUCT(PushedKeysRequest, (), (instance_id, user))

struct PushedKeysResponse {
  std::vector<std::string> keys;
};
BOOST_DESCRIBE_STRUCT(PushedKeysResponse, (), (keys))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

}  // namespace

Result<PlaneClient> PlaneClient::make(Identity identity, io::KeepAlive keep_alive, wire::ProxyRules proxies) {
  TRY(auto url, wire::parse_url(identity.url));
  if (url.scheme != "https") return Error{Errc::invalid, "the plane's URL must begin with https://"};
  TRY(auto tls, io::TlsContext::client(identity.ca_pem));
  io::Outbound outbound(std::move(tls), std::move(proxies));
  PlaneClient client(std::move(identity), outbound, io::AwsClient(outbound, std::move(url), keep_alive));
  if (!client.identity_.channel_url.empty()) {
    TRY(auto channel_url, wire::parse_url(client.identity_.channel_url));
    client.channels_.emplace(outbound, std::move(channel_url), keep_alive);
  }
  if (client.identity_.of_ec2) {
    TRY(client.metadata_, InstanceMetadata::make());
  }
  return client;
}

PlaneClient PlaneClient::another(io::KeepAlive keep_alive) const {
  PlaneClient client(identity_, outbound_, io::AwsClient(outbound_, api_.endpoint(), keep_alive));
  if (channels_) client.channels_.emplace(outbound_, channels_->endpoint(), keep_alive);
  if (metadata_) {
    if (auto metadata = InstanceMetadata::make()) client.metadata_ = std::move(*metadata);
  }
  client.credentials_ = credentials_;
  return client;
}

awaitable<Result<void>> PlaneClient::register_host(Activation activation, std::optional<RsaKeyPair> key) {
  if (!key) key = generate_rsa_key();
  identity_.private_key = key->private_key;
  identity_.fingerprint = Uuid::random().text();
  RegisterRequest request{activation.code, activation.id,         to_base64(as_bytes(key->public_key)),
                          "Rsa",           identity_.fingerprint, {}};
  if (!activation.name.empty()) request.name = activation.name;
  CO_TRY(auto response, co_await api_.call<RegisterResponse>("ssm", "AmazonSSM.RegisterManagedInstance",
                                                             std::move(request), nullptr));
  identity_.instance_id = response.instance_id;
  if (response.region) identity_.region = *response.region;
  co_return success();
}

awaitable<Result<RoleCredentials>> PlaneClient::request_credentials() {
  if (metadata_) {
    CO_TRY(credentials_, co_await metadata_->role_credentials());
  } else {
    CO_TRY(credentials_, co_await request_by_key());
  }
  co_return *credentials_;
}

awaitable<Result<RoleCredentials>> PlaneClient::request_by_key() {
  RoleTokenRequest request{identity_.fingerprint};
  auto signer = io::sign_with_instance_key(identity_.instance_id, identity_.private_key, identity_.region);
  auto now = SystemClock().now();
  CO_TRY(auto token, co_await api_.call<RoleTokenResponse>("ssm", "AmazonSSM.RequestManagedInstanceRoleToken",
                                                           std::move(request), std::move(signer)));
  RoleCredentials credentials;
  credentials.credentials = {token.access_key_id, token.secret_access_key, token.session_token};
  credentials.issued_at = now;
  credentials.expires_at = token.token_expiration_date;
  co_return credentials;
}

awaitable<Result<RoleCredentials>> PlaneClient::fresh_credentials() {
  if (credentials_ && !credentials_->are_ageing(SystemClock().now())) co_return *credentials_;
  co_return co_await request_credentials();
}

awaitable<Result<void>> PlaneClient::report() {
  CO_TRY(auto role, co_await fresh_credentials());
  auto platform = describe_platform();
  ReportRequest request{identity_.instance_id, kAgentName,       kAgentVersion,       "Linux",
                        platform.name,         platform.version, platform.ip_address, platform.computer_name};
  auto signer = io::sign_with(role.credentials, identity_.region);
  CO_CHECK(co_await api_.call<Nothing>("ssm", "AmazonSSM.UpdateInstanceInformation", std::move(request),
                                       std::move(signer)));
  co_return success();
}

awaitable<Result<std::vector<std::string>>> PlaneClient::pushed_keys(std::string user) {
  CO_TRY(auto role, co_await fresh_credentials());
  PushedKeysRequest request{identity_.instance_id, std::move(user)};
  auto signer = io::sign_with(role.credentials, identity_.region);
  CO_TRY(auto response, co_await api_.call<PushedKeysResponse>("fumidai", "Fumidai.ListPushedKeys",
                                                               std::move(request), std::move(signer)));
  co_return std::move(response.keys);
}

awaitable<Result<std::unique_ptr<io::WebSocket>>> PlaneClient::open_channel(std::string path,
                                                                            std::string query,
                                                                            std::size_t most_message,
                                                                            Secret& token) {
  CO_TRY(auto role, co_await fresh_credentials());
  auto signer = io::sign_with(role.credentials, identity_.region);
  co_return co_await channel_api().open_channel(std::move(path), std::move(query), most_message,
                                                std::move(signer), token);
}

}  // namespace fumidai::agent
