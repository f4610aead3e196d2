#include "app/lab/lab_server.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace fumidai::app {

namespace {

// Of a process that runs; nothing of one that has ended.
std::vector<std::string> words_of(pid_t pid) {
  auto command = io::read_file("/proc/" + std::to_string(pid) + "/cmdline");
  if (!command) return {};
  auto words = split(*command, '\0');
  return {words.begin(), words.end()};
}

// Whether it was started as a server of the directory: `… server … --data-dir DIRECTORY …`.
bool serves(pid_t pid, DataDirectory const& directory) {
  auto words = words_of(pid);
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

bool was_started_with(pid_t pid, Options const& options) {
  auto words = words_of(pid);
  return std::ranges::all_of(options, [&](auto const& option) {
    auto const& [name, value] = option;
    std::string const both[] = {name, value};
    return !std::ranges::search(words, both).empty();
  });
}

}  // namespace fumidai::app
