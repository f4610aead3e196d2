#include "lab/dnsmasq.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/digest.h"
#include "io/file.h"
#include "lab/command.h"
#include "lab/probe.h"

namespace fumidai::lab {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kConfiguration = ".conf", kHosts = ".hosts", kPid = ".pid";
// A name that tells which hosts it has read: it reads them some time after it is told to.
constexpr auto kVersionDomain = "version.lab";
constexpr auto kPatience = 5s, kAnother = 1s;

std::string text_of(std::string const& path) {
  auto text = io::read_file(path);
  return text ? *text : "";
}

std::string version_name(NameServer const& wanted) {
  return sha256_hex(wanted.hosts).substr(0, 16) + "." + kVersionDomain;
}

// As /proc shows it; empty for a process that is gone or dead.
std::string command_line_of(int pid) {
  return text_of(fmt::format("/proc/{}/cmdline", pid));
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
  return wanted.options +
         fmt::format("local=/{}/\naddn-hosts={}\npid-file={}\n", kVersionDomain, file(kHosts), file(kPid));
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
  auto up_to_date = knows(wanted);
  if (!up_to_date) return Need::start;  // it is there, and silent
  return *up_to_date ? Need::nothing : Need::reload;
}

Result<bool> Dnsmasq::knows(NameServer const& wanted) const {
  auto answer = probe_name(wanted.space, wanted.address, version_name(wanted), kPatience);
  if (!answer && answer.error().code == Errc::not_found) return false;
  if (!answer) return answer.error();
  return !answer->empty();
}

Result<void> Dnsmasq::wait_until_it_knows(NameServer const& wanted) const {
  for (auto until = Clock::now() + kPatience; Clock::now() < until; std::this_thread::sleep_for(1ms)) {
    TRY(bool up_to_date, knows(wanted));
    if (up_to_date) return success();
  }
  return Error{Errc::deadline_exceeded, "dnsmasq does not read " + file(kHosts)};
}

Result<void> Dnsmasq::write_hosts(NameServer const& wanted) const {
  return io::write_file(file(kHosts), wanted.hosts + "127.0.0.1 " + version_name(wanted) + "\n");
}

Result<void> Dnsmasq::reload(NameServer const& wanted) const {
  CHECK(write_hosts(wanted));
  if (auto pid = running(); pid != 0) ::kill(pid, SIGHUP);
  return wait_until_it_knows(wanted);
}

Result<void> Dnsmasq::start(NameServer const& wanted, SpaceHandle const& space) const {
  CHECK(end());
  CHECK(write_hosts(wanted));
  CHECK(io::write_file(file(kConfiguration), configuration(wanted)));
  // It goes into the background when it listens.
  auto until = Clock::now() + kAnother;
  for (;;) {
    auto started = within(space, [&] { return run_command(command(), kPatience); });
    // A run of ours that was killed may have begun one that is faster; its pid file follows.
    if (started || running() != 0) break;
    if (Clock::now() > until) return started;
    std::this_thread::sleep_for(10ms);
  }
  return wait_until_it_knows(wanted);
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
  for (auto kind : {kPid, kHosts, kConfiguration}) io::remove_file(file(kind));
  return success();
}

}  // namespace fumidai::lab
