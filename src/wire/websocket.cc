#include "wire/websocket.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/digest.h"
#include "base/random.h"

namespace fumidai::wire {

namespace {

constexpr std::size_t kMostControlPayload = 125;  // section 5.5
constexpr std::size_t kMaskedAtOnce = 8 * 1024;   // a multiple of the mask's four bytes

bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 8) != 0;
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

Error violation(std::string detail) {
  return {Errc::malformed, "WebSocket: " + std::move(detail)};
}

}  // namespace

Result<std::optional<FrameHeader>> FrameHeader::parse(ByteView bytes) {
  if (bytes.size() < 2) return std::optional<FrameHeader>();
  auto first = bytes[0], second = bytes[1];
  if ((first & 0x70) != 0) return violation("reserved bits are set, no extension was negotiated");
  if (!is_known(first & 15)) return violation("unknown opcode " + std::to_string(first & 15));
  FrameHeader header;
  header.fin = (first & 0x80) != 0;
  header.opcode = static_cast<Opcode>(first & 15);
  header.masked = (second & 0x80) != 0;
  auto short_length = static_cast<std::uint8_t>(second & 0x7f);
  std::size_t extra = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  header.bytes = 2 + extra + (header.masked ? 4 : 0);
  if (bytes.size() < header.bytes) return std::optional<FrameHeader>();
  header.length = extra == 2 ? read_u16(&bytes[2]) : extra == 8 ? read_u64(&bytes[2]) : short_length;
  if (header.length >> 63 != 0) return violation("a length with the highest bit set");
  if (header.masked) header.mask = read_u32(&bytes[2 + extra]);
  return std::optional(header);
}

std::size_t FrameHeader::write(std::uint8_t* out) const {
  std::size_t at = 2;
  out[0] = static_cast<std::uint8_t>((fin ? 0x80 : 0) | static_cast<std::uint8_t>(opcode));
  if (length < 126) {
    out[1] = static_cast<std::uint8_t>(length);
  } else if (length <= 0xffff) {
    out[1] = 126;
    write_u16(out + 2, static_cast<std::uint16_t>(length));
    at += 2;
  } else {
    out[1] = 127;
    write_u64(out + 2, length);
    at += 8;
  }
  if (masked) {
    out[1] |= 0x80;
    write_u32(out + at, mask);
    at += 4;
  }
  return at;
}

void apply_mask(MutableByteView bytes, std::uint32_t mask, std::size_t offset) {
  std::uint8_t key[8];
  for (std::size_t i = 0; i < 8; i++)
    key[i] = static_cast<std::uint8_t>(mask >> (24 - 8 * ((i + offset) % 4)));
  std::uint64_t wide;
  std::memcpy(&wide, key, 8);
  std::size_t i = 0;
  for (; i + 32 <= bytes.size(); i += 32) {  // four at once: the compiler makes vectors of them
    std::uint64_t words[4];
    std::memcpy(words, &bytes[i], 32);
    for (auto& word : words) word ^= wide;
    std::memcpy(&bytes[i], words, 32);
  }
  for (; i < bytes.size(); i++) bytes[i] ^= key[i % 8];
}

void append_frame(Bytes& out, Side from, Opcode opcode, ByteView payload) {
  FrameHeader header{.opcode = opcode, .masked = from == Side::client, .length = payload.size()};
  if (header.masked) {
    std::uint8_t mask[4];
    fill_random(mask);
    header.mask = read_u32(mask);
  }
  std::uint8_t head[FrameHeader::kMostBytes];
  auto size = header.write(head);
  out.insert(out.end(), head, head + size);
  auto start = out.size();
  if (!header.masked) {
    out.insert(out.end(), payload.begin(), payload.end());
    return;
  }
  // Piece by piece, so that what is masked is still near.
  for (std::size_t at = 0; at < payload.size(); at += kMaskedAtOnce) {
    auto piece = payload.subspan(at, std::min(kMaskedAtOnce, payload.size() - at));
    out.insert(out.end(), piece.begin(), piece.end());
    apply_mask(MutableByteView(out).subspan(start + at), header.mask);
  }
}

Bytes encode_frame(Side from, Opcode opcode, ByteView payload) {
  Bytes frame;
  frame.reserve(FrameHeader::kMostBytes + payload.size());
  append_frame(frame, from, opcode, payload);
  return frame;
}

// Of the frame that has begun, as far as that is known.
std::size_t WebSocketReader::lacking() const {
  auto pending = ByteView(input_).subspan(begin_, end_ - begin_);
  auto header = FrameHeader::parse(pending);
  if (!header || !*header) return 0;
  auto whole = (*header)->bytes + std::min<std::size_t>((*header)->length, most_);
  return whole - std::min(whole, pending.size());
}

MutableByteView WebSocketReader::prepare(std::size_t wanted) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (input_.size() - end_ < wanted && begin_ > 0) {
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin_),
              input_.begin() + static_cast<std::ptrdiff_t>(end_), input_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  // At most one message and what came with it: a frame over `most_` is refused before its payload is read.
  if (input_.size() - end_ < wanted) {
    input_.reserve(end_ + lacking() + wanted);  // once, and not with each piece
    input_.resize(end_ + wanted);
  }
  return MutableByteView(input_).subspan(end_);
}

void WebSocketReader::commit(std::size_t count) {
  end_ += count;
  assert(end_ <= input_.size());
}

void WebSocketReader::feed(ByteView bytes) {
  auto room = prepare(bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  commit(bytes.size());
}

Result<void> WebSocketReader::check(FrameHeader const& header) const {
  if (header.masked != (side_ == Side::server)) {
    return violation(header.masked ? "a masked frame from a server" : "an unmasked frame from a client");
  }
  if (is_control(header.opcode)) {
    if (!header.fin) return violation("a fragmented control frame");
    if (header.length > kMostControlPayload)
      return violation("a control frame of " + std::to_string(header.length) + " bytes");
    return success();
  }
  bool continues = header.opcode == Opcode::continuation;
  if (continues != fragmented_.has_value()) {
    return violation(continues ? "a continuation of nothing" : "a new message inside a fragmented one");
  }
  if (header.length > most_ || assembled_.size() + header.length > most_) {
    return Error{Errc::too_large, "a WebSocket message of more than " + std::to_string(most_) + " bytes"};
  }
  return success();
}

Result<std::optional<WebSocketMessage>> WebSocketReader::next() {
  if (!fragmented_) assembled_.clear();
  for (;;) {
    auto pending = MutableByteView(input_).subspan(begin_, end_ - begin_);
    TRY(auto header, FrameHeader::parse(pending));
    if (!header) return std::optional<WebSocketMessage>();
    CHECK(check(*header));
    if (pending.size() - header->bytes < header->length) return std::optional<WebSocketMessage>();
    auto payload = pending.subspan(header->bytes, header->length);
    begin_ += header->bytes + header->length;
    if (header->masked) apply_mask(payload, header->mask);

    if (is_control(header->opcode)) return std::optional(WebSocketMessage{header->opcode, payload});
    if (header->fin && !fragmented_) return std::optional(WebSocketMessage{header->opcode, payload});
    if (!fragmented_) fragmented_ = header->opcode;
    assembled_.insert(assembled_.end(), payload.begin(), payload.end());
    if (header->fin) {
      WebSocketMessage message{*fragmented_, assembled_};
      fragmented_.reset();
      return std::optional(message);
    }
  }
}

void WebSocketReader::release_memory() {
  if (begin_ == end_) {
    input_ = Bytes();
    begin_ = end_ = 0;
  }
  if (!fragmented_) assembled_ = Bytes();
}

std::string websocket_accept(std::string_view key) {
  return to_base64(sha1_for_websocket(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

std::string random_websocket_key() {
  return to_base64(random_bytes(16));
}

CloseReason parse_close(ByteView payload) {
  CloseReason reason;
  if (payload.size() >= 2) {
    reason.code = read_u16(payload.data());
    reason.text = std::string(as_text(payload.subspan(2)));
  }
  return reason;
}

Bytes encode_close(std::uint16_t code, std::string_view reason) {
  Bytes payload(2);
  write_u16(payload.data(), code);
  auto text = as_bytes(reason.substr(0, kMostControlPayload - 2));
  payload.insert(payload.end(), text.begin(), text.end());
  return payload;
}

}  // namespace fumidai::wire
