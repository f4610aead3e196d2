#pragma once

// How a server is set up: from the command line, and from a TOML file for what the command line does not say.

#include <optional>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/http_server.h"
#include "networks/connect_endpoints.h"
#include "sessions/gate.h"
#include "sessions/live_session.h"

namespace fumidai::app {

struct ServerConfig {
  io::Path data_directory = "fumidai-data";
  std::vector<std::string> listen;  // ADDRESS:PORT; 127.0.0.1:8443 when none is given
  std::string public_url;           // how most callers reach us, when that is not where we listen
  std::vector<std::string> names;   // further names of ours
  std::string region = "us-east-1";
  std::string secret_file;
  std::string tls_certificate, tls_key;  // files; empty: our own authority
  std::string tls_ca;                    // file: who signed that certificate, where it is no public authority
  std::string log_level = "info";
  bool lab = false;               // run the networks and instances of the store on this machine
  std::string lab_label = "lab";  // of what it makes there
  std::string lab_ssm_agent;      // a folder with AWS's agent, for its instances; empty: they have ours
  std::string lab_image;    // a folder with a root file system; empty: instances have this machine's programs
  bool aws_limits = false;  // keep AWS's quotas of connect endpoints and their tunnels
  std::string connect_domain = std::string(networks::kAwsDomain);  // DNS names of connect endpoints end so
  std::string connect_proxy;  // ADDRESS:PORT where CONNECT to those names is taken; empty: nowhere
  std::chrono::seconds drain{5};

  io::ServerLimits limits;
  sessions::SessionLimits session_limits;
  sessions::SessionPatience patience;

  networks::ConnectLimits connect_limits() const {
    return aws_limits ? networks::ConnectLimits::aws() : networks::ConnectLimits::none();
  }
};

// Reads the file into what is still at its default. Errors name the file, the line and the setting.
Result<void> read_config_file(io::Path const& path, ServerConfig& config);

}  // namespace fumidai::app
