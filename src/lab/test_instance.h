#pragma once

// For tests with root: a router and an instance in namespaces of their own, joined by a link; programs run in
// either. All of it goes with the object, by its names.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>

#include "base/random.h"
#include "io/process.h"
#include "io/test_directory.h"
#include "lab/sandbox.h"

namespace fumidai::lab {

struct Ran {
  int status;
  std::string output;  // and errors
};

// A program of /usr/bin or /usr/sbin, by its path; killed after 20 s.
inline Ran run(std::vector<std::string> words) {
  io::Spawn spawn;
  spawn.program = words[0];
  spawn.arguments = std::move(words);
  spawn.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"};
  spawn.directory = "/";
  spawn.merge_error = true;
  auto child = io::spawn_with_pipes(spawn);
  if (!child) return {127, child.error().detail};
  ::close(child->input), ::close(child->error);
  std::string output;
  char chunk[4096];
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    pollfd watched{child->output, POLLIN, 0};
    ::poll(&watched, 1, 100);
    auto count = ::read(child->output, chunk, sizeof chunk);
    if (count == 0) break;
    if (count > 0) output.append(chunk, static_cast<std::size_t>(count));
    if (std::chrono::steady_clock::now() > deadline) ::kill(-child->pid, SIGKILL);
  }
  ::close(child->output);
  int status = 0;
  ::waitpid(child->pid, &status, 0);
  return {io::exit_code_of(status), output};
}

inline bool wait_until(auto condition, std::chrono::milliseconds limit = std::chrono::seconds(15)) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(5'000);
  }
  return true;
}

class TestInstance {
 public:
  TestInstance() : name_("fumidai-t-" + random_hex(6)) {
    ip({"netns", "add", router()});
    ip({"netns", "add", inside()});
    ip({"-n", router(), "link", "add", "link0", "type", "veth", "peer", "name", "eth0", "netns", inside()});
    for (auto const& each : {router(), inside()}) ip({"-n", each, "link", "set", "lo", "up"});
    ip({"-n", router(), "addr", "add", "10.0.1.1/24", "dev", "link0"});
    ip({"-n", router(), "addr", "add", "169.254.169.254/32", "dev", "lo"});
    ip({"-n", router(), "link", "set", "link0", "up"});
    ip({"-n", inside(), "addr", "add", "10.0.1.5/24", "dev", "eth0"});
    ip({"-n", inside(), "link", "set", "eth0", "up"});
    ip({"-n", inside(), "route", "add", "default", "via", "10.0.1.1"});
    make_key();
    spec.id = InstanceId("i-0" + random_hex(16));
    spec.network_namespace = inside();
    spec.directory = directory / "instance";
    spec.layers = *prepare_image(machine_image(), directory / "images");
    spec.init_program = program("fumidai-instance-init");
    spec.hostname = "ip-10-0-1-5";
    spec.address = "10.0.1.5";
    spec.dns_server = "10.0.0.2";
  }
  ~TestInstance() {
    auto erased = erase_instance(spec.directory);
    EXPECT_TRUE(erased) << erased.error().detail;
    for (auto const& each : {inside(), router()}) ip({"netns", "delete", each});
  }
  TestInstance(TestInstance const&) = delete;

  std::string router() const { return name_ + "-r"; }
  std::string inside() const { return name_ + "-i"; }

  // A program of the build.
  static io::Path program(std::string const& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / name;
  }

  Ran in_router(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/sbin/ip", "netns", "exec", router()});
    return run(std::move(words));
  }

  Ran ssh(std::string const& command, std::string const& user = "ec2-user", bool on_terminal = false) const {
    auto words = options("/usr/bin/ssh");
    if (on_terminal) words.push_back("-tt");
    words.insert(words.end(), {user + "@10.0.1.5", command});
    return in_router(std::move(words));
  }
  Ran scp(std::string const& from, std::string const& to) const {
    auto words = options("/usr/bin/scp");
    words.insert(words.end(), {from, to});
    return in_router(std::move(words));
  }

  std::string console() const { return *console_output(spec.directory); }
  bool console_shows(std::string const& text) const {
    return wait_until([&] { return console().find(text) != std::string::npos; });
  }
  bool answers() const {
    return wait_until([&] { return ssh("true").status == 0; });
  }

  io::TestDirectory directory;
  InstanceSpec spec;

 private:
  static void ip(std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/sbin/ip");
    auto done = run(std::move(words));
    EXPECT_EQ(done.status, 0) << done.output;
  }

  void make_key() {
    auto done = run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key()});
    EXPECT_EQ(done.status, 0) << done.output;
    auto line = *io::read_file(key() + ".pub");
    spec.public_keys = {line.substr(0, line.find('\n'))};
  }
  std::string key() const { return (directory.path() / "key").string(); }
  std::vector<std::string> options(std::string const& program) const {
    return {program, "-q",
            "-i",    key(),
            "-F",    "none",
            "-o",    "StrictHostKeyChecking=no",
            "-o",    "UserKnownHostsFile=/dev/null",
            "-o",    "BatchMode=yes",
            "-o",    "ConnectTimeout=5"};
  }

  std::string name_;
};

#define FUMIDAI_NEEDS_LAB()                                         \
  do {                                                              \
    auto able = check_able(std::filesystem::temp_directory_path()); \
    if (!able) GTEST_SKIP() << "skipped: " << able.error().detail;  \
  } while (false)

}  // namespace fumidai::lab
