#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <cstdlib>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/tool_environment.h"
#include "base/bytes.h"

namespace fumidai::app {

namespace {

// Safe between single quotes of a shell.
std::string shell_quoted(std::string const& text) {
  std::string result = "'";
  for (char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

Result<int> print_environment(io::Path const& data_directory) {
  TRY(auto environment, tool_environment(data_directory));
  for (auto const& name : overriding_variables()) std::printf("unset %s\n", name.c_str());
  for (auto const& [name, value] : environment.variables)
    std::printf("export %s=%s\n", name.c_str(), shell_quoted(value).c_str());
  std::printf("export PATH=%s:\"$PATH\"\n", shell_quoted(environment.plugin_directory).c_str());
  return 0;
}

Result<int> print_unset() {
  for (auto const& name : tool_variables()) std::printf("unset %s\n", name.c_str());
  auto directory = plugin_directory();
  std::string kept;
  auto const* path = std::getenv("PATH");
  for (auto part : split(path == nullptr ? "" : path, ':')) {
    if (part != directory) kept += (kept.empty() ? "" : ":") + std::string(part);
  }
  std::printf("export PATH=%s\n", shell_quoted(kept).c_str());
  return 0;
}

}  // namespace

void add_env_command(CLI::App& app, Run& run) {
  struct Options {
    std::string data_directory = "fumidai-data";
    bool unset = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "env", "Print the environment that points AWS's tools to a server: eval \"$(fumidai env)\"");
  command->add_option("--data-dir", options->data_directory, "The server's data directory")
      ->envname("FUMIDAI_DATA_DIR")
      ->capture_default_str();
  command->add_flag("--unset", options->unset, "Print what takes it back");
  command->callback([options, &run] {
    run = [options] { return options->unset ? print_unset() : print_environment(options->data_directory); };
  });
}

}  // namespace fumidai::app
