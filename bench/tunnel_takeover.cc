// How long after the death of an endpoint's agent does a new tunnel carry its first byte, through the other
// agent? Budget: p99 below 1 s. Of two agents that one is killed which carries a tunnel; the new one is
// opened by our client's library, as a new process of it does. In a second turn the new tunnel is already
// being opened when the agent dies. Needs root.
//   build/release/tunnel_takeover [ROUNDS]

#include <signal.h>

#include <cstdio>
#include <cstdlib>

#include "base/random.h"
#include "bench_endpoint.h"
#include "io/task_group.h"
#include "own_world.h"
#include "tunnel_ends.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAgents = 2;
constexpr std::uint64_t kMostHeadStart = 20'000;  // microseconds, about what opening a tunnel takes

struct Samples {
  std::vector<double> took;
  int retries = 0;
};

std::size_t open_files(pid_t process) {
  std::filesystem::directory_iterator files("/proc/" + std::to_string(process) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

class Takeover {
 public:
  Takeover(BenchEndpoint& endpoint, std::uint16_t port)
      : endpoint_(endpoint), plane_(endpoint.plane().client()), port_(port) {}

  awaitable<void> measure(int rounds, bool is_head_start, Samples& samples) {
    io::TaskGroup tasks(co_await asio::this_coro::executor, "tunnels");
    for (int i = 0; i < rounds; i++) {
      std::vector<std::size_t> before;
      for (std::size_t k = 0; k < kAgents; k++) before.push_back(open_files(endpoint_.agent(k)));
      auto held = co_await open();
      if (!held) fail(held.error().detail);
      tasks.spawn(hold(*std::move(held)));
      std::size_t carrier = 0;
      while (carrier + 1 < kAgents && open_files(endpoint_.agent(carrier)) <= before[carrier]) carrier++;
      co_await take_over(carrier, is_head_start, samples);
      endpoint_.kill_agent(carrier);  // of which this takes the remains
      co_await endpoint_.start_agent(carrier);
      co_await io::sleep_for(50ms);
    }
    co_await tasks.join();  // the plane has ended each that was held, or soon will
  }

 private:
  awaitable<Result<std::unique_ptr<client::Tunnel>>> open() {
    auto plane = plane_.another();
    std::string address = BenchEndpoint::kAddress;
    auto deadline = client::time_to_tell();
    CO_TRY(auto target, co_await client::find_tunnel(plane, address, deadline));
    auto tell = [](std::string const&) {};
    co_return co_await client::open_tunnel(plane, std::move(target), port_, wire::kUsualTunnelDuration, tell,
                                           deadline);
  }

  static awaitable<void> hold(std::unique_ptr<client::Tunnel> tunnel) {
    auto write = [](Bytes) -> awaitable<bool> { co_return true; };
    auto near = quiet_after(encode(Order::stall), write);
    co_await tunnel->carry(std::move(near));
  }

  awaitable<Result<void>> try_once() {
    CO_TRY(auto tunnel, co_await open());
    co_return co_await echo_once(*tunnel);
  }

  awaitable<void> reach(Samples& samples) {
    for (;;) {
      auto reached = co_await try_once();
      if (reached) co_return;
      std::fprintf(stderr, "  again, after: %s\n", reached.error().detail.c_str());
      samples.retries++;
    }
  }

  awaitable<void> take_over(std::size_t carrier, bool is_head_start, Samples& samples) {
    io::TaskGroup opening(co_await asio::this_coro::executor, "opening");
    if (is_head_start) {
      opening.spawn(reach(samples));
      co_await io::sleep_for(std::chrono::microseconds(random_below(kMostHeadStart)));
    }
    auto begun = io::SteadyClock::now();
    ::kill(endpoint_.agent(carrier), SIGKILL);
    if (!is_head_start) opening.spawn(reach(samples));
    co_await opening.join();
    samples.took.push_back(std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count());
  }

  BenchEndpoint& endpoint_;
  client::Plane plane_;
  std::uint16_t port_;
};

awaitable<void> measure(int rounds) {
  auto target = start_target();
  BenchEndpoint endpoint;
  co_await endpoint.open(kAgents);
  std::printf("tunnel_takeover, kill -9 of the agent that carries, two agents on this machine, %d rounds\n",
              rounds);
  for (bool is_head_start : {false, true}) {
    Takeover takeover(endpoint, target);
    Samples samples;
    co_await takeover.measure(rounds, is_head_start, samples);
    std::printf(
        "  first byte of a tunnel %s p50 %6.1f ms, p99 %6.1f ms, longest %6.1f ms; %d retries\n",
        is_head_start ? "that was being opened:  " : "that is asked for then: ", quantile(samples.took, 0.5),
        quantile(samples.took, 0.99), quantile(samples.took, 1), samples.retries);
  }
  std::printf("  (budget: p99 below 1,000 ms)\n");
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
  return in_own_world([=] {
    run_alone(measure(rounds));
    return 0;
  });
}
