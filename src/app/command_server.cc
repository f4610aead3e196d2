#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/commands.h"
#include "app/server.h"

namespace fumidai::app {

void add_server_command(CLI::App& app, Run& run) {
  struct Options {
    ServerConfig given;
    std::string file;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("server", "Run the plane");
  auto& given = options->given;
  command->add_option("--data-dir", given.data_directory, "Where the server keeps its data")
      ->envname("FUMIDAI_DATA_DIR")
      ->capture_default_str();
  command->add_option("--listen", given.listen,
                      "ADDRESS:PORT to listen on; may be repeated (default 127.0.0.1:8443)");
  command->add_option("--public-url", given.public_url,
                      "https://HOST[:PORT] by which most callers reach this server");
  command->add_option("--name", given.names, "A further name of this server; may be repeated");
  command->add_option("--region", given.region, "The AWS region that this deployment stands for")
      ->capture_default_str();
  command->add_option("--secret-file", given.secret_file, "The file that holds the deployment secret");
  command->add_option("--log-level", given.log_level, "error, warn, info or debug")->capture_default_str();
  command->add_flag("--lab", given.lab, "Run networks and instances on this machine; needs root");
  command->add_option("--lab-label", given.lab_label, "What the lab's namespaces and links are called by")
      ->capture_default_str();
  command->add_option("--lab-ssm-agent", given.lab_ssm_agent,
                      "A folder with amazon-ssm-agent and its workers, for the lab's instances");
  command->add_option(
      "--lab-image", given.lab_image,
      "A folder with a root file system for the lab's instances, in the place of this machine's "
      "programs");
  command->add_flag(
      "--aws-limits", given.aws_limits,
      "Keep AWS's quotas of connect endpoints: one a VPC, 20 tunnels, ports 22 and 3389, an hour");
  command
      ->add_option("--connect-domain", given.connect_domain,
                   "The domain that the DNS names of connect endpoints end with")
      ->capture_default_str();
  command->add_option(
      "--connect-proxy", given.connect_proxy,
      "ADDRESS:PORT where HTTPS_PROXY of the AWS CLI leads to for its tunnels; it takes CONNECT to "
      "the names of connect endpoints only");
  command->add_option("--config", options->file, "A TOML file with further settings");
  command->callback([options, command, &run] {
    run = [options, command]() -> Result<int> {
      ServerConfig config;
      if (!options->file.empty()) CHECK(read_config_file(options->file, config));
      // What the command line says wins over the file.
      auto const& line = options->given;
      auto was_given = [&](char const* name) { return command->get_option(name)->count() > 0; };
      config.data_directory = line.data_directory;
      if (was_given("--listen")) config.listen = line.listen;
      if (was_given("--public-url")) config.public_url = line.public_url;
      if (was_given("--name")) config.names = line.names;
      if (was_given("--region")) config.region = line.region;
      if (was_given("--secret-file")) config.secret_file = line.secret_file;
      if (was_given("--log-level")) config.log_level = line.log_level;
      if (was_given("--lab-label")) config.lab_label = line.lab_label;
      if (was_given("--lab-ssm-agent")) config.lab_ssm_agent = line.lab_ssm_agent;
      if (was_given("--lab-image")) config.lab_image = line.lab_image;
      if (was_given("--aws-limits")) config.aws_limits = line.aws_limits;
      if (was_given("--connect-domain")) config.connect_domain = line.connect_domain;
      if (was_given("--connect-proxy")) config.connect_proxy = line.connect_proxy;
      config.lab = line.lab;
      CHECK(run_server(std::move(config)));
      return 0;
    };
  });
}

}  // namespace fumidai::app
