// A frame from a stranger: reading it must not crash, what was read is written and read again unchanged, and
// so is the payload that its type promises.

#include "input.h"
#include "wire/agent_message.h"
#include "wire/session_payloads.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

void require_same(AgentMessage const& a, AgentMessage const& b) {
  require(a.type == b.type && a.schema_version == b.schema_version && a.created_ms == b.created_ms);
  require(a.sequence == b.sequence && a.flags == b.flags && a.payload_type == b.payload_type);
  require(as_text(a.payload) == as_text(b.payload));
  if (a.id != Uuid()) require(a.id == b.id);
}

template <Shape T>
void read_payload(AgentMessage const& message) {
  auto shape = from_json_text<T>(as_text(message.payload));
  if (!shape) return;
  auto text = to_json_text(*shape);
  auto again = from_json_text<T>(text);
  require(again && to_json_text(*again) == text);
}

// Actions carry JSON of any kind, and a fraction may lose its last digit on the way: only names are compared.
void read_handshake(AgentMessage const& message) {
  auto text = as_text(message.payload);
  if (auto request = from_json_text<HandshakeRequest>(text)) {
    auto again = from_json_text<HandshakeRequest>(to_json_text(*request));
    require(again && again->requested_client_actions.size() == request->requested_client_actions.size());
    for (auto const& action : request->requested_client_actions) require(again->find(action.action_type));
  }
  if (auto response = from_json_text<HandshakeResponse>(text)) {
    auto again = from_json_text<HandshakeResponse>(to_json_text(*response));
    require(again && again->succeeded(action::native_stream) == response->succeeded(action::native_stream));
  }
}

void read_numbers(AgentMessage const& message) {
  if (auto flag = parse_flag(message.payload)) require(encode_flag(*flag) == to_bytes(message.payload));
  if (auto status = parse_exit_code(as_text(message.payload)))
    require(parse_exit_code(exit_code_text(*status)).value() == *status);
  is_version_of_ours(as_text(message.payload));
  require(!version_is_above(as_text(message.payload), as_text(message.payload)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto message = AgentMessage::parse({data, size});
  if (!message) {
    require(!message.error().detail.empty());
    return 0;
  }
  // Publication messages may lack a date; nobody writes such a one.
  if (message->created_ms != 0) {
    auto bytes = message->encode();
    auto again = AgentMessage::parse(bytes);
    require(again && again->has_right_digest());
    require_same(*message, *again);
    require(again->encode() == bytes);
  }
  read_payload<Acknowledge>(*message);
  read_payload<InteractiveShell>(*message);
  read_payload<ChannelClosed>(*message);
  read_payload<SessionNotice>(*message);
  read_payload<AgentSessionState>(*message);
  read_payload<AgentTaskComplete>(*message);
  read_payload<AgentTaskAcknowledge>(*message);
  read_payload<HostSessions>(*message);
  read_payload<HandshakeComplete>(*message);
  read_payload<TerminalSize>(*message);
  read_handshake(*message);
  read_numbers(*message);
  return 0;
}
