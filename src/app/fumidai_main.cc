// fumidai: everything that a person runs; called as session-manager-plugin, a drop-in for AWS's.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include <string_view>

#include "app/commands.h"
#include "app/plugin.h"
#include "app/version.h"

int main(int argc, char** argv) {
  using namespace fumidai;
  // Through its symlink this program is AWS's plugin.
  std::string_view name = argc > 0 ? argv[0] : "";
  if (name.substr(name.rfind('/') + 1) == "session-manager-plugin") return app::run_plugin(argc, argv);
  CLI::App app{"Fumidai: reach hosts that have no public address", "fumidai"};
  app.set_version_flag("--version", std::string("fumidai ") + app::kVersion);
  app.require_subcommand(1);
  app::Run run;
  app::add_server_command(app, run);
  app::add_env_command(app, run);
  app::add_session_command(app, run);
  app::add_host_command(app, run);
  app::add_audit_command(app, run);
  app::add_explain_command(app, run);
  CLI11_PARSE(app, argc, argv);
  auto status = run();
  if (status) return *status;
  std::fprintf(stderr, "fumidai: %s\n", status.error().detail.c_str());
  return 1;
}
