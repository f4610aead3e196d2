#pragma once

// SHA-256 and what is built on it. Pure; never fails but by running out of memory.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace fumidai {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView bytes);
inline Digest sha256(std::string_view text) {
  return sha256(as_bytes(text));
}
std::string sha256_hex(std::string_view text);

Digest hmac_sha256(ByteView key, ByteView message);
inline Digest hmac_sha256(ByteView key, std::string_view message) {
  return hmac_sha256(key, as_bytes(message));
}

// RFC 5869 with SHA-256: a key of `length` bytes for one purpose, from a secret with full entropy.
Secret derive_key(Secret const& master, std::string_view purpose, std::size_t length = 32);

// SHA-1, which the WebSocket handshake prescribes (RFC 6455 section 4.2.2) and nothing else uses.
std::array<std::uint8_t, 20> sha1_for_websocket(std::string_view text);

}  // namespace fumidai
