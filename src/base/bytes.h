#pragma once

// Views of raw bytes, and the text forms in which bytes travel.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fumidai {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<std::uint8_t const>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
  return {view.begin(), view.end()};
}

// Big-endian integers at the start of `at`, which must be long enough.
std::uint16_t read_u16(std::uint8_t const* at);
std::uint32_t read_u32(std::uint8_t const* at);
std::uint64_t read_u64(std::uint8_t const* at);
void write_u16(std::uint8_t* at, std::uint16_t value);
void write_u32(std::uint8_t* at, std::uint32_t value);
void write_u64(std::uint8_t* at, std::uint64_t value);

std::string to_hex(ByteView bytes);  // lower case
Result<Bytes> from_hex(std::string_view text);

std::string to_base64(ByteView bytes);  // RFC 4648 section 4, padded
Result<Bytes> from_base64(std::string_view text);

// Lower case for ASCII only: header names, host names, action names.
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

// Text from a peer made safe for a log line or a message: control and non-ASCII bytes become \xNN, and what
// is over `most` bytes is cut.
std::string escaped(std::string_view text, std::size_t most = 256);
// Text that people named things with, for their terminal: as it is in every script, but what a terminal obeys
// (control characters, those that turn the direction of writing) and bytes of no character become \xNN. What
// is over `most` characters is cut.
std::string printable(std::string_view text, std::size_t most = 256);

// True for well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);
// The text with U+FFFD in the place of each byte that is of no character.
std::string to_utf8(std::string_view text);

}  // namespace fumidai
