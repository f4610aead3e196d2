#include "agent/session_process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/write.hpp>

#include "agent/words.h"
#include "base/bytes.h"
#include "io/process.h"
#include "io/task_group.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using Descriptor = asio::posix::stream_descriptor;
using wire::PayloadType;

namespace {

// Between a hang-up and a kill.
constexpr auto kMercy = 2s, kTypedAgain = 1s, kTypedAtMostEach = 5s;
// How long pipes that a command left open may be quiet after its end, and how long processes that it left
// behind may go on to print.
constexpr auto kQuiet = 1s, kLeftBehind = 10s;

// The length of `text` without an incomplete character at its end: terminals on the other side take whole
// ones.
std::size_t whole_characters(ByteView text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); back++) {
    auto byte = text[text.size() - back];
    if ((byte & 0xc0) == 0x80) continue;
    std::size_t needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? text.size() - back : text.size();
  }
  return text.size();
}

Result<std::string> find_program(std::string const& name, std::vector<std::string> const& environment) {
  if (name.find('/') != name.npos) return name;
  for (auto const& variable : environment) {
    if (!variable.starts_with("PATH=")) continue;
    for (auto directory : split(std::string_view(variable).substr(5), ':')) {
      auto candidate = std::string(directory) + "/" + name;
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return Error{Errc::not_found, name + ": command not found"};
}

awaitable<void> wait_readable(Descriptor& descriptor) {
  co_await descriptor.async_wait(Descriptor::wait_read, as_tuple(use_awaitable));
}

}  // namespace

SessionProcess::SessionProcess(asio::any_io_executor executor)
    : executor_(executor),
      exit_(executor),
      input_(executor),
      output_(executor),
      error_(executor),
      mercy_(executor),
      typing_(executor) {}

Result<std::unique_ptr<SessionProcess>> SessionProcess::on_terminal(asio::any_io_executor executor,
                                                                    Login const& login,
                                                                    std::vector<std::string> arguments,
                                                                    wire::TerminalSize size) {
  io::Spawn spawn;
  spawn.program = login.shell;
  spawn.arguments = std::move(arguments);
  spawn.environment = login.environment;
  spawn.environment.push_back("TERM=xterm-256color");
  spawn.directory = login.home;
  spawn.run_as = login.run_as;
  spawn.ends_with_us = true;
  TRY(auto started, io::spawn_on_pty(spawn, static_cast<unsigned short>(size.cols),
                                     static_cast<unsigned short>(size.rows)));
  std::unique_ptr<SessionProcess> process(new SessionProcess(executor));
  process->has_terminal_ = true;
  process->watch(started.pid);
  process->output_.assign(started.terminal);
  process->input_.assign(::dup(started.terminal));  // read and written by different coroutines
  return process;
}

Result<std::unique_ptr<SessionProcess>> SessionProcess::on_pipes(asio::any_io_executor executor,
                                                                 Login const& login,
                                                                 std::string const& command_line,
                                                                 bool separate) {
  io::Spawn spawn;
  TRY(spawn.arguments, split_words(command_line));
  if (spawn.arguments.empty()) return Error{Errc::malformed, "the command is empty"};
  TRY(spawn.program, find_program(spawn.arguments.front(), login.environment));
  spawn.environment = login.environment;
  spawn.directory = login.home;
  spawn.run_as = login.run_as;
  spawn.ends_with_us = true;
  spawn.merge_error = !separate;
  TRY(auto started, io::spawn_with_pipes(spawn));
  std::unique_ptr<SessionProcess> process(new SessionProcess(executor));
  process->watch(started.pid);
  process->input_.assign(started.input);
  process->output_.assign(started.output);
  process->error_.assign(started.error);
  if (separate) process->error_type_ = PayloadType::std_err;
  return process;
}

void SessionProcess::set_prefixes(std::string output, std::string error) {
  output_prefix_ = std::move(output);
  error_prefix_ = std::move(error);
}

void SessionProcess::watch(pid_t child) {
  pid_ = child;
  exit_.assign(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
}

awaitable<int> SessionProcess::run(io::DataLink& link, std::size_t most_payload) {
  if (has_terminal_) co_return co_await run_on_terminal(link, most_payload);
  co_return co_await run_on_pipes(link, most_payload);
}

awaitable<int> SessionProcess::wait_for_exit() {
  co_await wait_readable(exit_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  exited_ = true;
  mercy_.cancel();
  typing_.cancel();
  // Readers look once more at what is there, and do not wait for processes that the session left behind.
  boost::system::error_code ignored;
  output_.cancel(ignored);
  co_return io::exit_code_of(status);
}

awaitable<int> SessionProcess::run_on_terminal(io::DataLink& link, std::size_t most_payload) {
  io::TaskGroup reader(executor_, "terminal");
  reader.spawn(read_terminal(link, most_payload));
  auto code = co_await wait_for_exit();
  co_await reader.join();
  co_return code;
}

// Carries what the terminal shows. When the shell is gone, what is left in the terminal is carried, and no
// more.
awaitable<void> SessionProcess::read_terminal(io::DataLink& link, std::size_t most_payload) {
  Bytes chunk(most_payload);
  std::size_t kept = 0;  // an incomplete character of the last read
  for (;;) {
    auto count = ::read(output_.native_handle(), chunk.data() + kept, chunk.size() - kept);
    if (count < 0 && errno == EAGAIN) {
      if (exited_) break;
      co_await wait_readable(output_);
      continue;
    }
    if (count <= 0) break;  // EIO: nobody has the terminal open any more
    auto filled = kept + static_cast<std::size_t>(count);
    auto whole = whole_characters(ByteView(chunk).first(filled));
    if (whole == 0 && filled == chunk.size()) whole = filled;
    if (whole > 0) {
      auto sent = co_await link.send(PayloadType::output, ByteView(chunk).first(whole));
      if (!sent) break;
    }
    std::copy(chunk.begin() + static_cast<std::ptrdiff_t>(whole),
              chunk.begin() + static_cast<std::ptrdiff_t>(filled), chunk.begin());
    kept = filled - whole;
  }
  if (kept > 0 && !link.is_closed()) co_await link.send(PayloadType::output, ByteView(chunk).first(kept));
}

awaitable<int> SessionProcess::run_on_pipes(io::DataLink& link, std::size_t most_payload) {
  io::TaskGroup readers(executor_, "output");
  readers.spawn(read_pipe(link, output_, PayloadType::output, output_prefix_, most_payload));
  readers.spawn(read_pipe(link, error_, error_type_, error_prefix_, most_payload));
  auto code = co_await wait_for_exit();
  // A process that it left behind may hold the pipes open for ever. What is in them is carried, however slow
  // the client takes it.
  auto exited_at = io::SteadyClock::now(), busy_at = exited_at;
  while (readers.size() > 0 && !link.is_closed() && !hung_up_) {
    auto now = io::SteadyClock::now();
    bool is_empty = waiting_readers_ == readers.size();
    if (!is_empty) busy_at = now;
    if (is_empty && (now - busy_at > kQuiet || now - exited_at > kLeftBehind)) break;
    co_await io::sleep_for(5ms);
  }
  readers.cancel();
  co_await readers.join();
  co_return code;
}

awaitable<void> SessionProcess::read_pipe(io::DataLink& link, Descriptor& pipe, PayloadType type,
                                          std::string const& prefix, std::size_t most_payload) {
  Bytes chunk(most_payload);
  std::copy(prefix.begin(), prefix.end(), chunk.begin());
  auto room = MutableByteView(chunk).subspan(prefix.size());
  for (bool at_line_start = true;;) {
    auto count = ::read(pipe.native_handle(), room.data(), room.size());
    if (count < 0 && errno == EAGAIN) {
      waiting_readers_++;
      co_await wait_readable(pipe);
      waiting_readers_--;
      continue;
    }
    if (count <= 0) co_return;
    auto text = ByteView(room).first(static_cast<std::size_t>(count));
    auto payload = at_line_start ? ByteView(chunk).first(prefix.size() + text.size()) : text;
    at_line_start = text.back() == '\n';
    auto sent = co_await link.send(type, payload);
    if (!sent) co_return;
  }
}

awaitable<void> SessionProcess::write(ByteView input) {
  auto [error, count] =
      co_await asio::async_write(input_, asio::buffer(input.data(), input.size()), as_tuple(use_awaitable));
  boost::system::error_code ignored;
  if (error && !has_terminal_) input_.close(ignored);  // it reads no more; it may still write
}

void SessionProcess::end_input() {
  if (!input_.is_open()) return;
  boost::system::error_code ignored;
  if (has_terminal_) return type_end_of_input(kTypedAgain);
  input_.close(ignored);
}

// A terminal has no end of input but the character for it, which a shell loses that has only just begun to
// read, or that runs a command: typed again as long as it is there.
void SessionProcess::type_end_of_input(std::chrono::seconds pause) {
  if (!input_.is_open() || exited_) return;
  [[maybe_unused]] auto written = ::write(input_.native_handle(), "\x04", 1);
  typing_.expires_after(pause);
  typing_.async_wait([this, pause](boost::system::error_code stopped) {
    if (!stopped) type_end_of_input(std::min<std::chrono::seconds>(2 * pause, kTypedAtMostEach));
  });
}

void SessionProcess::resize(wire::TerminalSize size) {
  io::set_terminal_size(input_.native_handle(), static_cast<unsigned short>(size.cols),
                        static_cast<unsigned short>(size.rows));
}

void SessionProcess::signal(int number) {
  if (!exited_) ::kill(-pid_, number);
}

void SessionProcess::hang_up() {
  hung_up_ = true;
  signal(SIGHUP);
  signal(SIGCONT);
  mercy_.expires_after(kMercy);
  mercy_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) signal(SIGKILL);
  });
}

}  // namespace fumidai::agent
