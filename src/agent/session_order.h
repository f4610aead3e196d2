#pragma once

// What a session's document asks of this host, with the caller's parameters filled in.

#include <string>

#include "base/result.h"
#include "wire/session_payloads.h"

namespace fumidai::agent {

struct SessionOrder {
  enum class Kind { shell, command_on_terminal, command, port };
  // What a session of type Port connects to.
  struct Destination {
    std::string host;  // an address or a name; "localhost" is this host
    std::uint16_t port = 0;
  };

  Kind kind = Kind::shell;
  std::string type;      // as the document names it: Standard_Stream, …
  std::string commands;  // empty for a shell
  bool run_as_root = false;
  bool separate_outputs = false;  // standard error as a stream of its own, and the exit code told
  Destination destination;
  std::string output_prefix, error_prefix;  // before each line, for clients that know one stream only
};

// Errors: unsupported (a type that is not served), invalid (no command, a parameter that is missing).
Result<SessionOrder> parse_order(wire::InteractiveShellContent const& content);

}  // namespace fumidai::agent
