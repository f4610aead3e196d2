#include "app/lab/program.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "io/process.h"

namespace fumidai::app {

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostOutput = 64 * 1024;

io::Spawn as_we_are(std::vector<std::string> words) {
  io::Spawn spawn;
  spawn.program = words[0];
  spawn.arguments = std::move(words);
  for (auto** variable = environ; *variable != nullptr; variable++) spawn.environment.emplace_back(*variable);
  std::error_code ignored;
  spawn.directory = std::filesystem::current_path(ignored).string();
  return spawn;
}

// Whether there may be more.
bool take(int descriptor, std::string& into) {
  char chunk[4096];
  auto count = ::read(descriptor, chunk, sizeof chunk);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (into.size() < kMostOutput) into.append(chunk, static_cast<std::size_t>(count));
  return count > 0;
}

// Both outputs, until nobody holds them or it is too late.
void drain(io::PipedChild const& child, Finished& finished, SteadyClock::time_point until) {
  pollfd outputs[] = {{child.output, POLLIN, 0}, {child.error, POLLIN, 0}};
  std::string* texts[] = {&finished.output, &finished.error};
  while (outputs[0].fd >= 0 || outputs[1].fd >= 0) {
    auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) return;
    ::poll(outputs, 2, static_cast<int>(left));
    for (auto i : {0, 1}) {
      if (outputs[i].revents != 0 && !take(outputs[i].fd, *texts[i]))
        outputs[i].fd = -1;  // poll leaves it out
    }
  }
}

// Its status. It leads a group, in which is all that it started and that did not leave.
int wait_for_end(pid_t pid, SteadyClock::time_point until) {
  for (int status = 0;; std::this_thread::sleep_for(milliseconds(1))) {
    if (SteadyClock::now() >= until) ::kill(-pid, SIGKILL);
    if (::waitpid(pid, &status, WNOHANG) != 0) return io::exit_code_of(status);
  }
}

}  // namespace

Result<Finished> run_program(std::vector<std::string> words, std::chrono::seconds limit) {
  TRY(auto child, io::spawn_with_pipes(as_we_are(std::move(words))));
  auto until = SteadyClock::now() + limit;
  Finished finished;
  ::close(child.input);
  drain(child, finished, until);
  finished.status = wait_for_end(child.pid, until);
  ::close(child.output);
  ::close(child.error);
  return finished;
}

}  // namespace fumidai::app
