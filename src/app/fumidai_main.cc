// fumidai: everything that a person runs.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include "app/commands.h"
#include "app/version.h"

int main(int argc, char** argv) {
  using namespace fumidai;
  CLI::App app{"Fumidai: reach hosts that have no public address", "fumidai"};
  app.set_version_flag("--version", std::string("fumidai ") + app::kVersion);
  app.require_subcommand(1);
  app::Run run;
  app::add_server_command(app, run);
  app::add_env_command(app, run);
  CLI11_PARSE(app, argc, argv);
  auto status = run();
  if (status) return *status;
  std::fprintf(stderr, "fumidai: %s\n", status.error().detail.c_str());
  return 1;
}
