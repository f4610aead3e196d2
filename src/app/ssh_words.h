#pragma once

// What a person typed after `fumidai ssh`, in the order that ssh(1) takes: options, the host, more options, a
// command.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace fumidai::app {

struct SshWords {
  std::string user;                   // of -l, -o User or USER@HOST; empty: not said
  std::optional<std::uint16_t> port;  // of -p or -o Port
  std::string host;
  std::vector<std::string> options;        // all other ones, one letter a word, each followed by its value
  std::map<std::string, std::string> own;  // "--data-dir": fumidai's, which ssh does not have
  std::vector<std::string> command;
  bool is_about_ssh = false;  // -V or -Q among the options: ssh answers, whatever else is said
};

// Error: when there is no host for what needs one, an option lacks its value, or a port is none.
Result<SshWords> parse_ssh_words(std::vector<std::string> const& words);

}  // namespace fumidai::app
