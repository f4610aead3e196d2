#include "lab/dnsmasq.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>

#include "io/file.h"
#include "io/process.h"

namespace fumidai::lab {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kConfiguration = ".conf", kHosts = ".hosts", kPid = ".pid";
constexpr auto kStale = ".stale";  // there while the process may not have read the hosts
constexpr auto kPatience = 5s;

std::string text_of(std::string const& path) {
  auto text = io::read_file(path);
  return text ? *text : "";
}

// As /proc shows it; empty for a process that is gone or dead.
std::string command_line_of(int pid) {
  return text_of(fmt::format("/proc/{}/cmdline", pid));
}

// Waits for the process that makes the daemon, and takes what it says about a failure.
Result<void> wait_for_start(io::PipedChild const& child) {
  ::close(child.input);
  ::close(child.output);
  std::string words;
  auto until = Clock::now() + kPatience;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd wait{child.error, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) break;
    std::array<char, 1024> chunk;
    auto size = ::read(child.error, chunk.data(), chunk.size());
    if (size <= 0) break;
    if (words.size() < 4096) words.append(chunk.data(), static_cast<std::size_t>(size));
  }
  ::close(child.error);
  int status = 0;
  while (::waitpid(child.pid, &status, WNOHANG) == 0) {
    if (Clock::now() > until) ::kill(child.pid, SIGKILL);
    std::this_thread::sleep_for(1ms);
  }
  if (io::exit_code_of(status) != 0) return Error{Errc::unavailable, "dnsmasq does not start: " + words};
  return success();
}

}  // namespace

Dnsmasq::Dnsmasq(std::string const& directory, std::string space)
    : stem_(directory + "/" + std::move(space)) {}

Result<std::vector<std::string>> Dnsmasq::spaces_in(std::string const& directory) {
  std::vector<std::string> spaces;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    if (at->path().extension() == kConfiguration) spaces.push_back(at->path().stem().string());
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    return system_error("read " + directory, failure.value());
  }
  return spaces;
}

std::string Dnsmasq::configuration(NameServer const& wanted) const {
  return wanted.options + "addn-hosts=" + file(kHosts) + "\npid-file=" + file(kPid) + "\n";
}

std::vector<std::string> Dnsmasq::command() const {
  return {kDnsmasqProgram, "--conf-file=" + file(kConfiguration)};
}

int Dnsmasq::running() const {
  auto text = text_of(file(kPid));
  int pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  std::string expected;
  for (auto& argument : command()) expected += argument + '\0';
  return pid > 0 && command_line_of(pid) == expected ? pid : 0;
}

Result<Dnsmasq::Need> Dnsmasq::need(NameServer const& wanted, SpaceHandle const& space) const {
  auto pid = running();
  if (pid == 0 || text_of(file(kConfiguration)) != configuration(wanted)) return Need::start;
  // One of a namespace that went with its name still lives in it.
  struct stat home {};
  auto path = fmt::format("/proc/{}/ns/net", pid);
  if (::stat(path.c_str(), &home) != 0 || home.st_ino != space.identity()) return Need::start;
  TRY(bool is_stale, io::exists(file(kStale)));
  return is_stale || text_of(file(kHosts)) != wanted.hosts ? Need::reload : Need::nothing;
}

Result<void> Dnsmasq::write_hosts(NameServer const& wanted) const {
  return io::write_file(file(kHosts), wanted.hosts);
}

Result<void> Dnsmasq::reload(NameServer const& wanted) const {
  CHECK(io::write_file(file(kStale), ""));
  CHECK(write_hosts(wanted));
  if (auto pid = running(); pid != 0) ::kill(pid, SIGHUP);
  io::remove_file(file(kStale));
  return success();
}

Result<void> Dnsmasq::start(NameServer const& wanted, SpaceHandle const& space) const {
  CHECK(end());
  CHECK(write_hosts(wanted));
  CHECK(io::write_file(file(kConfiguration), configuration(wanted)));
  io::remove_file(file(kStale));
  io::Spawn spawn{kDnsmasqProgram, command(), {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "/", {}};
  return within(space, [&]() -> Result<void> {
    TRY(auto child, io::spawn_with_pipes(spawn));
    return wait_for_start(child);
  });
}

Result<void> Dnsmasq::end() const {
  auto until = Clock::now() + kPatience;
  for (int pid = running(); pid != 0; pid = running()) {
    if (::kill(pid, Clock::now() < until - kPatience / 2 ? SIGTERM : SIGKILL) != 0 && errno != ESRCH) {
      return system_error("stop dnsmasq");
    }
    if (Clock::now() > until) return Error{Errc::deadline_exceeded, "dnsmasq does not stop"};
    std::this_thread::sleep_for(1ms);
  }
  return success();
}

Result<void> Dnsmasq::stop() const {
  CHECK(end());
  // The one that it is found by goes last.
  for (auto kind : {kPid, kHosts, kStale, kConfiguration}) io::remove_file(file(kind));
  return success();
}

}  // namespace fumidai::lab
