#include "agent/session_worker.h"

#include <signal.h>
#include <unistd.h>

#include "agent/platform.h"
#include "base/log.h"

namespace fumidai::agent {

using namespace std::chrono_literals;
using wire::PayloadType;
namespace message_type = wire::message_type;
namespace json = boost::json;

namespace {

// A peer that is unknown gets what AWS's programs send; AWS's own plugin takes far more than it sends.
constexpr std::size_t kStockPayload = 16 * 1024, kNativePayload = 32 * 1024;
// Sizes come right after the handshake: a shell that starts with the right one need not draw its first line
// twice.
constexpr auto kFirstSize = 300ms;
// A plane that is away for so long has forgotten the session; a shell that nobody will reach again must not
// stay.
constexpr auto kMostOutage = 1h;
// What a peer still has to acknowledge when all is said. AWS's agent waits as long.
// A client of ours may be slow, or away: the plane's limit for idle sessions comes first.
constexpr std::chrono::seconds kStockDrain = 2s, kNativeDrain = 1h;

std::optional<wire::TerminalSize> parse_size(ByteView payload) {
  auto size = wire::from_json_text<wire::TerminalSize>(as_text(payload));
  bool usable = size && size->cols > 0 && size->rows > 0 && size->cols < 10'000 && size->rows < 10'000;
  return usable ? std::optional(*size) : std::nullopt;
}

}  // namespace

SessionWorker::SessionWorker(asio::any_io_executor executor, PlaneClient plane,
                             wire::InteractiveShellContent content)
    : executor_(executor),
      content_(std::move(content)),
      channel_(std::move(plane), content_.session_id),
      link_(
          executor,
          {.channel = {.is_agent = true}, .ping_every = 54s, .dead_after = 120s, .most_outage = kMostOutage},
          channel_.clock(), [this] { return channel_.connect(); },
          [this](wire::AgentMessage const& message) { on_control(message); }) {}

void SessionWorker::on_control(wire::AgentMessage const& message) {
  if (message.type == message_type::channel_closed) stop();
}

void SessionWorker::stop() {
  stopping_ = true;
  if (process_ != nullptr) {
    process_->hang_up();
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
  co_await channel_.say_goodbye(link_);
  link_.close();
  co_await group.join();
  if (!verdict && !stopping_) co_return SessionResult{"Failed", verdict.error().detail};
  co_return SessionResult{};
}

awaitable<Result<void>> SessionWorker::converse() {
  CO_TRY(auto order, parse_order(content_));
  bool as_root = order.run_as_root && ::geteuid() == 0;
  CO_TRY(login_, log_in(content_.run_as_user, as_root ? "root" : channel_.plane().identity().session_user));
  login_.environment.push_back("FUMIDAI_INSTANCE_ID=" + channel_.plane().identity().instance_id);
  login_.environment.push_back("FUMIDAI_SESSION_ID=" + content_.session_id);
  CO_CHECK(co_await shake_hands(order.type));
  if (order.kind == SessionOrder::Kind::command) co_return co_await run_command(order);
  co_return co_await run_terminal(order);
}

awaitable<Result<void>> SessionWorker::shake_hands(std::string const& session_type) {
  auto begun = io::SteadyClock::now();
  auto request = handshake_request(session_type);
  CO_CHECK(co_await link_.send(PayloadType::handshake_request, request));
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

awaitable<Result<void>> SessionWorker::run_terminal(SessionOrder const& order) {
  wire::TerminalSize size{80, 24};
  if (!early_) {
    CO_TRY(early_, co_await link_.receive_until(io::SteadyClock::now() + kFirstSize));
  }
  if (early_ && early_->type == PayloadType::size) {
    size = parse_size(early_->payload).value_or(size);
    early_.reset();
  }
  // The dash makes a login shell.
  std::vector<std::string> arguments{"-" + login_.shell.substr(login_.shell.rfind('/') + 1)};
  if (!order.commands.empty()) arguments.insert(arguments.end(), {"-c", order.commands});
  CO_TRY(auto process, SessionProcess::on_terminal(executor_, login_, std::move(arguments), size));
  auto code = co_await attend(*process);
  if (peer_.is_native) co_await tell_exit_code(code);
  co_return success();
}

awaitable<Result<void>> SessionWorker::run_command(SessionOrder const& order) {
  bool tells_exit_code = order.separate_outputs || peer_.is_native;
  auto process = SessionProcess::on_pipes(executor_, login_, order.commands, order.separate_outputs);
  if (!process) {
    auto text = process.error().detail + "\n";
    auto stream = order.separate_outputs ? PayloadType::std_err : PayloadType::output;
    CO_CHECK(co_await link_.send(stream, as_bytes(text)));
    if (tells_exit_code) co_await tell_exit_code(127);
    co_return peer_.is_native ? success() : Result<void>(process.error());
  }
  (*process)->set_prefixes(order.output_prefix, order.error_prefix);
  // AWS's clients have no way to end an input, so there is none.
  if (!peer_.is_native) (*process)->end_input();
  auto code = co_await attend(**process);
  if (tells_exit_code) co_await tell_exit_code(code);
  co_return success();
}

// Both directions, until the process is gone.
awaitable<int> SessionWorker::attend(SessionProcess& process) {
  process_ = &process;
  if (on_process) on_process(process.id());
  if (stopping_) process.hang_up();
  io::TaskGroup feeder(executor_, "input");
  feeder.spawn(feed(process));
  auto code = co_await process.run(link_, peer_.most_payload);
  process_ = nullptr;
  feeder.cancel();
  co_await feeder.join();
  co_return code;
}

awaitable<void> SessionWorker::feed(SessionProcess& process) {
  bool takes_input = process.has_terminal() || peer_.is_native;
  for (;;) {
    wire::DataChannel::Delivery delivery;
    if (early_) {
      delivery = *std::exchange(early_, std::nullopt);
    } else {
      auto next = co_await link_.receive();
      if (!next) co_return process.hang_up();
      delivery = std::move(*next);
    }
    if (delivery.type == PayloadType::flag) {
      on_flag(process, delivery.payload);
    } else if (delivery.type == PayloadType::size && process.has_terminal()) {
      if (auto size = parse_size(delivery.payload)) process.resize(*size);
    } else if (delivery.type == PayloadType::output && takes_input) {
      co_await process.write(delivery.payload);
    } else if (delivery.type == PayloadType::output && delivery.payload.size() == 1) {
      // What a stock client makes of Ctrl-C and Ctrl-\, and all that it can say to a command.
      if (delivery.payload[0] == 0x03) process.signal(SIGINT);
      if (delivery.payload[0] == 0x1c) process.signal(SIGQUIT);
    }
  }
}

void SessionWorker::on_flag(SessionProcess& process, ByteView payload) {
  auto flag = wire::parse_flag(payload);
  if (!flag) return;
  if (*flag == wire::flag::terminate_session) return stop();
  if (*flag == wire::flag::end_of_input) return process.end_input();
  auto number = static_cast<std::int64_t>(*flag) - wire::flag::signal_base;
  if (number > 0 && number < NSIG) process.signal(static_cast<int>(number));
}

awaitable<void> SessionWorker::tell_exit_code(int code) {
  auto text = wire::exit_code_text(code);
  co_await link_.send(PayloadType::exit_code, as_bytes(text));
}

}  // namespace fumidai::agent
