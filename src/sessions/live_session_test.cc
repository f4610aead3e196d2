#include "sessions/live_session.h"

#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/test_loop.h"
#include "sessions/test_link.h"

namespace fumidai::sessions {
namespace {

using namespace std::chrono_literals;
using model::SessionState;

// A session without a client, at first: a tunnel that an agent carries, when nothing else is said.
class LoneSession {
 public:
  explicit LoneSession(asio::any_io_executor executor, model::SessionType type = model::SessionType::port)
      : executor_(executor), type_(type), tasks_(executor, "session") {
    row_.id = SessionId("alice-0a1b2c3d4e5f60718");
    row_.target = InstanceId("i-0123456789abcdef0");
    row_.carrier = InstanceId("mi-0123456789abcdef0");
  }

  void start() {
    session_ = std::make_shared<LiveSession>(executor_, row_, type_, agents_, clock_, SessionPatience{});
    session_->hold_little();
    tasks_.spawn(run());
  }

  // The agent's control channel, of that process of the agent, which knows one for the session or not.
  void connect(std::string process, bool has_process = true) {
    agents_.attach(row_.agent(), std::make_shared<TestLink>(std::move(process)));
    if (!session_) return;
    session_->agent_arrived();
    if (!has_process) session_->agent_has_no_process();
  }
  // A data channel, the agent's or that of a client of ours. What is given back is its other end.
  std::unique_ptr<io::Stream> attach(LiveSession::Role role = LiveSession::Role::agent) {
    auto [near, far] = io::memory_streams(executor_, 1 << 16);
    auto socket =
        std::make_shared<io::WebSocket>(executor_, std::move(far), wire::Side::server, kMostDataMessage);
    tasks_.spawn(session_->serve(role, socket, "192.0.2.7", wire::kNativeClientVersion));
    return std::move(near);
  }

  awaitable<void> wait_for_outcome(std::chrono::milliseconds patience) {
    for (auto end = io::SteadyClock::now() + patience; !outcome && io::SteadyClock::now() < end;)
      co_await io::sleep_for(5ms);
  }

  awaitable<void> end() {
    session_->end(SessionState::terminated, "The test is over.");
    co_await tasks_.join();
  }

  std::optional<SessionOutcome> outcome;

 private:
  awaitable<void> run() { outcome = co_await session_->run(); }

  asio::any_io_executor executor_;
  model::SessionType type_;
  SystemClock clock_;
  Agents agents_;
  SessionRow row_;
  std::shared_ptr<LiveSession> session_;
  io::TaskGroup tasks_;
};

awaitable<void> lose_and_connect(LoneSession& session, char const* process, bool has_process = true,
                                 std::chrono::milliseconds patience = 300ms) {
  session.connect("first");
  session.start();
  auto agent = session.attach();
  co_await io::sleep_for(5ms);
  agent->close();
  co_await io::sleep_for(5ms);
  session.connect(process, has_process);
  co_await session.wait_for_outcome(patience);
}

TEST(LiveSession, a_tunnel_ends_at_once_when_its_agent_was_started_anew) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession tunnel(executor);
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
      LoneSession tunnel(executor);
      co_await lose_and_connect(tunnel, process);
      EXPECT_FALSE(tunnel.outcome) << process;
      co_await tunnel.end();
      EXPECT_EQ(tunnel.outcome->why, "The test is over.");
    }
  });
}

TEST(LiveSession, a_tunnel_has_no_process_of_its_own_that_could_be_missing) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession tunnel(executor);
    co_await lose_and_connect(tunnel, "first", false, 1200ms);
    EXPECT_FALSE(tunnel.outcome);
    co_await tunnel.end();
  });
}

TEST(LiveSession, a_shell_ends_soon_after_the_return_of_an_agent_that_has_no_process_for_it) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession shell(executor, model::SessionType::standard_stream);
    co_await lose_and_connect(shell, "second", false, 5s);
    EXPECT_TRUE(shell.outcome);
    co_await shell.end();
    EXPECT_EQ(shell.outcome->state, SessionState::failed);
  });
}

TEST(LiveSession, so_does_one_whose_old_connection_is_found_to_be_gone_only_then) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession shell(executor, model::SessionType::standard_stream);
    shell.connect("first");
    shell.start();
    auto agent = shell.attach();
    co_await io::sleep_for(5ms);
    shell.connect("second", false);
    co_await io::sleep_for(5ms);
    EXPECT_FALSE(shell.outcome);
    agent->close();
    co_await shell.wait_for_outcome(5s);
    EXPECT_TRUE(shell.outcome);
    co_await shell.end();
  });
}

TEST(LiveSession, a_shell_that_comes_back_after_its_agent_is_no_orphan_any_more) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession shell(executor, model::SessionType::standard_stream);
    co_await lose_and_connect(shell, "second", false, 10ms);
    auto agent = shell.attach();
    co_await io::sleep_for(5ms);
    agent->close();
    co_await io::sleep_for(1200ms);
    EXPECT_FALSE(shell.outcome);
    co_await shell.end();
  });
}

constexpr LiveSession::Role kEnds[] = {LiveSession::Role::agent, LiveSession::Role::client};

TEST(LiveSession, an_end_hears_that_the_other_has_returned) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    for (auto leaving : kEnds) {
      LoneSession tunnel(executor);
      tunnel.start();
      auto away = tunnel.attach(leaving);
      auto staying =
          leaving == LiveSession::Role::agent ? LiveSession::Role::client : LiveSession::Role::agent;
      io::WebSocket here(executor, tunnel.attach(staying), wire::Side::client, kMostDataMessage);
      co_await io::sleep_for(5ms);
      away->close();
      co_await io::sleep_for(5ms);
      auto again = tunnel.attach(leaving);
      auto heard = co_await here.read();
      auto message = heard ? wire::AgentMessage::parse(heard->payload) : Error{Errc::closed, "nothing"};
      EXPECT_TRUE(message && message->type == wire::message_type::peer_returned);
      here.close_now();
      co_await tunnel.end();
    }
  });
}

// Of AWS's end, as its versions are: none hears what only ours understand.
TEST(LiveSession, an_end_that_is_not_ours_hears_nothing_of_it) {
  for (auto const* version : {"", "1.2.707.0", "1.3.0.0", "3.3.2299.0"})
    EXPECT_FALSE(wire::is_version_of_ours(version)) << version;
  for (auto const* version : {"1.2.9000.1", "3.3.9000.1"})
    EXPECT_TRUE(wire::is_version_of_ours(version)) << version;
}

// Reads all that is there, and tells how many messages that were.
awaitable<int> count_messages(io::WebSocket& socket) {
  for (int count = 0;; count++) {
    auto message = co_await io::within(300ms, socket.read());
    if (!message) co_return count;
  }
}

TEST(LiveSession, an_end_that_does_not_read_is_not_told_of_each_return) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    LoneSession tunnel(executor);
    tunnel.start();
    io::WebSocket agent(executor, tunnel.attach(), wire::Side::client, kMostDataMessage);
    constexpr int kReturns = 3000;
    for (int i = 0; i <= kReturns; i++) {
      auto client = tunnel.attach(LiveSession::Role::client);
      co_await io::sleep_for(100us);
      client->close();
    }
    auto heard = co_await count_messages(agent);
    EXPECT_GT(heard, 100);
    EXPECT_LT(heard, kReturns);
    agent.close_now();
    co_await tunnel.end();
  });
}

}  // namespace
}  // namespace fumidai::sessions
