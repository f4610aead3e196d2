#include "doors/manager/control_channel.h"

#include "base/bytes.h"
#include "base/log.h"
#include "wire/agent_message.h"
#include "wire/session_payloads.h"

namespace fumidai::doors::manager {

using namespace std::chrono_literals;
namespace message_type = wire::message_type;

namespace {

// Agents ping every 54 s; whoever was silent for three of those is gone.
constexpr auto kSilence = 3min;
// Orders that an agent does not take: 1,000 sessions started at once need some 1.5 MB.
constexpr std::size_t kMostOutbox = 4 * 1024 * 1024;

}  // namespace

ControlChannel::ControlChannel(InstanceId instance, std::shared_ptr<io::WebSocket> socket,
                               sessions::Registry& registry, io::TaskGroup& writers, Clock const& clock,
                               std::string process)
    : instance_(std::move(instance)),
      socket_(std::move(socket)),
      registry_(registry),
      writers_(writers),
      clock_(clock),
      process_(std::move(process)) {}

awaitable<std::string> ControlChannel::read_until_closed() {
  socket_->end_after_silence_of(kSilence);
  for (;;) {
    auto message = co_await socket_->read();
    if (!message) co_return closed_why_.empty() ? message.error().detail : closed_why_;
    auto verdict = on_message(message->payload);
    if (verdict) continue;
    co_await socket_->close(wire::close_code::policy_violation, verdict.error().detail);
    co_return verdict.error().detail;
  }
}

Result<void> ControlChannel::on_message(ByteView bytes) {
  TRY(auto message, wire::AgentMessage::parse(bytes));
  if (message.type == message_type::agent_task_complete) {
    TRY(auto completion, wire::from_json_text<wire::AgentTaskComplete>(as_text(message.payload)));
    // Answered whatever we make of it: an agent repeats it until then.
    wire::AgentTaskAcknowledge answer;
    answer.message_id = message.id.text();
    answer.task_id = completion.task_id;
    send(wire::make_message(message_type::agent_task_acknowledge, wire::to_json_text(answer), clock_.now()));
    registry_.on_task_complete(instance_, completion);
    return success();
  }
  if (message.type == message_type::host_sessions) {
    TRY(auto said, wire::from_json_text<wire::HostSessions>(as_text(message.payload)));
    registry_.on_host_sessions(instance_, said.sessions);
    return success();
  }
  if (message.type == message_type::drain) {
    log_info("an agent drains", {{"instance", instance_.text()}});
    registry_.carriers().drains(instance_);
    return success();
  }
  // Telemetry, results of commands that we never sent, and what agents of the future may say.
  log_debug("control message passed over", {{"instance", instance_.text()}, {"type", message.type}});
  return success();
}

void ControlChannel::send(Bytes message) {
  if (outbox_bytes_ + message.size() > kMostOutbox)
    return close(wire::close_code::policy_violation, "the agent does not take its messages");
  outbox_bytes_ += message.size();
  outbox_.push_back(std::move(message));
  if (is_writing_) return;
  is_writing_ = true;
  writers_.spawn(write_outbox());
}

awaitable<void> ControlChannel::write_outbox() {
  auto self = shared_from_this();
  while (!outbox_.empty()) {
    auto message = std::move(outbox_.front());
    outbox_.pop_front();
    outbox_bytes_ -= message.size();
    auto written = co_await socket_->write(wire::Opcode::binary, message);
    if (!written) break;
  }
  is_writing_ = false;
}

void ControlChannel::close(std::uint16_t code, std::string why) {
  if (!closed_why_.empty()) return;
  closed_why_ = std::move(why);
  writers_.spawn(leave(code));
}

awaitable<void> ControlChannel::leave(std::uint16_t code) {
  auto self = shared_from_this();
  co_await socket_->close(code, closed_why_);
}

}  // namespace fumidai::doors::manager
