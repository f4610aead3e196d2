#pragma once

// The calls that an agent makes to the plane: those of AWS's own agent.

#include "agent/identity.h"
#include "agent/instance_metadata.h"
#include "base/rsa.h"
#include "io/aws_client.h"

namespace fumidai::agent {

struct Activation {
  std::string id;
  Secret code;
  std::string name;  // by which the host wants to be known; may be empty
};

class PlaneClient {
 public:
  // Error: invalid, for a URL or CA that is none.
  static Result<PlaneClient> make(Identity identity, io::KeepAlive keep_alive = {},
                                  wire::ProxyRules proxies = {});

  // Another with the same identity and credentials, and connections of its own.
  PlaneClient another(io::KeepAlive keep_alive) const;

  Identity const& identity() const { return identity_; }

  // Gives this host its id and key. Errors: the plane's refusal, or that it cannot be reached.
  // Under a key of its own, or under one that is given.
  awaitable<Result<void>> register_host(Activation activation, std::optional<RsaKeyPair> key = {});

  awaitable<Result<RoleCredentials>> request_credentials();
  // The credentials that it has, or new ones when these age.
  awaitable<Result<RoleCredentials>> fresh_credentials();
  void use_credentials(RoleCredentials credentials) { credentials_ = std::move(credentials); }

  awaitable<Result<void>> report();

  // The keys that were pushed to a user of this host and have not expired.
  awaitable<Result<std::vector<std::string>>> pushed_keys(std::string user);

  // POSTs for a token and upgrades `path` to a WebSocket, with the plane's words when it refuses.
  awaitable<Result<std::unique_ptr<io::WebSocket>>> open_channel(std::string path, std::string query,
                                                                 std::size_t most_message, Secret& token);

  // Gives up the connection of the last call, so that it takes no place while nothing is to be said.
  void disconnect() {
    api_.disconnect();
    if (channels_) channels_->disconnect();
  }

  // What the plane called its last refusal ("DoesNotExistException").
  std::string const& last_error_name() { return channel_api().last_error_name(); }

 private:
  PlaneClient(Identity identity, io::Outbound outbound, io::AwsClient api)
      : identity_(std::move(identity)), outbound_(std::move(outbound)), api_(std::move(api)) {}

  io::AwsClient& channel_api() { return channels_ ? *channels_ : api_; }
  awaitable<Result<RoleCredentials>> request_by_key();

  Identity identity_;
  io::Outbound outbound_;
  io::AwsClient api_;
  std::optional<io::AwsClient> channels_;  // where ssmmessages has a name of its own
  std::optional<InstanceMetadata> metadata_;
  std::optional<RoleCredentials> credentials_;
};

}  // namespace fumidai::agent
