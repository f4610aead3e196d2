// What does an idle agent cost the plane, and how long does it take until all are back after a restart?
// Budgets: 24 KiB of memory an agent; 10,000 reconnect in less than 30 s.
// The agents are the real agent's code over real TLS, in processes apart from the server, each registered on
// its own.
//   build/release/idle_agents [AGENTS] [PROCESSES]

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "agent/control.h"
#include "base/log.h"
#include "bench_plane.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;

// Many agents on one loop; ends with the process.
void run_agents(std::vector<agent::Identity> identities) {
  set_log_level(LogLevel::error);
  asio::io_context loop(1);
  std::vector<std::unique_ptr<agent::Agent>> agents;
  for (auto& identity : identities) {
    auto plane = agent::PlaneClient::make(std::move(identity), agent::kControlKeepAlive);
    agents.push_back(std::make_unique<agent::Agent>(loop.get_executor(), std::move(*plane),
                                                    agent::AgentOptions{"/nonexistent", "/nonexistent"}));
    asio::co_spawn(loop, agents.back()->run(), asio::detached);
  }
  loop.run();
}

// Connected agents, by the sockets that the server has open.
std::size_t established(std::uint16_t port) {
  auto text = io::read_file("/proc/net/tcp", 64 * 1024 * 1024);
  char suffix[8];
  std::snprintf(suffix, sizeof suffix, ":%04X", port);
  std::size_t count = 0;
  for (auto line : split(*text, '\n')) {
    if (line.size() < 40) continue;
    auto local = line.substr(6, 13);
    if (local.substr(8) == suffix && line.substr(34, 2) == "01") count++;
  }
  return count;
}

double wait_for_all(BenchPlane const& plane, std::size_t agents, std::chrono::seconds limit) {
  auto port = wire::parse_url(plane.url())->port;
  auto begun = io::SteadyClock::now();
  // An agent that connects has two connections for a moment: wait until only channels are left.
  for (int steady = 0; steady < 3;) {
    std::this_thread::sleep_for(100ms);
    steady = established(port) == agents ? steady + 1 : 0;
    if (io::SteadyClock::now() - begun > limit)
      fail(std::to_string(established(port)) + " connections instead of " + std::to_string(agents));
  }
  return std::chrono::duration<double>(io::SteadyClock::now() - begun - 300ms).count();
}

void run(std::size_t agents, std::size_t processes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  BenchPlane plane;
  auto begun = io::SteadyClock::now();
  auto identities = plane.register_agents(agents);
  std::printf("idle_agents, %zu agents in %zu processes, one server process\n", agents, processes);
  std::printf("  registered in %.1f s\n",
              std::chrono::duration<double>(io::SteadyClock::now() - begun).count());
  auto before = memory_of(plane.server());

  std::vector<pid_t> children;
  for (std::size_t i = 0; i < processes; i++) {
    std::vector<agent::Identity> share;
    for (std::size_t k = i; k < identities.size(); k += processes) share.push_back(identities[k]);
    auto child = ::fork();
    if (child == 0) {
      run_agents(std::move(share));
      ::_exit(0);
    }
    children.push_back(child);
  }
  auto took = wait_for_all(plane, agents, 300s);
  std::printf("  all connected after %.1f s\n", took);
  std::this_thread::sleep_for(15s);  // the server gives memory of handshakes back every ten seconds
  auto after = memory_of(plane.server());
  std::printf("  the server: %ld KiB before, %ld KiB with all of them: %.1f KiB an agent (budget 24)\n",
              before.total, after.total,
              static_cast<double>(after.total - before.total) / static_cast<double>(agents));
  auto cpu = cpu_seconds_of(plane.server());
  std::this_thread::sleep_for(20s);
  std::printf("  idle, it uses %.1f %% of one core\n", (cpu_seconds_of(plane.server()) - cpu) / 20 * 100);
  plane.restart();
  std::printf("  killed and started again: all back after %.1f s (budget 30 for 10,000)\n",
              wait_for_all(plane, agents, 300s));
  for (auto child : children) ::kill(child, SIGKILL);
  for (auto child : children) ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  std::size_t agents = argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 10'000;
  std::size_t processes = argc > 2 ? static_cast<std::size_t>(std::atoi(argv[2])) : 4;
  fumidai::bench::run(agents, processes);
}
