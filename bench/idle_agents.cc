// What does an idle agent cost the plane, and how long does it take until all are back after a restart?
// Budgets: 24 KiB of memory an agent; 10,000 reconnect in less than 30 s.
// The agents are the real agent's code over real TLS, in processes apart from the server, each registered on
// its own.
//   build/release/idle_agents [AGENTS] [PROCESSES]

#include <signal.h>
#include <sys/prctl.h>
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
#include "store/sqlite_database.h"

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

// Agents whose control channel the server has, as it wrote down itself.
std::size_t connected(BenchPlane const& plane) {
  auto database = store::open_sqlite(plane.database(), store::Access::read_only);
  if (!database) return 0;
  std::size_t count = 0;
  auto read = (*database)->read_now([&](store::Transaction& transaction) -> Result<void> {
    TRY(auto row, transaction.first("select count(*) from instances where connected_at is not null"));
    count = static_cast<std::size_t>(row->integer(0));
    return success();
  });
  return read ? count : 0;
}

double wait_for_all(BenchPlane const& plane, std::size_t agents, std::chrono::seconds limit) {
  auto begun = io::SteadyClock::now();
  for (std::size_t count = 0; count < agents; count = connected(plane)) {
    if (io::SteadyClock::now() - begun > limit)
      fail(std::to_string(count) + " connected agents instead of " + std::to_string(agents));
    std::this_thread::sleep_for(100ms);
  }
  return std::chrono::duration<double>(io::SteadyClock::now() - begun).count();
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
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
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
