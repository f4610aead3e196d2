#include "sessions/live_session.h"

#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/test_loop.h"
#include "sessions/test_link.h"

namespace fumidai::sessions {
namespace {

using namespace std::chrono_literals;
using model::SessionState;

// A tunnel that an agent carries, without a client.
class CarriedTunnel {
 public:
  explicit CarriedTunnel(asio::any_io_executor executor) : executor_(executor), tasks_(executor, "tunnel") {
    row_.id = SessionId("alice-0a1b2c3d4e5f60718");
    row_.target = InstanceId("i-0123456789abcdef0");
    row_.carrier = InstanceId("mi-0123456789abcdef0");
  }

  void start() {
    session_ = std::make_shared<LiveSession>(executor_, row_, model::SessionType::port, agents_, clock_,
                                             SessionPatience{});
    tasks_.spawn(run());
  }

  // The agent's control channel, of that process.
  void connect(std::string process) {
    agents_.attach(row_.agent(), std::make_shared<TestLink>(std::move(process)));
    if (session_) session_->agent_arrived();
  }
  // Its data channel. What is given back is the agent's end.
  std::unique_ptr<io::Stream> attach() {
    auto [near, far] = io::memory_streams(executor_, 1 << 16);
    auto socket =
        std::make_shared<io::WebSocket>(executor_, std::move(far), wire::Side::server, kMostDataMessage);
    tasks_.spawn(session_->serve(LiveSession::Role::agent, socket, "192.0.2.7"));
    return std::move(near);
  }

  awaitable<void> end() {
    session_->end(SessionState::terminated, "The test is over.");
    co_await tasks_.join();
  }

  std::optional<SessionOutcome> outcome;

 private:
  awaitable<void> run() { outcome = co_await session_->run(); }

  asio::any_io_executor executor_;
  SystemClock clock_;
  Agents agents_;
  SessionRow row_;
  std::shared_ptr<LiveSession> session_;
  io::TaskGroup tasks_;
};

awaitable<void> lose_and_connect(CarriedTunnel& tunnel, char const* process) {
  tunnel.connect("first");
  tunnel.start();
  auto agent = tunnel.attach();
  co_await io::sleep_for(5ms);
  agent->close();
  co_await io::sleep_for(5ms);
  tunnel.connect(process);
  for (auto end = io::SteadyClock::now() + 300ms; !tunnel.outcome && io::SteadyClock::now() < end;)
    co_await io::sleep_for(5ms);
}

TEST(LiveSession, a_tunnel_ends_at_once_when_its_agent_was_started_anew) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    CarriedTunnel tunnel(executor);
    co_await lose_and_connect(tunnel, "second");
    EXPECT_TRUE(tunnel.outcome);
    co_await tunnel.end();
    EXPECT_EQ(tunnel.outcome->state, SessionState::failed);
    EXPECT_EQ(tunnel.outcome->why,
              "The agent on mi-0123456789abcdef0, which carried the tunnel, was started anew.");
  });
}

constexpr char const* kNotAnother[] = {"first", ""};

TEST(LiveSession, a_tunnel_waits_for_an_agent_that_connected_again_or_does_not_say_which_it_is) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    for (auto const* process : kNotAnother) {
      CarriedTunnel tunnel(executor);
      co_await lose_and_connect(tunnel, process);
      EXPECT_FALSE(tunnel.outcome) << process;
      co_await tunnel.end();
      EXPECT_EQ(tunnel.outcome->why, "The test is over.");
    }
  });
}

}  // namespace
}  // namespace fumidai::sessions
