// What does a tunnel cost the plane and the agent of its endpoint, and what one whose client or target reads
// nothing, while the other side sends without end? Budget: 1 MiB for each that stands still. And what one
// that stops in the middle of a fast flow, in both directions at once? Up to 4 MiB more, but no more than 64
// MiB of all tunnels of a process. Needs root.
//   build/release/tunnel_crowd [TUNNELS] [STALLED]

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "bench_endpoint.h"
#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"
#include "io/task_group.h"
#include "own_world.h"
#include "tunnel_ends.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kAtOnce = 16;
constexpr auto kSettle = 25s;  // the server gives memory back every ten seconds
constexpr auto kStall = 9s;    // longer than a client takes silence for a lost connection

constexpr std::uint64_t kFlow = 8 * 1024 * 1024;  // of a tunnel that stalls in the middle

enum class Kind { echoes, client_stalls, target_stalls, both_stall_after_flow };

class Crowd {
 public:
  Crowd(asio::any_io_executor executor, BenchEndpoint& endpoint, std::uint16_t port)
      : endpoint_(endpoint),
        plane_(endpoint.plane().client()),
        asked_(endpoint.tunnel_to(port)),
        changed_(executor),
        over_(executor),
        tasks_(executor, "tunnels") {}

  // Opens them, and returns when all carry.
  awaitable<void> add(int count, Kind kind, bool is_resumable) {
    auto wanted = carrying_ + count;
    for (int i = 0; i < count; i++) {
      while (opening_ >= kAtOnce) co_await changed_.wait();
      opening_++;
      tasks_.spawn(run(kind, is_resumable));
    }
    while (carrying_ < wanted) co_await changed_.wait();
  }

  int lost() const { return lost_; }

  // Their agent's death ends them all.
  awaitable<void> end() {
    is_over_ = true;
    over_.notify();
    endpoint_.kill_agent(0);
    co_await tasks_.join();
  }

 private:
  awaitable<Result<std::unique_ptr<client::Tunnel>>> open(bool is_resumable) {
    if (!is_resumable) {
      co_return co_await client::open_websocket_tunnel(plane_, asked_, endpoint_.dns_name(),
                                                       client::time_to_tell());
    }
    auto tell = [this](std::string const& sentence) {
      if (sentence.starts_with("connection lost")) lost_++;
    };
    co_return co_await client::open_channel_tunnel(plane_.another(), asked_, tell, client::time_to_tell());
  }

  // The target echoes what comes without end, until nobody reads its echo any more.
  client::NearEnd near_end_of_flow() {
    struct Counts {
      bool ordered = false;
      std::uint64_t heard = 0;
    };
    auto counts = std::make_shared<Counts>();
    auto read = [counts]() -> awaitable<Bytes> {
      bool ordered = std::exchange(counts->ordered, true);
      co_return ordered ? Bytes(64 * 1024, 'x') : encode(Order::echo);
    };
    auto write = [this, counts](Bytes bytes) -> awaitable<bool> {
      counts->heard += bytes.size();
      if (counts->heard < kFlow) co_return true;
      carries();
      while (!is_over_) co_await over_.wait();
      co_return true;
    };
    return {read, write};
  }

  client::NearEnd near_end(Kind kind) {
    if (kind == Kind::both_stall_after_flow) return near_end_of_flow();
    if (kind == Kind::target_stalls) {
      auto first = std::make_shared<bool>(true);
      auto read = [this, first]() -> awaitable<Bytes> {
        if (std::exchange(*first, false)) {
          carries();
          co_return encode(Order::stall);
        }
        co_return Bytes(64 * 1024, 'x');
      };
      return {read, [](Bytes) -> awaitable<bool> { co_return true; }};
    }
    bool stalls = kind == Kind::client_stalls;
    auto order = stalls ? encode(Order::give, kWithoutEnd) : order_one_echo();
    auto write = [this, stalls](Bytes) -> awaitable<bool> {
      carries();
      while (stalls && !is_over_) co_await over_.wait();
      co_return true;
    };
    return quiet_after(std::move(order), write);
  }

  void carries() {
    carrying_++;
    opening_--;
    changed_.notify();
  }

  awaitable<void> run(Kind kind, bool is_resumable) {
    auto tunnel = co_await open(is_resumable);
    if (!tunnel) fail(tunnel.error().detail);
    auto near = near_end(kind);
    auto carried = co_await (*tunnel)->carry(std::move(near));
    if (!is_over_) fail(carried ? "a tunnel ended" : carried.error().detail);
  }

  BenchEndpoint& endpoint_;
  client::Plane plane_;
  wire::OpenTunnel asked_;
  int carrying_ = 0, opening_ = 0, lost_ = 0;
  bool is_over_ = false;
  io::Signal changed_, over_;
  io::TaskGroup tasks_;
};

// Resident memory, in KiB.
struct Sizes {
  explicit Sizes(BenchEndpoint& endpoint)
      : server(memory_of(endpoint.plane().server()).total), agent(memory_of(endpoint.agent(0)).total) {}
  long server, agent;
};

void say(char const* what, Sizes const& before, Sizes const& after, int count) {
  auto each = [count](long from, long to) { return static_cast<double>(to - from) / count; };
  std::printf("  %-52s plane %6.1f KiB, agent %6.1f KiB\n", what, each(before.server, after.server),
              each(before.agent, after.agent));
  std::fflush(stdout);
}

awaitable<void> measure(int count, int stalled) {
  BenchEndpoint endpoint;
  co_await endpoint.open();
  Crowd crowd(co_await asio::this_coro::executor, endpoint, start_target());
  co_await crowd.add(1, Kind::echoes, true);
  Sizes before(endpoint);
  auto begun = io::SteadyClock::now();
  co_await crowd.add(count, Kind::echoes, true);
  std::chrono::duration<double> took = io::SteadyClock::now() - begun;
  std::printf("tunnel_crowd, %d tunnels through one agent, opened in %.1f s; for each tunnel\n", count,
              took.count());
  co_await io::sleep_for(kSettle);
  say("idle, after one echo:", before, Sizes(endpoint), count);
  struct {
    char const* what;
    Kind kind;
    bool is_resumable;
  } const groups[] = {{"our client reads nothing:", Kind::client_stalls, true},
                      {"the target of our client reads nothing:", Kind::target_stalls, true},
                      {"a client of AWS's kind reads nothing:", Kind::client_stalls, false},
                      {"the target of a client of AWS's kind reads nothing:", Kind::target_stalls, false},
                      {"our client, in the middle of a flow both ways:", Kind::both_stall_after_flow, true},
                      {"one of AWS's kind, in the middle of a flow:", Kind::both_stall_after_flow, false}};
  for (auto const& group : groups) {
    Sizes then(endpoint);
    co_await crowd.add(stalled, group.kind, group.is_resumable);
    co_await io::sleep_for(kStall);
    say(group.what, then, Sizes(endpoint), stalled);
  }
  std::printf(
      "  (budget: 1,024 KiB for each that stands still, and 64 MiB of a process for all in the middle of a "
      "flow)\n  %d connections were lost and made again\n",
      crowd.lost());
  co_await crowd.end();
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int count = argc > 1 ? std::atoi(argv[1]) : 2000;
  int stalled = argc > 2 ? std::atoi(argv[2]) : 64;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return in_own_world([=] {
    run_alone(measure(count, stalled));
    return 0;
  });
}
