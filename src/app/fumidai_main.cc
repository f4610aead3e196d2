// fumidai: everything that a person runs; called as session-manager-plugin, a drop-in for AWS's.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>

#include <string_view>

#include "app/commands.h"
#include "app/plugin.h"
#include "app/version.h"
#include "base/bytes.h"
#include "io/idle_memory.h"

namespace {

// The subcommand that the words lead to; in `unknown` the first that names none.
CLI::App* walk(CLI::App& app, int argc, char** argv, std::string& unknown) {
  auto* at = &app;
  for (int i = 1; i < argc && *argv[i] != '-' && !at->get_subcommands({}).empty(); i++) {
    auto known = at->get_subcommands({});
    auto is_named = [&](CLI::App const* each) { return each->get_name() == argv[i]; };
    auto next = std::find_if(known.begin(), known.end(), is_named);
    if (next == known.end()) {
      unknown = argv[i];
      break;
    }
    at = *next;
  }
  return at;
}

// "fumidai session start"
std::string name_of(CLI::App const& command) {
  auto const* parent = command.get_parent();
  return parent ? name_of(*parent) + " " + command.get_name() : command.get_name();
}

// ssh's, where the status is otherwise that of what runs elsewhere, or ssh is who reads it.
int status_of_failure(std::string const& command, int otherwise) {
  bool is_as_with_ssh =
      command == "fumidai ssh" || command == "fumidai tunnel" || command == "fumidai session start";
  return is_as_with_ssh ? 255 : otherwise;
}

int tell_usage(CLI::App& app, int argc, char** argv, CLI::ParseError const& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::string unknown;
  auto* at = walk(app, argc, argv, unknown);
  auto name = name_of(*at);
  if (!unknown.empty()) {
    std::string known;
    for (auto const* each : at->get_subcommands({})) known += (known.empty() ? "" : ", ") + each->get_name();
    std::fprintf(stderr, "fumidai: '%s' is not a command of `%s`; there are: %s\n",
                 fumidai::escaped(unknown, 64).c_str(), name.c_str(), known.c_str());
  } else if (!at->get_subcommands({}).empty()) {
    std::fputs(at->help(at == &app ? "" : name_of(*at->get_parent())).c_str(), stderr);
  } else {
    std::fprintf(stderr, "fumidai: %s; see: %s --help\n", error.what(), name.c_str());
  }
  return status_of_failure(name, 2);
}

bool are_words_of_ssh(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "ssh") return false;
  std::string_view first = argc > 2 ? argv[2] : "";
  return first != "--help" && first != "-h";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fumidai;
  io::keep_memory_between_messages();
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
  app::add_ssh_help(app);
  app::add_tunnel_command(app, run);
  app::add_host_command(app, run);
  app::add_audit_command(app, run);
  app::add_explain_command(app, run);
  app::add_doctor_command(app, run);
  app::add_compare_command(app, run);
  app::add_lab_command(app, run);
  try {
    if (are_words_of_ssh(argc, argv)) {
      run = app::ssh_command({argv + 2, argv + argc});
    } else {
      app.parse(argc, argv);
    }
  } catch (CLI::ParseError const& error) {
    return tell_usage(app, argc, argv, error);
  }
  auto status = run();
  if (status) return *status;
  std::fprintf(stderr, "fumidai: %s\n", status.error().detail.c_str());
  std::string unknown;
  return status_of_failure(name_of(*walk(app, argc, argv, unknown)), 1);
}
