#pragma once

// The terminal that a person sits at: raw while a session runs, and as it was before in every other moment.

#include <termios.h>

#include <optional>

#include "wire/session_payloads.h"

namespace fumidai::client {

// Makes standard input raw until it goes away. Nothing happens when it is no terminal.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(RawTerminal const&) = delete;

  bool is_raw() const { return before_.has_value(); }
  void restore();

 private:
  std::optional<termios> before_;
};

// Of standard output, or of standard error when that is the terminal. Nothing without one.
std::optional<wire::TerminalSize> terminal_size();

// Looks for what the user says to us, not to the session: at the beginning of a line, ~. ends it, ~? helps,
// ~~ is a tilde. Pure; fed with what was typed.
class EscapeReader {
 public:
  enum class Command { none, end, help };

  struct Typed {
    Bytes to_session;
    Command command = Command::none;
  };
  Typed feed(ByteView typed);

 private:
  bool at_line_start_ = true;
  bool tilde_ = false;
};

}  // namespace fumidai::client
