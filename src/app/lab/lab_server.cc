#include "app/lab/lab_server.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace fumidai::app {

namespace {

// Whether it was started as a server of the directory: `… server … --data-dir DIRECTORY …`.
bool serves(pid_t pid, DataDirectory const& directory) {
  auto command = io::read_file("/proc/" + std::to_string(pid) + "/cmdline");
  if (!command) return false;
  auto words = split(*command, '\0');
  auto option = std::ranges::find(words, "--data-dir");
  bool is_server = std::ranges::count(words, "server") > 0 && words.end() - option > 1;
  if (!is_server) return false;
  std::error_code not_there;
  return std::filesystem::equivalent(*std::next(option), directory.root, not_there);
}

}  // namespace

std::optional<pid_t> find_lab_server(io::Path const& pid_file, DataDirectory const& directory) {
  auto text = io::read_file(pid_file, 32);
  if (!text) return std::nullopt;
  pid_t pid = 0;
  auto number = trimmed(*text);
  std::from_chars(number.data(), number.data() + number.size(), pid);
  return pid > 1 && serves(pid, directory) ? std::optional(pid) : std::nullopt;
}

}  // namespace fumidai::app
