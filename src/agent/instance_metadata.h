#pragma once

// The metadata service of EC2 as an agent reads it (session-manager.md 4.4): who this instance is, and the
// credentials of its role. IMDSv2 only.

#include "agent/role_credentials.h"
#include "io/http_client.h"

namespace fumidai::agent {

class InstanceMetadata {
 public:
  // At http://169.254.169.254, or where AWS_EC2_METADATA_SERVICE_ENDPOINT says. Error: invalid.
  static Result<InstanceMetadata> make();

  // What is at a path ("/latest/meta-data/instance-id"). Errors: not_found, for what the service does not
  // have; unavailable, deadline_exceeded, for a service that is not there.
  awaitable<Result<std::string>> get(std::string path);

  awaitable<Result<std::string>> instance_id();
  awaitable<Result<std::string>> region();
  // Errors: not_found, for an instance without a role; denied, when the role does not let EC2 hand it out.
  awaitable<Result<RoleCredentials>> role_credentials();

 private:
  explicit InstanceMetadata(io::HttpClient http) : http_(std::move(http)) {}

  awaitable<Result<wire::HttpResponse>> send(std::string method, std::string path, std::string header,
                                             std::string value);

  io::HttpClient http_;
};

}  // namespace fumidai::agent
