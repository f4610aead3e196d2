#pragma once

// WebSocket framing (RFC 6455) without a socket: no extensions, no subprotocols. The bytes of both
// directions, as the AWS programs use them: whole messages up to a limit, fragments put together, control
// frames between them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace fumidai::wire {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Clients mask what they send, servers do not (section 5.1).
enum class Side { client, server };

struct FrameHeader {
  static constexpr std::size_t kMostBytes = 14;

  bool fin = true;
  Opcode opcode = Opcode::binary;
  bool masked = false;
  std::uint32_t mask = 0;
  std::uint64_t length = 0;
  std::size_t bytes = 0;  // of the header itself

  // The header at the start of `bytes`; nothing while it is incomplete.
  static Result<std::optional<FrameHeader>> parse(ByteView bytes);
  // Writes the header to `out`, which has room for kMostBytes, and returns its length.
  std::size_t write(std::uint8_t* out) const;
};

// XORs `bytes` with the mask, of which `offset` bytes were used already.
void apply_mask(MutableByteView bytes, std::uint32_t mask, std::size_t offset = 0);

struct WebSocketMessage {
  Opcode opcode;  // never continuation
  ByteView payload;
};

// One whole frame: header, masking (with a fresh random mask on the client's side) and payload.
Bytes encode_frame(Side from, Opcode opcode, ByteView payload);
void append_frame(Bytes& out, Side from, Opcode opcode, ByteView payload);

// Turns a byte stream into messages. Read into prepare(), tell commit() how much came, take messages until
// there are none. A message stays valid until the next call of next() or prepare().
class WebSocketReader {
 public:
  // `side` is ours: a server demands masks, a client refuses them. Messages over `most` bytes are an error.
  WebSocketReader(Side side, std::size_t most) : side_(side), most_(most) {}

  MutableByteView prepare(std::size_t wanted);
  void commit(std::size_t count);
  void feed(ByteView bytes);

  Result<std::optional<WebSocketMessage>> next();

  // Gives memory back when nothing is pending; an idle connection then holds none.
  void release_memory();
  bool holds_memory() const { return !input_.empty(); }

 private:
  Result<void> check(FrameHeader const& header) const;
  std::size_t lacking() const;

  Side side_;
  std::size_t most_;
  Bytes input_;  // raw bytes; [begin_, end_) are not yet used
  std::size_t begin_ = 0, end_ = 0;
  Bytes assembled_;  // the fragments of a message so far
  std::optional<Opcode> fragmented_;
};

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2).
std::string websocket_accept(std::string_view key);
std::string random_websocket_key();

// Why a channel is closed (RFC 6455 section 7.4; 4000 and above are for private use).
namespace close_code {
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t replaced = 4001;  // a newer connection of the same peer is the one that counts
}  // namespace close_code

// The payload of a close frame: code and reason, both optional.
struct CloseReason {
  std::uint16_t code = 1005;
  std::string text;
};
CloseReason parse_close(ByteView payload);
Bytes encode_close(std::uint16_t code, std::string_view reason);

}  // namespace fumidai::wire
