#include "agent/session_worker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "agent/test_plane.h"

namespace fumidai::agent {
namespace {

using namespace std::chrono_literals;
using wire::PayloadType;
namespace json = boost::json;

// The plane, and the client of one session.
class Session : public TestPlane {
 public:
  explicit Session(asio::any_io_executor executor)
      : TestPlane(executor),
        client_(
            executor, {.first_retry = std::chrono::milliseconds(5)}, clock_, [this] { return client_side(); },
            [this](wire::AgentMessage const& message) { controls.emplace_back(as_text(message.payload)); }),
        tasks_(executor, "test") {
    tasks_.spawn(keep());
  }

  io::DataLink& client() { return client_; }

  awaitable<void> answer_handshake(bool native) {
    auto request = co_await client_.receive();
    EXPECT_TRUE(request && request->type == PayloadType::handshake_request);
    wire::HandshakeResponse response;
    response.client_version = native ? std::string(wire::kNativeClientVersion) : "1.2.707.0";
    response.processed_client_actions = {{std::string(wire::action::session_type), 1, nullptr, ""}};
    if (native)
      response.processed_client_actions.push_back({std::string(wire::action::native_stream), 1, nullptr, ""});
    auto text = wire::to_json_text(response);
    co_await client_.send(PayloadType::handshake_response, as_bytes(text));
    auto complete = co_await client_.receive();
    EXPECT_TRUE(complete && complete->type == PayloadType::handshake_complete);
  }

  // What the session writes, until it says goodbye.
  awaitable<void> listen() {
    while (!has_ended()) {
      auto delivery = co_await client_.receive_until(io::SteadyClock::now() + 20ms);
      if (!delivery) co_return;
      if (!*delivery) continue;
      auto text = std::string(as_text((*delivery)->payload));
      if ((*delivery)->type == PayloadType::output) output += text;
      if ((*delivery)->type == PayloadType::std_err) errors += text;
      if ((*delivery)->type == PayloadType::exit_code) exit_code = text;
    }
  }

  bool has_ended() const {
    return std::any_of(controls.begin(), controls.end(),
                       [](auto const& text) { return text.find("Terminating") != text.npos; });
  }

  awaitable<void> stop() {
    client_.close();
    co_await TestPlane::stop();
    tasks_.cancel();
    co_await tasks_.join();
  }

  std::vector<std::string> controls;
  std::string output, errors, exit_code;

 private:
  awaitable<void> keep() { co_await client_.run(); }

  SystemClock clock_;
  io::DataLink client_;
  io::TaskGroup tasks_;
};

wire::InteractiveShellContent order(char const* type, std::string command, bool separate = true) {
  wire::InteractiveShellContent content;
  content.session_id = "alice-0a1b2c3d4e5f60718";
  content.document_content = json::object{
      {"sessionType", type},
      {"properties",
       json::object{{"linux", json::object{{"commands", command}, {"separateOutputStream", separate}}}}}};
  return content;
}

awaitable<void> run_worker(SessionWorker& worker, std::optional<SessionResult>& result) {
  result = co_await worker.run();
}

// Runs one session to its end; `speak` is the client's part.
template <class Speak>
void run_session(wire::InteractiveShellContent content, Speak speak) {
  io::run_on_loop([&](auto executor) -> awaitable<void> {
    Session session(executor);
    SessionWorker worker(executor, session.agent_side(), content);
    std::optional<SessionResult> result;
    io::TaskGroup tasks(executor, "worker");
    tasks.spawn(run_worker(worker, result));
    co_await speak(session, worker);
    co_await tasks.join();
    EXPECT_TRUE(result && result->status == "Success") << (result ? result->output : "no result");
    co_await session.stop();
  });
}

TEST(SessionWorker, runs_a_command_with_streams_apart_and_tells_how_it_ended) {
  auto content = order("NonInteractiveCommands", "sh -c 'echo out; echo err >&2; exit 7'");
  run_session(content, [](Session& session, SessionWorker&) -> awaitable<void> {
    co_await session.answer_handshake(true);
    co_await session.listen();
    EXPECT_EQ(session.output, "out\n");
    EXPECT_EQ(session.errors, "err\n");
    EXPECT_EQ(session.exit_code, "EXIT_CODE: 7");
    EXPECT_NE(session.openings.at(0).find("channel-token"), std::string::npos);
    EXPECT_NE(session.openings.at(0).find("mi-0123456789abcdef0"), std::string::npos);
    EXPECT_NE(session.controls.at(0).find("\"Connected\""), std::string::npos);
  });
}

TEST(SessionWorker, a_command_gets_input_its_end_and_signals) {
  run_session(order("NonInteractiveCommands", "cat"),
              [](Session& session, SessionWorker&) -> awaitable<void> {
                co_await session.answer_handshake(true);
                co_await session.client().send(PayloadType::output, as_bytes("through and back\n"));
                auto end = wire::encode_flag(wire::flag::end_of_input);
                co_await session.client().send(PayloadType::flag, end);
                co_await session.listen();
                EXPECT_EQ(session.output, "through and back\n");
                EXPECT_EQ(session.exit_code, "EXIT_CODE: 0");
              });
  run_session(order("NonInteractiveCommands", "sleep 60"),
              [](Session& session, SessionWorker&) -> awaitable<void> {
                co_await session.answer_handshake(true);
                auto signal = wire::encode_flag(wire::flag::signal_base + SIGTERM);
                co_await session.client().send(PayloadType::flag, signal);
                co_await session.listen();
                EXPECT_EQ(session.exit_code, "EXIT_CODE: 143");
              });
}

TEST(SessionWorker, a_command_that_is_not_there_is_told_as_a_shell_tells_it) {
  run_session(order("NonInteractiveCommands", "no-such-program --now"),
              [](Session& session, SessionWorker&) -> awaitable<void> {
                co_await session.answer_handshake(true);
                co_await session.listen();
                EXPECT_EQ(session.errors, "no-such-program: command not found\n");
                EXPECT_EQ(session.exit_code, "EXIT_CODE: 127");
              });
}

TEST(SessionWorker, a_stock_plugin_ends_a_command_with_its_flag) {
  run_session(order("NonInteractiveCommands", "sleep 60", false),
              [](Session& session, SessionWorker&) -> awaitable<void> {
                co_await session.answer_handshake(false);
                auto begun = io::SteadyClock::now();
                auto terminate = wire::encode_flag(wire::flag::terminate_session);
                co_await session.client().send(PayloadType::flag, terminate);
                co_await session.listen();
                EXPECT_LT(io::SteadyClock::now() - begun, 2s);
                EXPECT_EQ(session.exit_code, "") << "a stock client is told no exit code it did not ask for";
              });
}

TEST(SessionWorker, a_terminal_has_the_size_of_the_client) {
  run_session(order("InteractiveCommands", "stty size; test -t 0 && echo terminal"),
              [](Session& session, SessionWorker&) -> awaitable<void> {
                co_await session.answer_handshake(true);
                auto size = wire::to_json_text(wire::TerminalSize{132, 43});
                co_await session.client().send(PayloadType::size, as_bytes(size));
                co_await session.listen();
                EXPECT_EQ(session.output, "43 132\r\nterminal\r\n");
                EXPECT_EQ(session.exit_code, "EXIT_CODE: 0");
              });
}

TEST(SessionWorker, a_lost_connection_loses_nothing) {
  auto content =
      order("NonInteractiveCommands", "sh -c 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.03; done'");
  run_session(content, [](Session& session, SessionWorker&) -> awaitable<void> {
    co_await session.answer_handshake(true);
    for (int i = 0; i < 2; i++) {
      auto line = co_await session.client().receive();
      if (line) session.output += as_text(line->payload);
      session.break_connection();
    }
    co_await session.listen();
    EXPECT_EQ(session.output, "1\n2\n3\n4\n5\n6\n");
    EXPECT_GE(session.openings.size(), 2u);
    auto connected = std::count_if(session.controls.begin(), session.controls.end(),
                                   [](auto const& text) { return text.find("\"Connected\"") != text.npos; });
    EXPECT_EQ(connected, 1) << "a session is announced once";
  });
}

TEST(SessionWorker, stopping_it_ends_what_it_runs) {
  pid_t process = 0;
  io::run_on_loop([&](auto executor) -> awaitable<void> {
    Session session(executor);
    SessionWorker worker(executor, session.agent_side(), order("NonInteractiveCommands", "sleep 60"));
    worker.on_process = [&](pid_t id) { process = id; };
    std::optional<SessionResult> result;
    io::TaskGroup tasks(executor, "worker");
    tasks.spawn(run_worker(worker, result));
    co_await session.answer_handshake(true);
    while (process == 0) co_await io::sleep_for(2ms);
    worker.stop();
    co_await session.listen();
    co_await tasks.join();
    EXPECT_EQ(::kill(process, 0), -1);
    co_await session.stop();
  });
}

TEST(SessionWorker, a_session_that_the_plane_does_not_know_is_not_tried_again) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Session session(executor);
    session.is_over = true;
    SessionWorker worker(executor, session.agent_side(), order("NonInteractiveCommands", "id"));
    std::optional<SessionResult> result;
    io::TaskGroup tasks(executor, "worker");
    tasks.spawn(run_worker(worker, result));
    co_await tasks.join();
    EXPECT_TRUE(result);
    EXPECT_TRUE(session.openings.empty());
    co_await session.stop();
  });
}

}  // namespace
}  // namespace fumidai::agent
