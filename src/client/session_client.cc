#include "client/session_client.h"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "client/data_channel.h"
#include "wire/session_payloads.h"

namespace fumidai::client {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using wire::PayloadType;
namespace message_type = wire::message_type;
namespace json = boost::json;

namespace {

constexpr std::size_t kStockPayload = 1024, kNativePayload = 32 * 1024;
// A silent plane is noticed after this, at the latest; then the connection is made anew.
constexpr auto kPing = 8s, kSilence = 20s;
// A command without a person waits no longer than this for a plane or an agent that went away.
constexpr auto kCommandPatience = 60s;
constexpr int kLost = 255;

}  // namespace

SessionClient::SessionClient(asio::any_io_executor executor, io::Outbound outbound, Access access,
                             ClientOptions options, Resume resume, Terminate terminate)
    : executor_(executor),
      outbound_(std::move(outbound)),
      access_(std::move(access)),
      options_(options),
      resume_(std::move(resume)),
      terminate_(std::move(terminate)),
      link_(
          executor, {.ping_every = kPing, .dead_after = kSilence}, clock_, [this] { return connect(); },
          [this](wire::AgentMessage const& message) { on_control(message); }),
      tasks_(executor, "session"),
      input_(executor) {
  link_.on_connection = [this](bool connected, std::string const& why) { on_connection(connected, why); };
}

awaitable<Result<std::shared_ptr<io::WebSocket>>> SessionClient::connect() {
  if (!std::exchange(first_connection_, false)) {
    CO_TRY(auto again, co_await resume_());
    if (!again.token) {
      // How it ended was said while nobody heard it.
      if (!exit_code_)
        farewell_ =
            again.ended_why.empty() ? "The session ended while the connection was lost." : again.ended_why;
      co_return Error{Errc::not_found, "the session is over"};
    }
    access_.token = again.token;
  }
  co_return co_await open_data_channel(outbound_, access_);
}

void SessionClient::on_control(wire::AgentMessage const& message) {
  if (message.type == message_type::channel_closed) {
    heard_goodbye_ = true;
    auto closed = wire::from_json_text<wire::ChannelClosed>(as_text(message.payload));
    if (closed) farewell_ = closed->output;
    link_.close();
  } else if (message.type == message_type::session_notice) {
    auto notice = wire::from_json_text<wire::SessionNotice>(as_text(message.payload));
    if (!notice) return;
    tell(notice->text);
    lost_at_ = notice->agent_connected ? io::SteadyTime::max() : io::SteadyClock::now();
  }
}

void SessionClient::on_connection(bool connected, std::string const& why) {
  if (!connected) {
    was_lost_ = true;
    lost_at_ = io::SteadyClock::now();
    tell("The connection to the plane was lost (" + why + "); connecting again." +
         (raw_ ? " ~. gives up." : ""));
  } else if (std::exchange(was_lost_, false)) {
    lost_at_ = io::SteadyTime::max();
    tell("Connected again.");
  }
}

// A sentence of ours, on standard error and apart from what the session writes.
void SessionClient::tell(std::string const& sentence) {
  auto end = raw_ && raw_->is_raw() ? "\r\n" : "\n";
  std::fprintf(stderr, "%s[fumidai] %s%s", raw_ && raw_->is_raw() ? "\r\n" : "",
               escaped(sentence, 1024).c_str(), end);
}

awaitable<Result<int>> SessionClient::run() {
  auto keep = [](SessionClient& self) -> awaitable<void> {
    auto ended = co_await self.link_.run();
    if (!ended && ended.error().code != Errc::not_found && !self.failure_) self.failure_ = ended.error();
  };
  tasks_.spawn(keep(*this));
  tasks_.spawn(watch_signals());
  tasks_.spawn(watch_patience());
  auto verdict = co_await converse();
  bool is_over = link_.is_closed();
  if (!verdict && !is_over) co_await end_session();
  link_.close();
  tasks_.cancel();
  co_await tasks_.join();
  if (raw_) raw_->restore();
  if (failure_) co_return *failure_;
  if (!verdict && !is_over) co_return verdict.error();
  if (!farewell_.empty()) std::fprintf(stderr, "%s\n", escaped(farewell_, 1024).c_str());
  if (exit_code_) co_return *exit_code_;
  // Our agents always tell how a shell or command ended; of AWS's, only the plane's goodbye says that one
  // did.
  bool is_lost =
      !has_begun_ || is_native_ || (options_.is_command && (!heard_goodbye_ || !farewell_.empty()));
  co_return is_lost ? kLost : 0;
}

awaitable<Result<void>> SessionClient::converse() {
  CO_TRY(auto first, co_await link_.receive());
  has_begun_ = true;
  if (first.type == PayloadType::handshake_request) {
    CO_CHECK(co_await shake_hands(first));
  }
  bool is_terminal = !options_.is_command && input_.is_terminal();
  if (is_terminal) raw_.emplace();
  if (!options_.is_command) {
    co_await send_size();
    tasks_.spawn(watch_size());
  }
  bool has_channel = !options_.is_command || is_native_;
  if (options_.no_input) {
    auto flag = wire::encode_flag(wire::flag::end_of_input);
    if (is_native_) co_await link_.send(PayloadType::flag, flag);
  } else {
    tasks_.spawn(has_channel ? feed() : feed_without_channel());
  }
  if (first.type != PayloadType::handshake_request) CO_CHECK(co_await show(first));
  for (;;) {
    CO_TRY(auto delivery, co_await link_.receive());
    CO_CHECK(co_await show(delivery));
  }
}

awaitable<Result<void>> SessionClient::shake_hands(wire::DataChannel::Delivery const& first) {
  CO_TRY(auto request, wire::from_json_text<wire::HandshakeRequest>(as_text(first.payload)));
  is_native_ = request.find(wire::action::native_stream) != nullptr;
  wire::HandshakeResponse response;
  response.client_version = wire::kNativeClientVersion;
  for (auto const& action : request.requested_client_actions) {
    bool known =
        action.action_type == wire::action::session_type || action.action_type == wire::action::native_stream;
    wire::ProcessedClientAction processed;
    processed.action_type = action.action_type;
    processed.action_status =
        known ? wire::ProcessedClientAction::kSuccess : wire::ProcessedClientAction::kUnsupported;
    if (!known) processed.error = "this client does not know the action " + action.action_type;
    if (action.action_type == wire::action::kms_encryption) {
      failure_ = Error{Errc::unsupported,
                       "the session document asks for KMS encryption, which this client does not do"};
      processed.action_status = wire::ProcessedClientAction::kFailed;
    }
    response.processed_client_actions.push_back(std::move(processed));
  }
  // AWS's agent gives a command no input. Better not to run it than to run it without what it was to read.
  bool would_drop_input = options_.is_command && !is_native_ && !options_.no_input && input_.has_data();
  if (would_drop_input) {
    failure_ = Error{Errc::unsupported,
                     "standard input has data, but the agent of this instance is amazon-ssm-agent " +
                         escaped(request.agent_version, 32) +
                         ", whose commands have no input. Use -n (or </dev/null) to run the command without "
                         "it, or install fumidai-agent there."};
    for (auto& action : response.processed_client_actions)
      action.action_status = wire::ProcessedClientAction::kFailed;
  }
  auto text = wire::to_json_text(response);
  CO_CHECK(co_await link_.send(PayloadType::handshake_response, as_bytes(text)));
  if (failure_) {
    co_await end_session();
    co_return *failure_;
  }
  CO_TRY(auto complete, co_await link_.receive());
  if (complete.type != PayloadType::handshake_complete)
    co_return Error{Errc::malformed, "the agent broke off the handshake"};
  auto said = wire::from_json_text<wire::HandshakeComplete>(as_text(complete.payload));
  if (said && !said->customer_message.empty()) tell(said->customer_message);
  co_return success();
}

awaitable<Result<void>> SessionClient::show(wire::DataChannel::Delivery const& delivery) {
  if (delivery.type == PayloadType::exit_code) {
    if (auto code = wire::parse_exit_code(as_text(delivery.payload))) exit_code_ = *code;
    co_return success();
  }
  bool is_error = delivery.type == PayloadType::std_err && options_.is_command;
  bool is_output = delivery.type == PayloadType::output || delivery.type == PayloadType::std_err;
  if (!is_output) co_return success();
  bool written = co_await output_.write(is_error ? STDERR_FILENO : STDOUT_FILENO, delivery.payload);
  // Whoever closed our output wants no more of it: so does the command, in the way of a broken pipe.
  if (!written) {
    exit_code_ = 128 + SIGPIPE;
    co_await end_session();
    co_return Error{Errc::closed, "standard output was closed"};
  }
  co_return success();
}

// Carries what is typed, or what comes through a pipe, to the session.
awaitable<void> SessionClient::feed() {
  EscapeReader escapes;
  auto most = is_native_ ? kNativePayload : kStockPayload;
  for (;;) {
    auto bytes = co_await input_.read();
    if (bytes.empty()) {
      auto flag = wire::encode_flag(wire::flag::end_of_input);
      if (is_native_) co_await link_.send(PayloadType::flag, flag);
      co_return;
    }
    auto typed = raw_ ? escapes.feed(bytes) : EscapeReader::Typed{std::move(bytes)};
    for (ByteView rest = typed.to_session; !rest.empty();) {
      auto part = rest.first(std::min(rest.size(), most));
      auto sent = co_await link_.send(PayloadType::output, part);
      if (!sent) co_return;
      rest = rest.subspan(part.size());
    }
    if (typed.command == EscapeReader::Command::help)
      tell("~. ends the session, ~~ sends a tilde; both at the beginning of a line.");
    if (typed.command == EscapeReader::Command::end) {
      exit_code_ = kLost;
      co_return co_await end_session();
    }
  }
}

// A command of AWS's agent runs without input: what comes all the same must not vanish in silence.
awaitable<void> SessionClient::feed_without_channel() {
  if (input_.is_terminal()) co_return;
  auto bytes = co_await input_.read();
  if (bytes.empty()) co_return;
  failure_ = Error{Errc::unsupported,
                   "standard input has data, but commands of amazon-ssm-agent have no input; the command was "
                   "ended. Use -n (or </dev/null), or install fumidai-agent there."};
  co_await end_session();
}

awaitable<void> SessionClient::send_size() {
  auto size = terminal_size();
  if (!size) co_return;
  auto text = wire::to_json_text(*size);
  co_await link_.send(PayloadType::size, as_bytes(text));
}

awaitable<void> SessionClient::watch_size() {
  asio::signal_set changes(executor_, SIGWINCH);
  for (;;) {
    auto [error, number] = co_await changes.async_wait(as_tuple(use_awaitable));
    if (error) co_return;
    co_await send_size();
  }
}

// Signals that somebody sends us are meant for the command; a session with a terminal gets them as
// characters.
awaitable<void> SessionClient::watch_signals() {
  asio::signal_set signals(executor_, SIGINT, SIGTERM, SIGHUP);
  signals.add(SIGQUIT);
  for (;;) {
    auto [error, number] = co_await signals.async_wait(as_tuple(use_awaitable));
    if (error) co_return;
    bool as_character = !is_native_ && options_.is_command && (number == SIGINT || number == SIGQUIT);
    if (options_.is_command && is_native_ && number != SIGHUP) {
      auto flag = wire::encode_flag(wire::flag::signal_base + static_cast<std::uint32_t>(number));
      co_await link_.send(PayloadType::flag, flag);
    } else if (as_character || (!options_.is_command && number == SIGINT)) {
      Bytes character{static_cast<std::uint8_t>(number == SIGINT ? 0x03 : 0x1c)};
      co_await link_.send(PayloadType::output, character);
    } else {
      exit_code_ = 128 + number;
      co_return co_await end_session();
    }
  }
}

awaitable<void> SessionClient::watch_patience() {
  for (;;) {
    co_await io::sleep_for(500ms);
    bool waits_in_vain = options_.is_command && lost_at_ != io::SteadyTime::max() &&
                         io::SteadyClock::now() - lost_at_ > kCommandPatience;
    if (!waits_in_vain) continue;
    failure_ = Error{Errc::unavailable,
                     "the session was lost and did not come back within " + in_words(kCommandPatience)};
    co_return co_await end_session();
  }
}

awaitable<void> SessionClient::end_session() {
  co_await io::within(3s, terminate_());
  link_.close();
}

std::string join_words(std::vector<std::string> const& words) {
  std::string line;
  for (auto const& word : words) {
    line += line.empty() ? "" : " ";
    bool plain = !word.empty() &&
                 word.find_first_not_of(
                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+") == word.npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace fumidai::client
