#include "io/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace fumidai::io {

namespace {

// The pointers that execve wants, made before the fork: a child may not allocate.
class Vector {
 public:
  explicit Vector(std::vector<std::string> const& texts) {
    for (auto const& text : texts) pointers_.push_back(const_cast<char*>(text.c_str()));
    pointers_.push_back(nullptr);
  }
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<char*> pointers_;
};

// What of errno the child could not tell otherwise; the pipe closes by itself when execve succeeds.
class ExecReport {
 public:
  ExecReport() { valid_ = ::pipe2(ends_, O_CLOEXEC) == 0; }
  ~ExecReport() {
    close_end(0);
    close_end(1);
  }
  bool valid() const { return valid_; }
  void fail_in_child(int stage) const {
    int report[2] = {stage, errno};
    [[maybe_unused]] auto written = ::write(ends_[1], report, sizeof report);
    ::_exit(127);
  }
  Result<void> wait(Spawn const& spawn) {
    close_end(1);
    int report[2] = {};
    ssize_t got;
    do got = ::read(ends_[0], report, sizeof report);
    while (got < 0 && errno == EINTR);
    if (got != sizeof report) return success();
    return system_error(report[0] == 1 ? "change to the session's user" : "start " + spawn.program,
                        report[1]);
  }
  int keep() const { return ends_[1]; }

 private:
  void close_end(int which) {
    if (ends_[which] >= 0) ::close(std::exchange(ends_[which], -1));
  }
  int ends_[2] = {-1, -1};
  bool valid_;
};

// Only what is safe between fork and execve.
[[noreturn]] void become(Spawn const& spawn, pid_t parent, char* const* arguments, char* const* environment,
                         ExecReport const& report) {
  for (int number = 1; number < NSIG; number++) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close_range(3, static_cast<unsigned>(report.keep()) - 1, 0);
  ::close_range(static_cast<unsigned>(report.keep()) + 1, ~0u, 0);
  auto const& as = spawn.run_as;
  if (as.change) {
    bool changed = ::setgroups(as.groups.size(), as.groups.data()) == 0 && ::setgid(as.group) == 0 &&
                   ::setuid(as.user) == 0;
    // A session that kept the agent's rights would be worse than none.
    if (!changed || (as.user != 0 && ::setuid(0) == 0)) report.fail_in_child(1);
  }
  // After the change of user, which would undo it.
  if (spawn.ends_with_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGHUP);
    if (::getppid() != parent) ::_exit(127);  // gone before we asked
  }
  if (::chdir(spawn.directory.c_str()) != 0 && ::chdir("/") != 0) report.fail_in_child(2);
  ::execve(spawn.program.c_str(), arguments, environment);
  report.fail_in_child(2);
  ::_exit(127);
}

void set_non_blocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

}  // namespace

Result<PtyChild> spawn_on_pty(Spawn const& spawn, unsigned short columns, unsigned short rows) {
  Vector arguments(spawn.arguments), environment(spawn.environment);
  ExecReport report;
  if (!report.valid()) return system_error("make a pipe");
  winsize size{rows, columns, 0, 0};
  int terminal = -1;
  auto parent = ::getpid();
  auto pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid < 0) return system_error("make a terminal");
  if (pid == 0) {
    // The terminal belongs to its user, as login(1) would have it.
    if (spawn.run_as.change) {
      [[maybe_unused]] auto owned = ::fchown(0, spawn.run_as.user, spawn.run_as.group);
      // devpts gives the group, here that of the user, the right to write.
      [[maybe_unused]] auto closed = ::fchmod(0, 0600);
    }
    become(spawn, parent, arguments.get(), environment.get(), report);
  }
  ::fcntl(terminal, F_SETFD, FD_CLOEXEC);
  set_non_blocking(terminal);
  auto started = report.wait(spawn);
  if (!started) {
    ::close(terminal);
    ::waitpid(pid, nullptr, 0);
    return started.error();
  }
  return PtyChild{pid, terminal};
}

Result<PipedChild> spawn_with_pipes(Spawn const& spawn) {
  Vector arguments(spawn.arguments), environment(spawn.environment);
  ExecReport report;
  int input[2], output[2], error[2];
  if (!report.valid() || ::pipe2(input, O_CLOEXEC) != 0) return system_error("make a pipe");
  if (::pipe2(output, O_CLOEXEC) != 0 || ::pipe2(error, O_CLOEXEC) != 0) return system_error("make a pipe");
  auto parent = ::getpid();
  auto pid = ::fork();
  if (pid < 0) return system_error("start a process");
  if (pid == 0) {
    ::setsid();  // a group of its own, so that signals reach all of a pipeline
    ::dup2(input[0], 0);
    ::dup2(output[1], 1);
    ::dup2(spawn.merge_error ? output[1] : error[1], 2);
    become(spawn, parent, arguments.get(), environment.get(), report);
  }
  for (int descriptor : {input[0], output[1], error[1]}) ::close(descriptor);
  PipedChild child{pid, input[1], output[0], error[0]};
  auto started = report.wait(spawn);
  if (!started) {
    for (int descriptor : {child.input, child.output, child.error}) ::close(descriptor);
    ::waitpid(pid, nullptr, 0);
    return started.error();
  }
  for (int descriptor : {child.input, child.output, child.error}) set_non_blocking(descriptor);
  return child;
}

void set_terminal_size(int terminal, unsigned short columns, unsigned short rows) {
  winsize size{rows, columns, 0, 0};
  ::ioctl(terminal, TIOCSWINSZ, &size);
}

int exit_code_of(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
  return 255;
}

}  // namespace fumidai::io
