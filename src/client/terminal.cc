#include "client/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace fumidai::client {

RawTerminal::RawTerminal() {
  termios mode{};
  if (::tcgetattr(STDIN_FILENO, &mode) != 0) return;
  before_ = mode;
  ::cfmakeraw(&mode);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

RawTerminal::~RawTerminal() {
  restore();
}

void RawTerminal::restore() {
  if (before_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
  before_.reset();
}

std::optional<wire::TerminalSize> terminal_size() {
  for (int descriptor : {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO}) {
    winsize size{};
    bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    if (known) return wire::TerminalSize{size.ws_col, size.ws_row};
  }
  return std::nullopt;
}

EscapeReader::Typed EscapeReader::feed(ByteView typed) {
  Typed result;
  for (auto byte : typed) {
    if (tilde_) {
      tilde_ = false;
      if (byte == '.') {
        result.command = Command::end;
        return result;
      }
      if (byte == '?') {
        result.command = Command::help;
        continue;
      }
      // A second tilde stands for the first; anything else shows that the first was meant for the session.
      if (byte != '~') result.to_session.push_back('~');
    } else if (at_line_start_ && byte == '~') {
      tilde_ = true;
      continue;
    }
    result.to_session.push_back(byte);
    at_line_start_ = byte == '\r' || byte == '\n';
  }
  return result;
}

}  // namespace fumidai::client
