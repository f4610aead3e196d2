#pragma once

// The shell or command of a session: its process, on a terminal of its own or with pipes, and our ends of it.
// What it prints goes to the session's data channel no faster than the channel takes it.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "agent/login.h"
#include "io/data_link.h"
#include "io/wait.h"
#include "wire/session_payloads.h"

namespace fumidai::agent {

class SessionProcess {
 public:
  // The login's shell, with these arguments ([0] included).
  static Result<std::unique_ptr<SessionProcess>> on_terminal(asio::any_io_executor executor,
                                                             Login const& login,
                                                             std::vector<std::string> arguments,
                                                             wire::TerminalSize size);
  // The program that the first word names. With `separate`, standard error is a stream of its own. Errors:
  // malformed, not_found, with a sentence as a shell would say it.
  static Result<std::unique_ptr<SessionProcess>> on_pipes(asio::any_io_executor executor, Login const& login,
                                                          std::string const& command_line, bool separate);

  // Its id, and that of the group and the session of processes that it leads.
  pid_t id() const { return pid_; }
  bool has_terminal() const { return has_terminal_; }

  // Before each line of the outputs, for clients that cannot tell them apart.
  void set_prefixes(std::string output, std::string error);

  // Until the process is gone and what it printed is carried, in payloads of at most that size. Returns its
  // exit code, as a shell would show it.
  awaitable<int> run(io::DataLink& link, std::size_t most_payload);

  // Gives it input; waits while it does not read.
  awaitable<void> write(ByteView input);
  void end_input();
  void resize(wire::TerminalSize size);
  // To it and the processes that it started.
  void signal(int number);
  // A hang-up, and a kill when it does not heed that.
  void hang_up();

 private:
  explicit SessionProcess(asio::any_io_executor executor);
  void watch(pid_t child);
  void type_end_of_input(std::chrono::seconds pause);
  awaitable<int> wait_for_exit();
  awaitable<void> read_terminal(io::DataLink& link, std::size_t most_payload);
  awaitable<void> read_pipe(io::DataLink& link, asio::posix::stream_descriptor& pipe, wire::PayloadType type,
                            std::string const& prefix, std::size_t most_payload);
  awaitable<int> run_on_terminal(io::DataLink& link, std::size_t most_payload);
  awaitable<int> run_on_pipes(io::DataLink& link, std::size_t most_payload);

  asio::any_io_executor executor_;
  pid_t pid_ = -1;
  asio::posix::stream_descriptor exit_;  // a pidfd
  asio::posix::stream_descriptor input_, output_, error_;
  asio::steady_timer mercy_, typing_;
  std::string output_prefix_, error_prefix_;
  wire::PayloadType error_type_ = wire::PayloadType::output;
  bool has_terminal_ = false;
  bool exited_ = false, hung_up_ = false;
  std::size_t waiting_readers_ = 0;  // whose pipe is empty
};

}  // namespace fumidai::agent
