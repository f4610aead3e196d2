#include "wire/agent_message.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace fumidai::wire {

namespace {

constexpr std::size_t kTypeAt = 4, kTypeLength = 32, kSchemaAt = 36, kCreatedAt = 40, kSequenceAt = 48,
                      kFlagsAt = 56, kIdAt = 64, kDigestAt = 80, kPayloadTypeAt = 112, kPayloadLengthAt = 116;

// AWS's programs pad with blanks and strip NULs as well as blanks.
std::string_view stripped(std::string_view type) {
  auto is_padding = [](char c) { return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!type.empty() && is_padding(type.front())) type.remove_prefix(1);
  while (!type.empty() && is_padding(type.back())) type.remove_suffix(1);
  return type;
}

}  // namespace

Result<AgentMessage> AgentMessage::parse(ByteView bytes) {
  if (bytes.size() < kPayloadOffset) {
    return Error{Errc::malformed,
                 "a message of " + std::to_string(bytes.size()) + " bytes; the header alone has 120"};
  }
  auto header_length = read_u32(bytes.data());
  if (header_length != kHeaderLength) {
    return Error{Errc::malformed,
                 "a message whose header says " + std::to_string(header_length) + " bytes instead of 116"};
  }
  AgentMessage message;
  message.type = stripped(as_text(bytes.subspan(kTypeAt, kTypeLength)));
  if (message.type.empty()) return Error{Errc::malformed, "a message without a type"};
  message.schema_version = read_u32(&bytes[kSchemaAt]);
  message.created_ms = read_u64(&bytes[kCreatedAt]);
  // Publication messages are sent without a date by some services, and no receiver looks.
  bool needs_date =
      message.type != message_type::start_publication && message.type != message_type::pause_publication;
  if (message.created_ms == 0 && needs_date)
    return Error{Errc::malformed, "a message without a creation date"};
  message.sequence = static_cast<std::int64_t>(read_u64(&bytes[kSequenceAt]));
  message.flags = read_u64(&bytes[kFlagsAt]);
  // The halves of the UUID stand in the wrong order: the last eight bytes of its text come first.
  std::copy_n(&bytes[kIdAt], 8, message.id.bytes.begin() + 8);
  std::copy_n(&bytes[kIdAt + 8], 8, message.id.bytes.begin());
  std::copy_n(&bytes[kDigestAt], message.digest.size(), message.digest.begin());
  message.payload_type = static_cast<PayloadType>(read_u32(&bytes[kPayloadTypeAt]));
  // The length field does not delimit: the payload is what follows, to the end of the WebSocket message.
  message.payload = bytes.subspan(kPayloadOffset);
  return message;
}

void AgentMessage::encode_header(MutableByteView out) const {
  assert(out.size() >= kPayloadOffset && type.size() <= kTypeLength && created_ms != 0);
  auto* at = out.data();
  write_u32(at, kHeaderLength);
  std::memset(at + kTypeAt, ' ', kTypeLength);
  std::copy(type.begin(), type.end(), at + kTypeAt);
  write_u32(at + kSchemaAt, schema_version);
  write_u64(at + kCreatedAt, created_ms);
  write_u64(at + kSequenceAt, static_cast<std::uint64_t>(sequence));
  write_u64(at + kFlagsAt, flags);
  auto uuid = id == Uuid() ? Uuid::random() : id;
  std::copy_n(uuid.bytes.begin() + 8, 8, at + kIdAt);
  std::copy_n(uuid.bytes.begin(), 8, at + kIdAt + 8);
  auto computed = is_digested ? sha256(payload) : Digest{};
  std::copy(computed.begin(), computed.end(), at + kDigestAt);
  write_u32(at + kPayloadTypeAt, static_cast<std::uint32_t>(payload_type));
  write_u32(at + kPayloadLengthAt, static_cast<std::uint32_t>(payload.size()));
}

void AgentMessage::encode_to(MutableByteView out) const {
  assert(out.size() >= encoded_size());
  encode_header(out);
  if (!payload.empty()) std::memmove(out.data() + kPayloadOffset, payload.data(), payload.size());
}

Bytes AgentMessage::encode() const {
  Bytes bytes;
  bytes.reserve(encoded_size());  // and not filled with zeros before
  bytes.resize(kPayloadOffset);
  encode_header(bytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Bytes make_message(std::string_view type, std::string_view payload, Time now, std::uint64_t flags) {
  AgentMessage message;
  message.type = type;
  message.created_ms = static_cast<std::uint64_t>(to_millis(now));
  message.flags = flags;
  message.payload = as_bytes(payload);
  return message.encode();
}

}  // namespace fumidai::wire
