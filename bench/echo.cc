// How long from a key press to its echo, through the relay? Budget: p99 below 2 ms with 1,000 live sessions.
//   build/release/echo [LIVE_SESSIONS] [KEYS]

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "bench_session.h"

namespace fumidai::bench {
namespace {

// `cat` in a terminal: the terminal itself echoes each key.
std::map<std::string, std::vector<std::string>> const kCommand{
    {"command", {"echo ready; exec cat > /dev/null"}}};

// Returns when the shell is through with its profiles, which would take the processor from what is measured.
awaitable<void> open_quiet(BenchSession& session, std::string target) {
  auto parameters = kCommand;
  auto opened = co_await session.open(target, "AWS-StartInteractiveCommand", parameters);
  if (!opened) fail(opened.error().detail);
  for (std::string seen; seen.find("ready") == seen.npos;) {
    auto output = co_await session.link().receive();
    if (!output) fail(output.error().detail);
    seen += as_text(output->payload);
  }
}

awaitable<void> measure(BenchPlane const& plane, int live, int keys, std::vector<double>& alone,
                        std::vector<double>& crowded) {
  auto executor = co_await asio::this_coro::executor;
  auto client = plane.client();
  BenchSession session(executor, client);
  co_await open_quiet(session, plane.agent_id());
  auto press = [](BenchSession& in, int count, std::vector<double>& samples) -> awaitable<void> {
    Bytes key{'x'};
    for (int i = 0; i < count; i++) {
      auto begun = io::SteadyClock::now();
      co_await in.link().send(wire::PayloadType::output, key);
      auto echo = co_await in.link().receive();
      if (!echo) fail(echo.error().detail);
      samples.push_back(std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count());
      co_await io::sleep_for(std::chrono::milliseconds(2));
    }
  };
  co_await press(session, keys, alone);
  std::vector<std::unique_ptr<BenchSession>> others;
  for (int i = 1; i < live; i++) {
    others.push_back(std::make_unique<BenchSession>(executor, client));
    co_await open_quiet(*others.back(), plane.agent_id());
    if (i % 100 == 0) std::fprintf(stderr, "\r%d sessions", i);
  }
  std::fprintf(stderr, "\r");
  co_await press(session, keys, crowded);
  for (auto& each : others) co_await each->close();
  co_await session.close();
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int live = argc > 1 ? std::atoi(argv[1]) : 1000;
  int keys = argc > 2 ? std::atoi(argv[2]) : 1000;
  BenchPlane plane;
  plane.start_agent();
  std::vector<double> alone, crowded;
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, measure(plane, live, keys, alone, crowded), [&](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    loop.stop();
  });
  loop.run();
  auto say = [](char const* what, std::vector<double> const& samples) {
    std::printf("  %-28s p50 %.3f ms, p99 %.3f ms, longest %.3f ms\n", what, quantile(samples, 0.5),
                quantile(samples, 0.99), quantile(samples, 1));
  };
  std::printf("echo, %d key presses: client, plane, agent, terminal and back, on loopback\n", keys);
  say("one session:", alone);
  auto crowd = std::to_string(live) + " live sessions:";
  say(crowd.c_str(), crowded);
  std::printf("  (budget: p99 below 2 ms with 1,000 live sessions)\n");
}
