#pragma once

// AgentMessage: the binary frame of control and data channels (docs/wire/session-manager.md, "Frame"). AWS's
// agent calls it AgentMessage, its plugin ClientMessage; the bytes are the same.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/uuid.h"

namespace fumidai::wire {

namespace message_type {
inline constexpr std::string_view interactive_shell = "interactive_shell";
inline constexpr std::string_view channel_closed = "channel_closed";
inline constexpr std::string_view agent_job = "agent_job";
inline constexpr std::string_view agent_task_complete = "agent_task_complete";
inline constexpr std::string_view agent_task_acknowledge = "agent_task_acknowledge";
inline constexpr std::string_view agent_session_state = "agent_session_state";
inline constexpr std::string_view input_stream_data = "input_stream_data";
inline constexpr std::string_view output_stream_data = "output_stream_data";
inline constexpr std::string_view acknowledge = "acknowledge";
inline constexpr std::string_view start_publication = "start_publication";
inline constexpr std::string_view pause_publication = "pause_publication";
// Ours, from the plane to clients and agents that are ours: what a person wants to know, or their log.
inline constexpr std::string_view session_notice = "fumidai_session_notice";
// Ours, from the plane to ends that are ours: the other end has a new connection, and what was on its way to
// the old one may be lost.
inline constexpr std::string_view peer_returned = "fumidai_peer_returned";
// Ours, from an agent: which sessions have a process on its host, when its control channel begins.
inline constexpr std::string_view host_sessions = "fumidai_host_sessions";
// Ours, from an agent that serves a connect endpoint: it finishes its tunnels, and takes no more.
inline constexpr std::string_view drain = "fumidai_drain";
}  // namespace message_type

// What the payload of a stream message is. Zero for all other messages.
enum class PayloadType : std::uint32_t {
  none = 0,
  output = 1,
  error = 2,
  size = 3,
  parameter = 4,
  handshake_request = 5,
  handshake_response = 6,
  handshake_complete = 7,
  encryption_challenge_request = 8,
  encryption_challenge_response = 9,
  flag = 10,
  std_err = 11,
  exit_code = 12,
};

// One message. The views point into the bytes that were parsed, or into what the caller encodes.
struct AgentMessage {
  static constexpr std::uint32_t kHeaderLength = 116;
  static constexpr std::size_t kPayloadOffset = 120;
  static constexpr std::uint64_t kSyn = 1, kFin = 2;
  // Of ours, after WideWindow was agreed: its sender wants an acknowledgement of all up to it, now.
  static constexpr std::uint64_t kAcknowledge = 4;

  std::string_view type;
  std::uint32_t schema_version = 1;
  std::uint64_t created_ms = 0;
  std::int64_t sequence = 0;
  std::uint64_t flags = 0;
  Uuid id;
  PayloadType payload_type = PayloadType::none;
  ByteView payload;
  // As the header says; parse() does not compare it with the payload, since AWS's agent does not fill it
  // reliably.
  Digest digest{};
  bool is_digested = true;  // of what is encoded; between ends that agreed on none, false

  bool has_digest() const { return digest != Digest{}; }
  bool has_right_digest() const { return digest == sha256(payload); }
  bool is_stream() const {
    return type == message_type::input_stream_data || type == message_type::output_stream_data;
  }

  // Errors: malformed when shorter than its header, with a header length that is not 116, no type, or no
  // date.
  static Result<AgentMessage> parse(ByteView bytes);

  std::size_t encoded_size() const { return kPayloadOffset + payload.size(); }
  // Writes to `out`, which has room for encoded_size(). The digest is computed, an absent id is drawn.
  void encode_to(MutableByteView out) const;
  Bytes encode() const;

 private:
  void encode_header(MutableByteView out) const;
};

// A message of the service or of an end, ready to send: fresh id, created now.
Bytes make_message(std::string_view type, std::string_view payload, Time now, std::uint64_t flags = 0);

}  // namespace fumidai::wire
