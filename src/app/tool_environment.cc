#include "app/tool_environment.h"

#include <boost/json/parse.hpp>

#include "app/data_directory.h"
#include "base/bytes.h"

namespace fumidai::app {

namespace {

Result<std::string> region_of(DataDirectory const& directory) {
  TRY(auto text, io::read_file(directory.aws_config(), 4096));
  for (auto line : split(text, '\n')) {
    if (line.starts_with("region = ")) return std::string(trimmed(line.substr(9)));
  }
  return Error{Errc::corrupt, directory.aws_config().string() + " names no region"};
}

}  // namespace

Result<ToolEnvironment> tool_environment(io::Path const& data_directory) {
  DataDirectory directory{std::filesystem::absolute(data_directory).lexically_normal()};
  auto is_there = io::exists(directory.database());
  if (!is_there)
    return Error{Errc::denied, "cannot " + is_there.error().detail +
                                   ". Run this as the server's user, or use a key and files of your own "
                                   "(docs/operate/aws-tools.md, \"From another machine\")"};
  if (!*is_there) {
    return Error{Errc::not_found, "there is no data of a server in " + directory.root.string() +
                                      "; start one (fumidai server), or name its directory with --data-dir"};
  }
  auto url = io::read_file(directory.endpoint(), 4096);
  if (!url)
    return Error{Errc::unavailable, "the server of " + directory.root.string() +
                                        " does not run; start it: fumidai server --data-dir " +
                                        directory.root.string()};
  TRY(auto region, region_of(directory));
  ToolEnvironment environment;
  environment.variables = {
      {"AWS_CONFIG_FILE", directory.aws_config().string()},
      {"AWS_SHARED_CREDENTIALS_FILE", directory.credentials().string()},
      {"AWS_CA_BUNDLE", directory.ca_bundle().string()},
      {"SSL_CERT_FILE", directory.ca_bundle().string()},
      {"AWS_REGION", region},
      {"AWS_DEFAULT_REGION", region},
      {"AWS_ENDPOINT_URL", std::string(trimmed(*url))},
      {"AWS_DATA_PATH", directory.aws_models().string()},
      // Else old ones take STS for a service of the whole world, at an address of its own.
      {"AWS_STS_REGIONAL_ENDPOINTS", "regional"},
      {"FUMIDAI_DATA_DIR", directory.root.string()},
  };
  environment.plugin_directory = plugin_directory();
  return environment;
}

std::vector<std::string> tool_variables() {
  return {"AWS_CONFIG_FILE",
          "AWS_SHARED_CREDENTIALS_FILE",
          "AWS_CA_BUNDLE",
          "SSL_CERT_FILE",
          "AWS_REGION",
          "AWS_DEFAULT_REGION",
          "AWS_ENDPOINT_URL",
          "AWS_DATA_PATH",
          "AWS_STS_REGIONAL_ENDPOINTS",
          "FUMIDAI_DATA_DIR"};
}

std::vector<std::string> overriding_variables() {
  return {"AWS_ACCESS_KEY_ID",
          "AWS_SECRET_ACCESS_KEY",
          "AWS_SESSION_TOKEN",
          "AWS_PROFILE",
          "AWS_DEFAULT_PROFILE",
          "AWS_ENDPOINT_URL_SSM",
          "AWS_ENDPOINT_URL_STS",
          "AWS_ENDPOINT_URL_IAM",
          "AWS_ENDPOINT_URL_EC2",
          "AWS_ENDPOINT_URL_EC2_INSTANCE_CONNECT",
          "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
          "REQUESTS_CA_BUNDLE"};
}

std::string plugin_directory() {
  std::error_code ignored;
  auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return program.parent_path().string();
}

}  // namespace fumidai::app
