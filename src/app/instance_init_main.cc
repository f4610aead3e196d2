// fumidai-instance-init: the first process of an instance of the lab. Makes what is its own at the first
// boot, starts sshd and the agent and starts them again, runs the user data once, keeps the end of what they
// print, and ends them all when it is asked to. Its arguments are the agent's command; standard output is the
// console file.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/instance_console.h"

namespace fumidai::app {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

fs::path const kBoot = "/run/fumidai/boot";
fs::path const kCloud = "/var/lib/cloud/instance";
constexpr char const* kConsole = "/dev/console";
// The lock by which the host knows that this instance runs; what is written into it tells how it ended.
constexpr int kLock = 3;
constexpr auto kPatience = 5s;  // of those who are asked to end
constexpr auto kLongestPause = 60s;

std::string read_text(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// By a new file: what root of the instance left in its place (a link, a device) is replaced, not followed.
bool write_text(fs::path const& path, std::string const& text, mode_t mode) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  auto draft = path;
  draft += ".new";
  std::ofstream(draft, std::ios::binary) << text;
  ::chmod(draft.c_str(), mode);
  return ::rename(draft.c_str(), path.c_str()) == 0;
}

// Everybody in the instance writes to it. Negative when it cannot be made.
int make_console() {
  ::unlink(kConsole);
  if (::mkfifo(kConsole, 0620) != 0) return -1;
  return ::open(kConsole, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

pid_t start(std::vector<std::string> const& words) {
  std::vector<char*> arguments;
  for (auto const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  auto pid = ::fork();
  if (pid != 0) return pid;
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int input = ::open("/dev/null", O_RDONLY), output = ::open(kConsole, O_WRONLY);
  ::dup2(input, 0), ::dup2(output, 1), ::dup2(output, 2);
  ::close_range(3, ~0u, 0);
  [[maybe_unused]] auto changed = ::chdir("/");
  ::execv(arguments[0], arguments.data());
  std::string text = "cannot start " + words[0] + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] auto written = ::write(2, text.data(), text.size());
  ::_exit(127);
}

struct Service {
  std::vector<std::string> words;
  pid_t pid = -1;
  Clock::time_point started = {}, due = {};
  std::chrono::seconds pause = 1s;
};

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  fs::path home;
};

// By hand: the C library's look-up would not work in a static program.
Account ec2_user() {
  std::istringstream passwd(read_text("/etc/passwd"));
  for (std::string line; std::getline(passwd, line);) {
    std::vector<std::string> parts;
    std::istringstream row(line);
    for (std::string part; std::getline(row, part, ':');) parts.push_back(part);
    if (parts.size() < 6 || parts[0] != "ec2-user") continue;
    return {static_cast<uid_t>(std::atoi(parts[2].c_str())), static_cast<gid_t>(std::atoi(parts[3].c_str())),
            parts[5]};
  }
  return {};
}

void write_authorized_keys() {
  auto keys = read_text(kBoot / "authorized_keys");
  auto user = ec2_user();
  if (keys.empty() || user.home.empty()) return;
  auto folder = user.home / ".ssh";
  write_text(folder / "authorized_keys", keys, 0600);
  ::chmod(folder.c_str(), 0700);
  for (auto const& path : {folder, folder / "authorized_keys"})
    if (::lchown(path.c_str(), user.user, user.group) != 0) return;
}

// Programs find a root by its file or in the one file with all of them.
void trust_roots() {
  fs::path bundle = "/etc/ssl/certs/ca-certificates.crt";
  auto all = read_text(bundle);
  auto before = all.size();
  std::error_code none;
  for (auto const& root : fs::directory_iterator(kBoot / "trust", none)) {
    auto pem = read_text(root.path());
    write_text(bundle.parent_path() / root.path().filename(), pem, 0644);
    if (all.find(pem) == all.npos) all += pem;
  }
  if (all.size() != before) write_text(bundle, all, 0644);
}

// With EC2 Instance Connect's own scripts where an image has them, as their package sets it up for systemd.
std::vector<std::string> sshd() {
  std::vector<std::string> words = {"/usr/sbin/sshd", "-D", "-e"};
  fs::path scripts = "/usr/share/ec2-instance-connect/eic_run_authorized_keys";
  std::error_code none;
  if (!fs::exists(scripts, none)) return words;
  words.insert(words.end(), {"-o", "AuthorizedKeysCommand " + scripts.string() + " %u %f", "-o",
                             "AuthorizedKeysCommandUser ec2-instance-connect"});
  return words;
}

class Init {
 public:
  Init(std::vector<std::string> agent, InstanceConsole console) : console_(console) {
    services_.push_back({sshd()});
    if (!agent.empty()) services_.push_back({std::move(agent)});
  }

  int run() {
    sigset_t handled;
    ::sigemptyset(&handled);
    for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGPWR}) ::sigaddset(&handled, number);
    ::sigprocmask(SIG_BLOCK, &handled, nullptr);
    signals_ = ::signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
    boot();
    while (!stopping_) {
      start_what_is_due();
      wait();
    }
    stop();
    return 0;
  }

 private:
  void boot() {
    ::umask(022);
    for (auto const* folder : {"/run/sshd", "/run/lock"}) ::mkdir(folder, 0755);
    std::error_code none;
    for (auto const& file : fs::directory_iterator(kBoot / "etc", none))
      write_text(fs::path("/etc") / file.path().filename(), read_text(file.path()), 0644);
    trust_roots();
    if (!fs::exists("/etc/ssh/ssh_host_ed25519_key", none)) {
      auto maker = start(
          {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key"});
      ::waitpid(maker, nullptr, 0);
    }
    bool is_first = !fs::exists(kCloud / "boot-finished", none);
    if (is_first) write_authorized_keys();
    console_.say("booting");
    start_what_is_due();
    if (is_first) run_user_data();
    write_text(kCloud / "boot-finished", "", 0644);
  }

  void run_user_data() {
    auto text = read_text(kBoot / "user-data");
    if (text.empty()) return;
    auto file = kCloud / "user-data.txt";
    bool is_program = text.starts_with("#!");
    if (!write_text(file, text, is_program ? 0700 : 0600))
      return console_.say("the user data cannot be kept");
    if (is_program) start({file.string()});
  }

  void start_what_is_due() {
    for (auto& service : services_) {
      if (service.pid > 0 || Clock::now() < service.due) continue;
      service.started = Clock::now();
      service.pid = start(service.words);
      if (service.pid < 0) service.due = Clock::now() + service.pause;
    }
  }

  void wait() {
    auto limit = Clock::now() + 3600s;
    for (auto const& service : services_)
      if (service.pid <= 0) limit = std::min(limit, service.due);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
    watch(static_cast<int>(std::max<long>(left, 0)));
    reap();
  }

  // Until something happens, or the time is over.
  void watch(int milliseconds) {
    pollfd watched[2] = {{signals_, POLLIN, 0}, {console_.fifo(), POLLIN, 0}};
    ::poll(watched, 2, milliseconds);
    console_.carry();
    signalfd_siginfo signal;
    while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGCHLD) continue;
      stopping_ = true;
      by_itself_ = signal.ssi_pid != 0;  // who is outside has no number in here
    }
  }

  // False when there is no process left but this one.
  bool reap() {
    for (;;) {
      int status = 0;
      auto pid = ::waitpid(-1, &status, WNOHANG);
      if (pid <= 0) return pid == 0;
      for (auto& service : services_)
        if (service.pid == pid) ended(service, status);
    }
  }

  void ended(Service& service, int status) {
    service.pid = -1;
    if (stopping_) return;
    auto now = Clock::now();
    if (now - service.started > kLongestPause) service.pause = 1s;
    service.due = now + service.pause;
    auto how = WIFEXITED(status) ? "status " + std::to_string(WEXITSTATUS(status))
                                 : "signal " + std::to_string(WTERMSIG(status));
    console_.say(service.words[0] + " ended with " + how + ", starts again in " +
                 std::to_string(service.pause.count()) + " s");
    service.pause = std::min<std::chrono::seconds>(service.pause * 2, kLongestPause);
  }

  void stop() {
    console_.say("stopping");
    for (int number : {SIGTERM, SIGHUP, SIGCONT}) ::kill(-1, number);
    auto deadline = Clock::now() + kPatience;
    while (reap() && Clock::now() < deadline) watch(50);
    ::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) continue;
    console_.carry();
    console_.say("stopped");
    if (by_itself_ && ::write(kLock, "shut down\n", 10) < 0) console_.say("the host is not told");
  }

  InstanceConsole console_;
  std::vector<Service> services_;
  int signals_ = -1;
  bool stopping_ = false, by_itself_ = false;
};

}  // namespace
}  // namespace fumidai::app

int main(int argc, char** argv) {
  if (::getpid() != 1) {
    [[maybe_unused]] auto told =
        ::write(2, "fumidai-instance-init runs as the first process of an instance\n", 64);
    return 2;
  }
  ::fcntl(fumidai::app::kLock, F_SETFD, FD_CLOEXEC);
  auto fifo = fumidai::app::make_console();
  if (fifo < 0) return 1;
  return fumidai::app::Init({argv + 1, argv + argc}, {fifo, STDOUT_FILENO}).run();
}
