#pragma once

// The JSON that control and data channels carry (docs/wire/session-manager.md, "Messages"). AWS's names,
// AWS's shapes.

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/json_shape.h"

namespace fumidai::wire {

// The first message on a control channel: a TEXT frame from the agent.
struct OpenControlChannel {
  std::string message_schema_version = "1.0";
  std::string request_id;
  Secret token_value;
  std::string agent_version;
  std::string platform_type;
  std::optional<std::string> serves_endpoint;  // ours: the connect endpoint whose tunnels this agent carries
  std::optional<std::string> process;          // ours: another one after each start of the agent
};
BOOST_DESCRIBE_STRUCT(OpenControlChannel, (),
                      (message_schema_version, request_id, token_value, agent_version, platform_type,
                       serves_endpoint, process))

// agent of ours -> service, control channel: which sessions have a process on its host.
struct HostSessions {
  std::vector<std::string> sessions;
};
BOOST_DESCRIBE_STRUCT(HostSessions, (), (sessions))

// The first message on a data channel: a TEXT frame from either end. Only agents say client_instance_id.
struct OpenDataChannel {
  std::string message_schema_version = "1.0";
  std::string request_id;
  Secret token_value;
  std::optional<std::string> client_instance_id;
  std::string client_id;
  std::optional<std::string> client_version;
};
BOOST_DESCRIBE_STRUCT(OpenDataChannel, (),
                      (message_schema_version, request_id, token_value, client_instance_id, client_id,
                       client_version))

struct Acknowledge {
  std::string acknowledged_message_type;
  std::string acknowledged_message_id;
  std::int64_t acknowledged_message_sequence_number = -1;  // none, which acknowledges nothing
  bool is_sequential_message = true;
  std::optional<bool> covers_all_before;  // of ours, after WideWindow: all with lower numbers have come, too
};
BOOST_DESCRIBE_STRUCT(Acknowledge, (),
                      (acknowledged_message_type, acknowledged_message_id,
                       acknowledged_message_sequence_number, is_sequential_message, covers_all_before))

// service -> agent, control channel. `content` is an InteractiveShellContent as JSON text.
struct InteractiveShell {
  std::string content;
  std::string task_id;
  std::string topic = "aws.ssm.startSession";
  std::int64_t schema_version = 1;
};
BOOST_DESCRIBE_STRUCT(InteractiveShell, (), (content, task_id, topic, schema_version))

struct InteractiveShellContent {
  std::string document_name;
  json::object document_content;
  std::string session_id;
  json::object parameters;  // String parameters unwrapped from their one-element lists
  std::string run_as_user;
  std::string session_owner;
};
BOOST_DESCRIBE_STRUCT(InteractiveShellContent, (),
                      (document_name, document_content, session_id, parameters, run_as_user, session_owner))

// service -> agent and client.
struct ChannelClosed {
  std::string message_type = "channel_closed";
  std::string message_id;
  std::string destination_id;
  std::string session_id;
  std::int64_t schema_version = 1;
  std::string created_date;
  std::string output;
};
BOOST_DESCRIBE_STRUCT(ChannelClosed, (),
                      (message_type, message_id, destination_id, session_id, schema_version, created_date,
                       output))

// service -> client or agent of ours.
struct SessionNotice {
  std::string text;
  bool agent_connected = true;
};
BOOST_DESCRIBE_STRUCT(SessionNotice, (), (text, agent_connected))

// agent -> service, data channel; not forwarded.
struct AgentSessionState {
  std::int64_t schema_version = 1;
  std::string session_state;  // Connected, Terminating
  std::string session_id;
};
BOOST_DESCRIBE_STRUCT(AgentSessionState, (), (schema_version, session_state, session_id))

// agent -> service, control channel: how a session ended. Repeated until acknowledged.
struct AgentTaskComplete {
  std::int64_t schema_version = 1;
  std::string task_id;  // the session's id
  std::string topic = "agent_task_complete";
  std::string final_task_status;  // Success, Failed, Cancelled, TimedOut
  bool is_routing_failure = false;
  std::string aws_account_id;
  std::string instance_id;
  std::string output;
  std::string s3_bucket, s3_url_suffix, cwl_group, cwl_stream;
  std::int64_t retry_number = 1;
};
BOOST_DESCRIBE_STRUCT(AgentTaskComplete, (),
                      (schema_version, task_id, topic, final_task_status, is_routing_failure, aws_account_id,
                       instance_id, output, s3_bucket, s3_url_suffix, cwl_group, cwl_stream, retry_number))

// service -> agent.
struct AgentTaskAcknowledge {
  std::int64_t schema_version = 1;
  std::string message_id;
  std::string task_id;
  std::string topic = "agent_task_complete";
};
BOOST_DESCRIBE_STRUCT(AgentTaskAcknowledge, (), (schema_version, message_id, task_id, topic))

// Handshake: agent -> client.
struct RequestedClientAction {
  std::string action_type;
  json::value action_parameters;
};
BOOST_DESCRIBE_STRUCT(RequestedClientAction, (), (action_type, action_parameters))

struct HandshakeRequest {
  std::string agent_version;
  std::vector<RequestedClientAction> requested_client_actions;

  RequestedClientAction const* find(std::string_view action_type) const;
};
BOOST_DESCRIBE_STRUCT(HandshakeRequest, (), (agent_version, requested_client_actions))

// Handshake: client -> agent.
struct ProcessedClientAction {
  static constexpr std::int64_t kSuccess = 1, kFailed = 2, kUnsupported = 3;

  std::string action_type;
  std::int64_t action_status = 0;
  json::value action_result;
  std::string error;
};
BOOST_DESCRIBE_STRUCT(ProcessedClientAction, (), (action_type, action_status, action_result, error))

struct HandshakeResponse {
  std::string client_version;
  std::vector<ProcessedClientAction> processed_client_actions;
  std::vector<std::string> errors;

  bool succeeded(std::string_view action_type) const;
};
BOOST_DESCRIBE_STRUCT(HandshakeResponse, (), (client_version, processed_client_actions, errors))

// Handshake: agent -> client, the end.
struct HandshakeComplete {
  std::int64_t handshake_time_to_complete = 0;  // nanoseconds
  std::string customer_message;
};
BOOST_DESCRIBE_STRUCT(HandshakeComplete, (), (handshake_time_to_complete, customer_message))

struct TerminalSize {
  std::int64_t cols = 0, rows = 0;
  static constexpr Rename kNames[] = {{"cols", "cols"}, {"rows", "rows"}};
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (cols, rows))

// Handshake actions. Peers that do not know an action answer that it is unsupported; four are ours. After
// NativeStream both ends speak the flags below and end a shell with its exit code. The others are for
// tunnels: after NoDigests both leave the digests of their stream messages empty, the agent at once, the
// client when the handshake is complete; after LargeMessages theirs are twice as long; after WideWindow both
// may have more under way when it flows, and acknowledge several messages by one.
namespace action {
inline constexpr std::string_view session_type = "SessionType";
inline constexpr std::string_view kms_encryption = "KMSEncryption";
inline constexpr std::string_view native_stream = "FumidaiNativeStream";
inline constexpr std::string_view no_digests = "FumidaiNoDigests";
inline constexpr std::string_view large_messages = "FumidaiLargeMessages";
inline constexpr std::string_view wide_window = "FumidaiWideWindow";
}  // namespace action

// Payload of PayloadType::flag, a big-endian 32-bit number. The first three are AWS's; ours are spoken only
// after NativeStream was agreed.
namespace flag {
inline constexpr std::uint32_t disconnect_to_port = 1;
inline constexpr std::uint32_t terminate_session = 2;
inline constexpr std::uint32_t connect_to_port_error = 3;
inline constexpr std::uint32_t end_of_input = 0x46550001;
inline constexpr std::uint32_t signal_base = 0x46550100;  // plus the signal's number on Linux
}  // namespace flag

// Of clients of ours, as AWS's programs compare versions: above all from which on agents expect what we do.
inline constexpr char const* kNativeClientVersion = "1.2.9000.1";

Bytes encode_flag(std::uint32_t value);
Result<std::uint32_t> parse_flag(ByteView payload);

// "EXIT_CODE: 3", the payload of PayloadType::exit_code.
std::string exit_code_text(int status);
Result<int> parse_exit_code(std::string_view text);

// Versions as the AWS programs compare them: component by component. Anything but four numbers is "old".
bool version_is_above(std::string_view version, std::string_view floor);
// An end of ours has 9000 in the third place, which no program of AWS has.
bool is_version_of_ours(std::string_view version);

}  // namespace fumidai::wire
