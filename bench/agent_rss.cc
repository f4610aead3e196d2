// How much memory does an idle agent take, new and after it has served sessions? Budget: 6 MiB resident.
//   build/release/agent_rss

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "bench_plane.h"
#include "bench_session.h"

namespace fumidai::bench {
namespace {

awaitable<void> serve_sessions(BenchPlane& plane, int count) {
  auto executor = co_await asio::this_coro::executor;
  auto client = plane.client();
  for (int i = 0; i < count; i++) {
    BenchSession session(executor, client);
    std::map<std::string, std::vector<std::string>> parameters;
    auto opened = co_await session.open(plane.agent_id(), "", parameters);
    auto prompt = co_await session.link().receive();
    if (!opened || !prompt) std::printf("  a session failed\n");
    co_await session.close();
  }
}

void say(char const* when, pid_t agent) {
  auto memory = memory_of(agent);
  std::printf("  %-22s resident %ld KiB (budget 6144 KiB), of which anonymous %ld KiB\n", when, memory.total,
              memory.anonymous);
}

}  // namespace
}  // namespace fumidai::bench

int main() {
  using namespace fumidai::bench;
  BenchPlane plane;
  auto agent = plane.start_agent();
  std::this_thread::sleep_for(std::chrono::seconds(3));
  std::printf("agent_rss, connected and idle\n");
  say("new:", agent);
  auto before = cpu_seconds_of(agent);
  std::this_thread::sleep_for(std::chrono::seconds(10));
  std::printf("  %-22s %.2f s\n", "processor time in 10 s:", cpu_seconds_of(agent) - before);
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, serve_sessions(plane, 10), [&](std::exception_ptr) { loop.stop(); });
  loop.run();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  say("after ten sessions:", agent);
}
