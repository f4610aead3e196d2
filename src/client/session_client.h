#pragma once

// A person's end of a session: terminal or pipes on one side, the data channel on the other. Speaks with our
// agent and with AWS's; with ours it passes on input, signals and the exit status.

#include <memory>

#include "client/console_io.h"
#include "client/plane.h"
#include "client/terminal.h"
#include "io/data_link.h"
#include "io/task_group.h"

namespace fumidai::client {

struct ClientOptions {
  bool is_command = false;  // no terminal: streams apart, the exit status counts
  bool no_input = false;    // the command gets none, and ours is left alone
  bool as_plugin = false;   // says what session-manager-plugin says
};

class SessionClient {
 public:
  // How a lost connection gets a fresh token. Its access has none when the session is over.
  using Resume = std::function<awaitable<Result<Access>>()>;
  using Terminate = std::function<awaitable<Result<void>>()>;

  SessionClient(asio::any_io_executor executor, io::Outbound outbound, Access access, ClientOptions options,
                Resume resume, Terminate terminate);

  // To the end of the session. The exit status: the remote one where it is known.
  awaitable<Result<int>> run();

 private:
  awaitable<Result<std::shared_ptr<io::WebSocket>>> connect();
  void on_control(wire::AgentMessage const& message);
  void on_connection(bool connected, std::string const& why);

  awaitable<Result<void>> converse();
  awaitable<Result<void>> shake_hands(wire::DataChannel::Delivery const& first);
  awaitable<Result<void>> show(wire::DataChannel::Delivery const& delivery);
  awaitable<void> feed();
  awaitable<void> feed_without_channel();
  awaitable<void> watch_size();
  awaitable<void> watch_signals();
  awaitable<void> watch_patience();
  awaitable<void> end_session();
  awaitable<void> send_size();
  void tell(std::string const& sentence);

  asio::any_io_executor executor_;
  io::Outbound outbound_;
  Access access_;
  ClientOptions options_;
  Resume resume_;
  Terminate terminate_;
  SystemClock clock_;
  io::DataLink link_;
  io::TaskGroup tasks_;
  ConsoleInput input_;
  ConsoleOutput output_;
  std::optional<RawTerminal> raw_;
  bool first_connection_ = true;
  bool has_begun_ = false;  // the agent said something
  bool is_native_ = false;
  bool was_lost_ = false;
  bool heard_goodbye_ = false;
  io::SteadyTime lost_at_ = io::SteadyTime::max();
  std::optional<int> exit_code_;
  std::string farewell_;          // what the plane said at the end
  std::optional<Error> failure_;  // why we ended it
};

// The words of a command line, quoted so that an agent that splits them gets the same words.
std::string join_words(std::vector<std::string> const& words);

}  // namespace fumidai::client
