// How much memory does an idle agent take? Budget: 6 MiB resident.
//   build/release/agent_rss

#include <chrono>
#include <cstdio>
#include <thread>

#include "bench_plane.h"

int main() {
  using namespace fumidai::bench;
  BenchPlane plane;
  auto agent = plane.start_agent();
  std::this_thread::sleep_for(std::chrono::seconds(3));
  auto memory = memory_of(agent);
  auto before = cpu_seconds_of(agent);
  std::this_thread::sleep_for(std::chrono::seconds(10));
  std::printf("agent_rss, connected and idle\n");
  std::printf(
      "  resident %ld KiB (budget 6144 KiB), of which anonymous %ld KiB; processor time in 10 s: %.2f s\n",
      memory.total, memory.anonymous, cpu_seconds_of(agent) - before);
}
