#include "client/session_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/test_channel.h"
#include "io/test_loop.h"

namespace fumidai::client {
namespace {

using namespace std::chrono_literals;
using wire::PayloadType;
namespace json = boost::json;

// Standard input, output and error of this process become pipes that the test holds.
class Console {
 public:
  explicit Console(std::string const& input = "", bool ends = true) {
    for (int descriptor = 0; descriptor < 3; descriptor++) {
      before_[descriptor] = ::dup(descriptor);
      int ends_of_pipe[2];
      EXPECT_EQ(::pipe2(ends_of_pipe, O_CLOEXEC), 0);
      int inner = descriptor == 0 ? ends_of_pipe[0] : ends_of_pipe[1];
      ours_[descriptor] = descriptor == 0 ? ends_of_pipe[1] : ends_of_pipe[0];
      ::dup2(inner, descriptor);
      ::close(inner);
    }
    type(input);
    if (ends) end_input();
  }
  ~Console() {
    std::fflush(nullptr);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
      ::dup2(before_[descriptor], descriptor);
      ::close(before_[descriptor]);
      if (ours_[descriptor] >= 0) ::close(ours_[descriptor]);
    }
  }

  void type(std::string_view text) {
    EXPECT_EQ(::write(ours_[0], text.data(), text.size()), ssize_t(text.size()));
  }
  void end_input() { ::close(std::exchange(ours_[0], -1)); }
  void stop_reading_output() { ::close(std::exchange(ours_[1], -1)); }
  std::string output() { return what_is_in(ours_[1]); }
  std::string errors() { return what_is_in(ours_[2]); }

 private:
  static std::string what_is_in(int descriptor) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::string text;
    char chunk[4096];
    for (ssize_t count; (count = ::read(descriptor, chunk, sizeof chunk)) > 0;)
      text.append(chunk, static_cast<std::size_t>(count));
    return text;
  }

  int before_[3], ours_[3];
};

TEST(ConsoleIo, reads_what_is_there_and_then_the_end) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Console console("typed", false);
    ConsoleInput input(executor);
    EXPECT_FALSE(input.is_terminal());
    EXPECT_TRUE(input.has_data());
    auto first = co_await input.read();
    EXPECT_EQ(as_text(first), "typed");
    EXPECT_FALSE(input.has_data());
    console.end_input();
    auto last = co_await input.read();
    EXPECT_TRUE(last.empty());
  });
}

TEST(ConsoleIo, an_empty_device_has_no_data_and_ends_at_once) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Console console;
    int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    ::close(null);
    ConsoleInput input(executor);
    EXPECT_FALSE(input.has_data());
    auto bytes = co_await io::within(
        1s, [](ConsoleInput& from) -> awaitable<Result<Bytes>> { co_return co_await from.read(); }(input));
    EXPECT_TRUE(bytes && bytes->empty());
  });
}

TEST(ConsoleIo, writing_says_when_nobody_reads_any_more) {
  ::signal(SIGPIPE, SIG_IGN);
  io::run_on_loop([](auto) -> awaitable<void> {
    Console console;
    ConsoleOutput output;
    bool written = co_await output.write(STDOUT_FILENO, to_bytes(as_bytes("shown")));
    EXPECT_TRUE(written);
    EXPECT_EQ(console.output(), "shown");
    console.stop_reading_output();
    bool again = co_await output.write(STDOUT_FILENO, to_bytes(as_bytes("lost")));
    EXPECT_FALSE(again);
  });
}

// The agent's side of a session, which the test plays, behind a real server.
class Session : public io::TestChannel {
 public:
  explicit Session(asio::any_io_executor executor)
      : TestChannel(executor),
        plane_(executor),
        agent_(
            executor, {.channel = {.is_agent = true}, .first_retry = std::chrono::milliseconds(5)}, clock_,
            [this] { return take(); }, [](wire::AgentMessage const&) {}),
        tasks_(executor, "test") {
    plane_.answer = [](wire::HttpRequest const&) { return io::json_answer(404, ""); };
    plane_.channel = [this](wire::HttpRequest, std::unique_ptr<io::WebSocket> socket) {
      return hold(std::move(socket));
    };
    tasks_.spawn(keep());
  }

  Access access() {
    return {"alice-0a1b", Secret("first-token"),
            "wss" + plane_.url().substr(5) + "/v1/data-channel/alice-0a1b"};
  }
  io::TlsContext tls() { return *io::TlsContext::client(plane_.ca_pem()); }
  io::DataLink& agent() { return agent_; }

  awaitable<wire::HandshakeResponse> shake_hands(bool native) {
    wire::HandshakeRequest request;
    request.agent_version = native ? "3.3.9000.1" : "3.3.3883.0";
    request.requested_client_actions = {{std::string(wire::action::session_type), json::object{}}};
    if (native) request.requested_client_actions.push_back({std::string(wire::action::native_stream), {}});
    auto text = wire::to_json_text(request);
    co_await agent_.send(PayloadType::handshake_request, as_bytes(text));
    auto answer = co_await agent_.receive();
    EXPECT_TRUE(answer && answer->type == PayloadType::handshake_response);
    auto response = wire::from_json_text<wire::HandshakeResponse>(as_text(answer->payload));
    auto complete = wire::to_json_text(wire::HandshakeComplete{});
    co_await agent_.send(PayloadType::handshake_complete, as_bytes(complete));
    co_return *response;
  }

  awaitable<void> say(PayloadType type, std::string text) { co_await agent_.send(type, as_bytes(text)); }

  awaitable<void> close(std::string output) {
    co_await agent_.drain(1s);
    wire::ChannelClosed closed;
    closed.session_id = "alice-0a1b";
    closed.output = output;
    agent_.post(
        wire::make_message(wire::message_type::channel_closed, wire::to_json_text(closed), clock_.now()));
  }

  awaitable<void> stop() {
    TestChannel::stop();
    agent_.close();
    co_await plane_.stop();
    tasks_.cancel();
    co_await tasks_.join();
  }

  bool is_over = false;

 private:
  awaitable<void> keep() { co_await agent_.run(); }

  SystemClock clock_;
  io::TestPlane plane_;
  io::DataLink agent_;
  io::TaskGroup tasks_;
};

struct Outcome {
  std::optional<Result<int>> status;
  int resumed = 0, terminated = 0;
};

awaitable<void> run_client(SessionClient& client, Outcome& outcome) {
  auto status = co_await client.run();
  outcome.status = status;
}

// Runs a client against the agent's part that `speak` plays, and returns how it ended.
template <class Speak>
Outcome run_session(ClientOptions options, Speak speak) {
  Outcome outcome;
  io::run_on_loop([&](auto executor) -> awaitable<void> {
    Session session(executor);
    SessionClient::Resume resume = [&]() -> awaitable<Result<Access>> {
      outcome.resumed++;
      auto access = session.access();
      access.token = session.is_over ? std::nullopt : std::optional(Secret("next-token"));
      co_return access;
    };
    SessionClient::Terminate terminate = [&]() -> awaitable<Result<void>> {
      outcome.terminated++;
      co_return success();
    };
    SessionClient client(executor, session.tls(), session.access(), options, resume, terminate);
    io::TaskGroup tasks(executor, "client");
    tasks.spawn(run_client(client, outcome));
    co_await speak(session);
    co_await tasks.join();
    co_await session.stop();
  });
  return outcome;
}

int status_of(Outcome const& outcome) {
  return outcome.status && *outcome.status ? **outcome.status : -1;
}

TEST(SessionClient, a_command_has_its_output_its_errors_and_its_exit_status) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    auto response = co_await session.shake_hands(true);
    EXPECT_TRUE(response.succeeded(wire::action::native_stream));
    auto end = co_await session.agent().receive();
    EXPECT_EQ(end->type, PayloadType::flag);
    co_await session.say(PayloadType::output, "out\n");
    co_await session.say(PayloadType::std_err, "err\n");
    co_await session.say(PayloadType::exit_code, "EXIT_CODE: 7");
    co_await session.close("");
  });
  EXPECT_EQ(status_of(outcome), 7);
  EXPECT_EQ(console.output(), "out\n");
  EXPECT_EQ(console.errors(), "err\n");
  EXPECT_EQ(outcome.terminated, 0);
}

TEST(SessionClient, what_comes_through_a_pipe_goes_to_the_command_with_its_end) {
  Console console("one\n~.\n");
  auto outcome = run_session({.is_command = true}, [](Session& session) -> awaitable<void> {
    co_await session.shake_hands(true);
    std::string got;
    for (;;) {
      auto delivery = co_await session.agent().receive();
      if (!delivery || delivery->type == PayloadType::flag) break;
      got += as_text(delivery->payload);
    }
    EXPECT_EQ(got, "one\n~.\n") << "only a terminal has escapes";
    co_await session.say(PayloadType::exit_code, "EXIT_CODE: 0");
    co_await session.close("");
  });
  EXPECT_EQ(status_of(outcome), 0);
}

TEST(SessionClient, input_that_an_agent_would_drop_stops_the_command_before_it_runs) {
  Console console("data");
  auto outcome = run_session({.is_command = true}, [](Session& session) -> awaitable<void> {
    auto response = co_await session.shake_hands(false);
    EXPECT_FALSE(response.succeeded(wire::action::session_type));
  });
  ASSERT_TRUE(outcome.status && !*outcome.status);
  EXPECT_EQ(outcome.status->error().code, Errc::unsupported);
  EXPECT_EQ(outcome.terminated, 1);
}

TEST(SessionClient, a_lost_connection_is_made_again_with_a_fresh_token) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    co_await session.shake_hands(true);
    co_await session.say(PayloadType::output, "before\n");
    co_await session.agent().drain(1s);
    session.break_connection();
    co_await session.say(PayloadType::output, "after\n");
    co_await session.say(PayloadType::exit_code, "EXIT_CODE: 3");
    co_await session.close("");
    EXPECT_EQ(session.openings.size(), 2u);
    EXPECT_NE(session.openings.back().find("next-token"), std::string::npos);
  });
  EXPECT_EQ(status_of(outcome), 3);
  EXPECT_EQ(outcome.resumed, 1);
  EXPECT_EQ(console.output(), "before\nafter\n");
  EXPECT_NE(console.errors().find("Connected again."), std::string::npos);
}

TEST(SessionClient, a_command_whose_session_was_ended_did_not_succeed) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    co_await session.shake_hands(true);
    co_await session.close("Ended by an administrator.\x1b[2J");
  });
  EXPECT_EQ(status_of(outcome), 255);
  EXPECT_EQ(console.errors(), "Ended by an administrator.\\x1b[2J\n");
}

TEST(SessionClient, a_command_whose_end_nobody_told_did_not_succeed) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    co_await session.shake_hands(true);
    session.is_over = true;
    session.break_connection();
  });
  EXPECT_EQ(status_of(outcome), 255);
  EXPECT_EQ(outcome.resumed, 1);
}

TEST(SessionClient, a_command_of_awss_agent_succeeds_when_its_session_ends) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    co_await session.shake_hands(false);
    co_await session.say(PayloadType::output, "done\n");
    co_await session.close("");
  });
  EXPECT_EQ(status_of(outcome), 0);
  EXPECT_EQ(console.output(), "done\n");
}

TEST(SessionClient, an_agent_that_breaks_off_the_handshake_is_an_error) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    co_await session.say(PayloadType::handshake_request, "not JSON");
  });
  ASSERT_TRUE(outcome.status);
  ASSERT_FALSE(*outcome.status) << "it exits with " << **outcome.status;
  EXPECT_EQ(outcome.status->error().code, Errc::malformed);
  EXPECT_EQ(outcome.terminated, 1) << "nobody is left in the session";
}

TEST(SessionClient, a_session_that_asks_for_encryption_is_refused_and_ended) {
  Console console;
  auto outcome = run_session({.is_command = true, .no_input = true}, [](Session& session) -> awaitable<void> {
    wire::HandshakeRequest request;
    request.agent_version = "3.3.3883.0";
    request.requested_client_actions = {{std::string(wire::action::kms_encryption), json::object{}}};
    auto text = wire::to_json_text(request);
    co_await session.say(PayloadType::handshake_request, text);
    auto answer = co_await session.agent().receive();
    auto response = wire::from_json_text<wire::HandshakeResponse>(as_text(answer->payload));
    EXPECT_EQ(response->processed_client_actions.at(0).action_status, wire::ProcessedClientAction::kFailed);
  });
  EXPECT_EQ(outcome.status->error().code, Errc::unsupported);
  EXPECT_EQ(outcome.terminated, 1);
}

}  // namespace
}  // namespace fumidai::client
