#pragma once

// With whom a client talks and as whom: from a server's data directory, or from what AWS's tools read
// (environment, credentials file, config file).

#include <string>

#include "base/secret.h"
#include "io/file.h"
#include "wire/proxy.h"
#include "wire/sigv4.h"

namespace fumidai::client {

struct Profile {
  std::string endpoint;  // https://HOST[:PORT]
  std::string region;
  std::string ca_pem;  // empty: the roots of this machine
  wire::Credentials credentials;
  wire::ProxyRules proxies = {};
};

struct ProfileOptions {
  std::string data_directory;  // given on the command line; empty: see find_profile
  std::string name;            // of a profile in AWS's files; empty: $AWS_PROFILE, then "default"
  std::string endpoint;        // given; empty: from the environment
  std::string region;
};

// A data directory that was named wins; then AWS_ENDPOINT_URL; then $FUMIDAI_DATA_DIR; then ./fumidai-data.
// Errors say what was looked for.
Result<Profile> find_profile(ProfileOptions const& options);

// The keys of one section of an AWS file ("default", "profile x").
std::string find_setting(std::string_view text, std::string_view section, std::string_view key);

}  // namespace fumidai::client
