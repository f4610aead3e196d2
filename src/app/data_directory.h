#pragma once

// What a server keeps on disk, and what it leaves there for others: credentials, trust, and the files that
// point AWS's tools to us. The deployment secret is not among it.

#include <optional>
#include <string>

#include "base/secret.h"
#include "identity/access_keys.h"
#include "io/file.h"

namespace fumidai::app {

struct DataDirectory {
  io::Path root;

  io::Path database() const { return root / "fumidai.db"; }
  io::Path lock() const { return root / "lock"; }
  io::Path checkpoint() const { return root / "audit-checkpoint"; }
  io::Path credentials() const { return root / "credentials"; }
  io::Path aws_config() const { return root / "config"; }
  io::Path ca() const { return root / "ca.pem"; }
  io::Path ca_bundle() const { return root / "ca-bundle.pem"; }
  io::Path aws_models() const { return root / "aws-models"; }
  io::Path lab() const { return root / "lab"; }
  io::Path prices() const { return root / "prices.toml"; }
  io::Path endpoint() const { return root / "endpoint"; }
  io::Path secret_name() const { return root / "secret-name"; }
};

// Where the deployment secret comes from, first match wins: `file` when given, $FUMIDAI_SECRET_FILE,
// systemd's credential "fumidai-secret", $FUMIDAI_SECRET, and a file of mode 0600 in the user's configuration
// directory, which is made when the data directory is new. Errors say where was looked.
Result<Secret> find_deployment_secret(DataDirectory const& directory, std::string const& file);

// The same without making one: for tools that read a data directory.
Result<Secret> read_deployment_secret(DataDirectory const& directory, std::string const& file);

// The files for AWS's tools.
Result<void> write_credentials(DataDirectory const& directory, identity::NewAccessKey const& key);
Result<void> write_tool_files(DataDirectory const& directory, std::string const& region,
                              std::string const& url, std::string const& ca_pem);

}  // namespace fumidai::app
