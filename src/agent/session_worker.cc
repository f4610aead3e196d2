#include "agent/session_worker.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>

#include "agent/platform.h"
#include "agent/words.h"
#include "base/log.h"
#include "io/process.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using wire::PayloadType;
namespace message_type = wire::message_type;
namespace json = boost::json;

namespace {

constexpr std::size_t kMostDataMessage = 128 * 1024;
// A peer that is unknown gets what AWS's programs send; AWS's own plugin takes far more than it sends.
constexpr std::size_t kStockPayload = 16 * 1024, kNativePayload = 32 * 1024;
// Sizes come right after the handshake: a shell that starts with the right one need not draw its first line
// twice.
constexpr auto kFirstSize = 300ms;
// Between a hang-up and a kill.
constexpr auto kMercy = 2s;
// What a peer still has to acknowledge when all is said. AWS's agent waits as long.
constexpr auto kStockDrain = 2s, kNativeDrain = 30s;
// Output of processes that outlive the command.
constexpr auto kPipeGrace = 1s;

std::string property(json::object const& document, char const* name) {
  auto const* properties = document.if_contains("properties");
  auto const* platform = properties != nullptr && properties->is_object()
                             ? properties->get_object().if_contains("linux")
                             : nullptr;
  auto const* value =
      platform != nullptr && platform->is_object() ? platform->get_object().if_contains(name) : nullptr;
  if (value == nullptr) return "";
  if (value->is_bool()) return value->get_bool() ? "true" : "false";
  return value->is_string() ? std::string(value->get_string()) : "";
}

json::object declared_parameters(json::object const& document) {
  auto const* parameters = document.if_contains("parameters");
  return parameters != nullptr && parameters->is_object() ? parameters->get_object() : json::object();
}

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

std::optional<std::string> find_program(std::string const& name,
                                        std::vector<std::string> const& environment) {
  if (name.find('/') != name.npos) return name;
  for (auto const& variable : environment) {
    if (!variable.starts_with("PATH=")) continue;
    for (auto directory : split(std::string_view(variable).substr(5), ':')) {
      auto candidate = std::string(directory) + "/" + name;
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return std::nullopt;
}

}  // namespace

// The process of a session and our ends of it.
struct SessionWorker::Child {
  explicit Child(asio::any_io_executor executor)
      : exit(executor), input(executor), output(executor), error(executor), hang_up(executor) {}

  pid_t pid = -1;
  asio::posix::stream_descriptor exit;  // a pidfd
  asio::posix::stream_descriptor input, output, error;
  asio::steady_timer hang_up;
  bool exited = false;

  void watch(pid_t child) {
    pid = child;
    exit.assign(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  }
  void signal(int number) {
    if (!exited) ::kill(-pid, number);
  }
  void end() {
    signal(SIGHUP);
    signal(SIGCONT);
    hang_up.expires_after(kMercy);
    hang_up.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) signal(SIGKILL);
    });
  }
};

SessionWorker::SessionWorker(asio::any_io_executor executor, PlaneClient plane,
                             wire::InteractiveShellContent content)
    : executor_(executor),
      plane_(std::move(plane)),
      content_(std::move(content)),
      link_(
          executor, {.channel = {.is_agent = true}, .ping_every = 54s, .dead_after = 120s}, clock_,
          [this] { return connect(); }, [this](wire::AgentMessage const& message) { on_control(message); }) {}

awaitable<Result<std::shared_ptr<io::WebSocket>>> SessionWorker::connect() {
  auto const& id = content_.session_id;
  Secret token;
  auto channel = co_await plane_.open_channel("/v1/data-channel/" + wire::percent_encode(id),
                                              "?role=publish_subscribe", kMostDataMessage, token);
  if (!channel) {
    // Only the plane's own word ends a session; whatever else is in the way may pass.
    bool is_over = plane_.last_error_name() == "DoesNotExistException";
    co_return Error{is_over ? Errc::not_found : Errc::unavailable, channel.error().detail};
  }
  wire::OpenDataChannel open;
  open.request_id = Uuid::random().text();
  open.token_value = token;
  open.client_instance_id = plane_.identity().instance_id;
  auto text = wire::to_json_text(open);
  CO_CHECK(co_await (*channel)->write(wire::Opcode::text, as_bytes(text)));
  if (!std::exchange(announced_, true)) {
    wire::AgentSessionState state{1, "Connected", id};
    auto message = wire::make_message(message_type::agent_session_state, wire::to_json_text(state),
                                      clock_.now(), wire::AgentMessage::kSyn | wire::AgentMessage::kFin);
    CO_CHECK(co_await (*channel)->write(wire::Opcode::binary, message));
  }
  co_return std::shared_ptr<io::WebSocket>(std::move(*channel));
}

void SessionWorker::on_control(wire::AgentMessage const& message) {
  if (message.type == message_type::channel_closed) stop();
}

void SessionWorker::stop() {
  stopping_ = true;
  if (child_ != nullptr) {
    child_->end();
  } else {
    link_.close();
  }
}

awaitable<SessionResult> SessionWorker::run() {
  io::TaskGroup group(executor_, "data link");
  auto keep = [](SessionWorker& self) -> awaitable<void> {
    auto ended = co_await self.link_.run();
    if (!ended) self.stop();
  };
  group.spawn(keep(*this));
  auto verdict = co_await converse();
  // Everything that was said has to arrive before the goodbye.
  if (!stopping_)
    co_await link_.drain(peer_.is_native ? io::SteadyClock::duration(kNativeDrain) : kStockDrain);
  if (!link_.is_closed()) {
    wire::AgentSessionState state{1, "Terminating", content_.session_id};
    link_.post(wire::make_message(message_type::agent_session_state, wire::to_json_text(state), clock_.now(),
                                  wire::AgentMessage::kSyn | wire::AgentMessage::kFin));
    co_await link_.drain(500ms);
  }
  link_.close();
  co_await group.join();
  if (!verdict && !stopping_) co_return SessionResult{"Failed", verdict.error().detail};
  co_return SessionResult{};
}

awaitable<Result<void>> SessionWorker::converse() {
  auto const& document = content_.document_content;
  auto const* type_value = document.if_contains("sessionType");
  std::string type =
      type_value != nullptr && type_value->is_string() ? std::string(type_value->get_string()) : "";
  auto parameters = declared_parameters(document);
  auto filled = [&](char const* name) {
    return substitute(property(document, name), content_.parameters, parameters);
  };

  bool elevated = property(document, "runAsElevated") == "true";
  CO_TRY(login_, log_in(content_.run_as_user,
                        elevated && ::geteuid() == 0 ? "root" : plane_.identity().session_user));
  login_.environment.push_back("FUMIDAI_INSTANCE_ID=" + plane_.identity().instance_id);
  login_.environment.push_back("FUMIDAI_SESSION_ID=" + content_.session_id);
  if (type == "Standard_Stream") {
    CO_CHECK(co_await shake_hands(type));
    auto name = "-" + login_.shell.substr(login_.shell.rfind('/') + 1);  // the dash makes a login shell
    std::vector<std::string> arguments{name};
    co_return co_await run_terminal(std::move(arguments));
  }
  CO_TRY(auto commands, filled("commands"));
  if (trimmed(commands).empty()) co_return Error{Errc::invalid, "the session document has no command"};
  if (type == "InteractiveCommands") {
    CO_CHECK(co_await shake_hands(type));
    auto name = "-" + login_.shell.substr(login_.shell.rfind('/') + 1);
    std::vector<std::string> arguments{name, "-c", commands};
    co_return co_await run_terminal(std::move(arguments));
  }
  if (type != "NonInteractiveCommands")
    co_return Error{Errc::unsupported,
                    "sessions of type '" + escaped(type, 64) + "' are not served by this agent"};
  CO_TRY(auto separate, filled("separateOutputStream"));
  CO_TRY(auto out_prefix, filled("stdOutSeparatorPrefix"));
  CO_TRY(auto error_prefix, filled("stdErrSeparatorPrefix"));
  CO_CHECK(co_await shake_hands(type));
  co_return co_await run_command(commands, separate == "true", std::move(out_prefix),
                                 std::move(error_prefix));
}

awaitable<Result<void>> SessionWorker::shake_hands(std::string const& session_type) {
  auto begun = io::SteadyClock::now();
  wire::HandshakeRequest request;
  request.agent_version = kAgentVersion;
  request.requested_client_actions.push_back(
      {std::string(wire::action::session_type),
       json::object{{"SessionType", session_type}, {"Properties", nullptr}}});
  request.requested_client_actions.push_back(
      {std::string(wire::action::native_stream), json::object{{"Agent", kAgentName}, {"Version", 1}}});
  auto text = wire::to_json_text(request);
  CO_CHECK(co_await link_.send(PayloadType::handshake_request, as_bytes(text)));
  CO_TRY(auto answer, co_await link_.receive());
  if (answer.type != PayloadType::handshake_response) {
    early_ = std::move(answer);  // a client that knows shells without a handshake
    co_return success();
  }
  CO_TRY(auto response, wire::from_json_text<wire::HandshakeResponse>(as_text(answer.payload)));
  for (auto const& action : response.processed_client_actions) {
    bool refused = action.action_type == wire::action::session_type &&
                   action.action_status == wire::ProcessedClientAction::kFailed;
    if (refused)
      co_return Error{Errc::unsupported, "the client refuses sessions of type " + session_type + ": " +
                                             escaped(action.error, 200)};
  }
  peer_.client_version = response.client_version;
  peer_.is_native = response.succeeded(wire::action::native_stream);
  bool is_plugin = wire::version_is_above(response.client_version, "1.0.0.0");
  peer_.most_payload = peer_.is_native ? kNativePayload : is_plugin ? kStockPayload : peer_.most_payload;
  wire::HandshakeComplete complete{std::chrono::nanoseconds(io::SteadyClock::now() - begun).count(), ""};
  auto done = wire::to_json_text(complete);
  co_return co_await link_.send(PayloadType::handshake_complete, as_bytes(done));
}

namespace {

std::optional<wire::TerminalSize> parse_size(ByteView payload) {
  auto size = wire::from_json_text<wire::TerminalSize>(as_text(payload));
  bool usable = size && size->cols > 0 && size->rows > 0 && size->cols < 10'000 && size->rows < 10'000;
  return usable ? std::optional(*size) : std::nullopt;
}

}  // namespace

awaitable<Result<void>> SessionWorker::run_terminal(std::vector<std::string> arguments) {
  using namespace asio::experimental::awaitable_operators;
  if (!early_) {
    CO_TRY(early_, co_await link_.receive_until(io::SteadyClock::now() + kFirstSize));
  }
  if (early_ && early_->type == PayloadType::size) {
    if (auto size = parse_size(early_->payload))
      size_ = {static_cast<unsigned short>(size->cols), static_cast<unsigned short>(size->rows)};
    early_.reset();
  }
  io::Spawn spawn;
  spawn.program = login_.shell;
  spawn.arguments = std::move(arguments);
  spawn.environment = login_.environment;
  spawn.environment.push_back("TERM=xterm-256color");
  spawn.directory = login_.home;
  spawn.run_as = login_.run_as;
  CO_TRY(auto started, io::spawn_on_pty(spawn, size_.first, size_.second));
  Child child(executor_);
  child.watch(started.pid);
  child.output.assign(started.terminal);
  child.input.assign(::dup(started.terminal));  // read and written by different coroutines
  child_ = &child;
  if (stopping_) child.end();

  io::TaskGroup group(executor_, "terminal");
  group.spawn(feed_terminal(child));
  auto [code, nothing] =
      co_await (wait_for_exit(child) && [](SessionWorker& self, Child& of) -> awaitable<int> {
        co_await self.read_terminal(of);
        co_return 0;
      }(*this, child));
  static_cast<void>(nothing);
  child_ = nullptr;
  group.cancel();
  co_await group.join();
  if (peer_.is_native) co_await tell_exit_code(code);
  co_return success();
}

awaitable<int> SessionWorker::wait_for_exit(Child& child) {
  co_await child.exit.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple(use_awaitable));
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  child.exited = true;
  child.hang_up.cancel();
  // Readers look once more at what is there, and do not wait for processes that the session left behind.
  boost::system::error_code ignored;
  child.output.cancel(ignored);
  co_return io::exit_code_of(status);
}

// Carries what the terminal shows. When the shell is gone, what is left in the terminal is carried, and no
// more.
awaitable<void> SessionWorker::read_terminal(Child& child) {
  Bytes chunk;
  std::size_t kept = 0;  // an incomplete character of the last read
  for (;;) {
    chunk.resize(peer_.most_payload);
    auto count = ::read(child.output.native_handle(), chunk.data() + kept, chunk.size() - kept);
    if (count < 0 && errno == EAGAIN) {
      if (child.exited) break;
      co_await child.output.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple(use_awaitable));
      continue;
    }
    if (count <= 0) break;  // EIO: nobody has the terminal open any more
    auto filled = kept + static_cast<std::size_t>(count);
    auto whole = whole_characters(ByteView(chunk).first(filled));
    if (whole == 0 && filled == chunk.size()) whole = filled;
    if (whole > 0) {
      auto sent = co_await link_.send(PayloadType::output, ByteView(chunk).first(whole));
      if (!sent) break;
    }
    std::copy(chunk.begin() + static_cast<std::ptrdiff_t>(whole),
              chunk.begin() + static_cast<std::ptrdiff_t>(filled), chunk.begin());
    kept = filled - whole;
  }
  if (kept > 0 && !link_.is_closed()) co_await link_.send(PayloadType::output, ByteView(chunk).first(kept));
}

awaitable<void> SessionWorker::feed_terminal(Child& child) {
  for (;;) {
    wire::DataChannel::Delivery delivery;
    if (early_) {
      delivery = *std::exchange(early_, std::nullopt);
    } else {
      auto next = co_await link_.receive();
      if (!next) co_return child.end();
      delivery = std::move(*next);
    }
    if (delivery.type == PayloadType::output) {
      auto [error, count] =
          co_await asio::async_write(child.input, asio::buffer(delivery.payload), as_tuple(use_awaitable));
      if (error) co_return;
    } else if (delivery.type == PayloadType::size) {
      auto size = parse_size(delivery.payload);
      if (size)
        io::set_terminal_size(child.input.native_handle(), static_cast<unsigned short>(size->cols),
                              static_cast<unsigned short>(size->rows));
    } else if (delivery.type == PayloadType::flag) {
      on_flag(child, delivery.payload);
    }
  }
}

void SessionWorker::on_flag(Child& child, ByteView payload) {
  auto flag = wire::parse_flag(payload);
  if (!flag) return;
  if (*flag == wire::flag::terminate_session) return stop();
  if (*flag == wire::flag::end_of_input && child.input.is_open()) {
    boost::system::error_code ignored;
    bool is_terminal = ::isatty(child.input.native_handle()) == 1;
    // A terminal has no end of input but the character for it.
    if (is_terminal) {
      [[maybe_unused]] auto written = ::write(child.input.native_handle(), "\x04", 1);
    } else {
      child.input.close(ignored);
    }
  }
  auto number = static_cast<std::int64_t>(*flag) - wire::flag::signal_base;
  if (number > 0 && number < NSIG) child.signal(static_cast<int>(number));
}

awaitable<Result<void>> SessionWorker::run_command(std::string const& commands, bool separate,
                                                   std::string out_prefix, std::string error_prefix) {
  using namespace asio::experimental::awaitable_operators;
  io::Spawn spawn;
  spawn.environment = login_.environment;
  spawn.directory = login_.home;
  spawn.run_as = login_.run_as;
  spawn.merge_error = !separate;
  auto words = split_words(commands);
  auto program = words && !words->empty() ? find_program(words->front(), login_.environment) : std::nullopt;
  auto started = Result<io::PipedChild>(
      Error{Errc::not_found,
            !words ? words.error().detail
                   : (words->empty() ? "the command is empty" : words->front() + ": command not found")});
  if (program) {
    spawn.program = *program;
    spawn.arguments = *words;
    started = io::spawn_with_pipes(spawn);
  }
  if (!started) {
    auto text = started.error().detail + "\n";
    CO_CHECK(co_await link_.send(separate ? PayloadType::std_err : PayloadType::output, as_bytes(text)));
    if (separate || peer_.is_native) co_await tell_exit_code(127);
    co_return peer_.is_native ? success() : Result<void>(started.error());
  }
  Child child(executor_);
  child.watch(started->pid);
  child.input.assign(started->input);
  child.output.assign(started->output);
  child.error.assign(started->error);
  child_ = &child;
  if (stopping_) child.end();
  boost::system::error_code ignored;
  if (!peer_.is_native)
    child.input.close(ignored);  // AWS's clients have no way to end an input, so there is none

  io::TaskGroup group(executor_, "command");
  group.spawn(feed_command(child));
  io::TaskGroup readers(executor_, "output");
  readers.spawn(read_pipe(child, child.output.native_handle(), PayloadType::output, std::move(out_prefix)));
  readers.spawn(read_pipe(child, child.error.native_handle(),
                          separate ? PayloadType::std_err : PayloadType::output, std::move(error_prefix)));
  auto code = co_await wait_for_exit(child);
  auto deadline = io::SteadyClock::now() + kPipeGrace;
  while (readers.size() > 0 && (io::SteadyClock::now() < deadline || !link_.is_connected()) &&
         !link_.is_closed())
    co_await io::sleep_for(5ms);
  child_ = nullptr;
  readers.cancel();
  co_await readers.join();
  group.cancel();
  co_await group.join();
  if (separate || peer_.is_native) co_await tell_exit_code(code);
  co_return success();
}

awaitable<void> SessionWorker::read_pipe(Child& child, int descriptor, PayloadType type, std::string prefix) {
  auto& pipe = descriptor == child.output.native_handle() ? child.output : child.error;
  Bytes chunk;
  for (bool at_line_start = true;;) {
    chunk.resize(peer_.most_payload);
    // Payloads of AWS's programs never pass this size, prefix included.
    auto room = MutableByteView(chunk).subspan(prefix.size());
    auto count = ::read(descriptor, room.data(), room.size());
    if (count < 0 && errno == EAGAIN) {
      co_await pipe.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple(use_awaitable));
      continue;
    }
    if (count <= 0) co_return;
    auto text = room.first(static_cast<std::size_t>(count));
    bool prefixed = at_line_start && !prefix.empty();
    if (prefixed) std::copy(prefix.begin(), prefix.end(), chunk.begin());
    at_line_start = text.back() == '\n';
    auto payload = prefixed ? ByteView(chunk).first(prefix.size() + text.size()) : ByteView(text);
    auto sent = co_await link_.send(type, payload);
    if (!sent) co_return;
  }
}

awaitable<void> SessionWorker::feed_command(Child& child) {
  for (;;) {
    wire::DataChannel::Delivery delivery;
    if (early_) {
      delivery = *std::exchange(early_, std::nullopt);
    } else {
      auto next = co_await link_.receive();
      if (!next) co_return child.end();
      delivery = std::move(*next);
    }
    if (delivery.type == PayloadType::flag) {
      on_flag(child, delivery.payload);
    } else if (delivery.type == PayloadType::output && peer_.is_native) {
      auto [error, count] =
          co_await asio::async_write(child.input, asio::buffer(delivery.payload), as_tuple(use_awaitable));
      boost::system::error_code ignored;
      if (error) child.input.close(ignored);  // the command reads no more; it may still write
    } else if (delivery.type == PayloadType::output && delivery.payload.size() == 1) {
      // What a stock client makes of Ctrl-C and Ctrl-\, and all that it can say to a command.
      if (delivery.payload[0] == 0x03) child.signal(SIGINT);
      if (delivery.payload[0] == 0x1c) child.signal(SIGQUIT);
    }
  }
}

awaitable<void> SessionWorker::tell_exit_code(int code) {
  auto text = wire::exit_code_text(code);
  co_await link_.send(PayloadType::exit_code, as_bytes(text));
}

}  // namespace fumidai::agent
