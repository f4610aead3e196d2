#include "lab/command.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "io/process.h"

namespace fumidai::lab {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Until the program, and all that it left behind, closed its output.
std::string read_all(int output, Clock::time_point until) {
  constexpr std::size_t kMost = 4096;
  std::string words;
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    pollfd wait{output, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) return words;
    std::array<char, 1024> chunk;
    auto size = ::read(output, chunk.data(), chunk.size());
    if (size <= 0) return words;
    if (words.size() < kMost) words.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<void> run_command(std::vector<std::string> const& command, std::chrono::seconds patience) {
  io::Spawn spawn{command.front(), command, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "/", {}};
  spawn.merge_error = true;
  TRY(auto child, io::spawn_with_pipes(spawn));
  ::close(child.input);
  auto until = Clock::now() + patience;
  auto words = read_all(child.output, until);
  ::close(child.output);
  ::close(child.error);

  int status = 0;
  bool killed = false;
  while (::waitpid(child.pid, &status, WNOHANG) == 0) {
    if (Clock::now() > until && !killed) killed = ::kill(child.pid, SIGKILL) == 0;
    std::this_thread::sleep_for(milliseconds(1));
  }
  if (killed) return Error{Errc::deadline_exceeded, command.front() + " did not end in time"};
  if (io::exit_code_of(status) != 0) return Error{Errc::unavailable, command.front() + " failed: " + words};
  return success();
}

}  // namespace fumidai::lab
