// How long an instance of the lab takes: until its first process runs, until its sshd greets, from stop to
// start, and how many start at once. Needs root.

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/random.h"
#include "lab/sandbox.h"

namespace {

using namespace fumidai;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void ip(std::vector<std::string> words) {
  std::vector<char*> arguments = {const_cast<char*>("ip")};
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto child = ::fork();
  if (child == 0) {
    ::execv("/usr/sbin/ip", arguments.data());
    ::_exit(127);
  }
  ::waitpid(child, nullptr, 0);
}

// Until the first byte of sshd's greeting, from within the namespace.
bool wait_for_greeting(std::string const& name) {
  bool greeted = false;
  std::thread([&] {
    int space = ::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (::setns(space, CLONE_NEWNET) != 0) return;
    ::close(space);
    auto deadline = Clock::now() + std::chrono::seconds(20);
    while (!greeted && Clock::now() < deadline) {
      int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in at{};
      at.sin_family = AF_INET, at.sin_port = htons(22), at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      char byte;
      greeted = ::connect(descriptor, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                ::read(descriptor, &byte, 1) == 1;
      ::close(descriptor);
      if (!greeted) ::usleep(1'000);
    }
  }).join();
  return greeted;
}

struct Times {
  std::vector<double> started, greeted, stopped, again;
};

void print(char const* what, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%-46s median %6.1f ms   worst %6.1f ms   (%zu)\n", what, values[values.size() / 2],
              values.back(), values.size());
}

lab::InstanceSpec spec_in(io::Path const& directory, std::vector<lab::Layer> const& layers,
                          io::Path const& init, std::string const& name) {
  lab::InstanceSpec spec;
  spec.id = InstanceId("i-0" + random_hex(16));
  spec.network_namespace = name;
  spec.directory = directory / name;
  spec.layers = layers;
  spec.init_program = init;
  spec.hostname = "ip-10-0-1-5";
  spec.address = "10.0.1.5";
  return spec;
}

Result<void> measure(lab::InstanceSpec const& spec, Times& times) {
  auto begin = Clock::now();
  CHECK(lab::start_instance(spec));
  times.started.push_back(ms_since(begin));
  if (!wait_for_greeting(spec.network_namespace))
    return Error{Errc::deadline_exceeded, "sshd does not answer"};
  times.greeted.push_back(ms_since(begin));
  begin = Clock::now();
  CHECK(lab::stop_instance(spec.directory));
  times.stopped.push_back(ms_since(begin));
  begin = Clock::now();
  CHECK(lab::start_instance(spec));
  if (!wait_for_greeting(spec.network_namespace))
    return Error{Errc::deadline_exceeded, "sshd does not answer"};
  times.again.push_back(ms_since(begin));
  return success();
}

Result<void> run(io::Path const& directory, std::vector<std::string> const& names) {
  auto init = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fumidai-instance-init";
  auto begin = Clock::now();
  TRY(auto layers, lab::prepare_image(lab::machine_image(), directory / "images"));
  std::printf("%-46s        %6.1f ms\n", "the image of this machine, once", ms_since(begin));
  Times times;
  std::vector<lab::InstanceSpec> specs;
  for (auto const& name : names) specs.push_back(spec_in(directory, layers, init, name));
  for (auto const& spec : specs) CHECK(measure(spec, times));
  print("start, until its first process runs", times.started);
  print("first start, until sshd answers", times.greeted);
  print("stop", times.stopped);
  print("second start, until sshd answers", times.again);

  for (auto const& spec : specs) CHECK(lab::erase_instance(spec.directory));
  begin = Clock::now();
  for (auto const& spec : specs) CHECK(lab::start_instance(spec));
  for (auto const& name : names) wait_for_greeting(name);
  std::printf("%zu instances, one started after the other, all answer after %.0f ms\n", specs.size(),
              ms_since(begin));
  begin = Clock::now();
  for (auto const& spec : specs) CHECK(lab::erase_instance(spec.directory));
  std::printf("%zu instances erased after %.0f ms\n", specs.size(), ms_since(begin));
  return success();
}

}  // namespace

int main() {
  auto directory = std::filesystem::temp_directory_path() / ("fumidai-bench-" + random_hex(16));
  if (auto able = lab::check_able(directory); !able) {
    std::printf("not measured: %s\n", able.error().detail.c_str());
    return 0;
  }
  std::vector<std::string> names;
  for (int i = 0; i < 10; i++) names.push_back("fumidai-b-" + random_hex(8));
  for (auto const& name : names) ip({"netns", "add", name}), ip({"-n", name, "link", "set", "lo", "up"});
  auto done = run(directory, names);
  if (!done) std::printf("failed: %s\n", done.error().detail.c_str());
  for (auto const& name : names) {
    [[maybe_unused]] auto erased = lab::erase_instance(directory / name);
    ip({"netns", "delete", name});
  }
  std::filesystem::remove_all(directory);
  return done ? 0 : 1;
}
