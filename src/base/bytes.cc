#include "base/bytes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace fumidai {

namespace {

template <class Int>
Int read_big_endian(std::uint8_t const* at) {
  Int value = 0;
  for (std::size_t i = 0; i < sizeof(Int); i++) value = static_cast<Int>(value << 8 | at[i]);
  return value;
}

template <class Int>
void write_big_endian(std::uint8_t* at, Int value) {
  for (std::size_t i = sizeof(Int); i-- > 0; value = static_cast<Int>(value >> 8))
    at[i] = static_cast<std::uint8_t>(value);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

std::uint16_t read_u16(std::uint8_t const* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
std::uint32_t read_u32(std::uint8_t const* at) {
  return read_big_endian<std::uint32_t>(at);
}
std::uint64_t read_u64(std::uint8_t const* at) {
  return read_big_endian<std::uint64_t>(at);
}
void write_u16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
void write_u32(std::uint8_t* at, std::uint32_t value) {
  write_big_endian(at, value);
}
void write_u64(std::uint8_t* at, std::uint64_t value) {
  write_big_endian(at, value);
}

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error{Errc::malformed, "hex text of odd length"};
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return Error{Errc::malformed, "not a hex digit"};
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  auto padding = static_cast<std::size_t>(std::count(
      text.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, text.size())), text.end(), '='));
  if (text.size() % 4 != 0)
    return Error{Errc::malformed, "base64 text whose length is not a multiple of four"};
  auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (!std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding), is_digit)) {
    return Error{Errc::malformed, "not a base64 digit"};
  }
  Bytes bytes(text.size() / 4 * 3);
  auto length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<unsigned char const*>(text.data()),
                                static_cast<int>(text.size()));
  if (length < 0) return Error{Errc::malformed, "not base64"};
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace {

// The bytes of the character that starts at `at`; 0 when none does.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  auto first = byte(0);
  std::size_t length = first < 0x80                    ? 1
                       : first >= 0xc2 && first < 0xe0 ? 2
                       : first >= 0xe0 && first < 0xf0 ? 3
                       : first >= 0xf0 && first < 0xf5 ? 4
                                                       : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; k++) {
    if ((byte(k) & 0xc0) != 0x80) return 0;
  }
  if (length <= 2) return length;
  auto second = byte(1);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool surrogate = first == 0xed && second >= 0xa0;
  bool beyond = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// C0, DEL and C1; U+061C, U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069, which show text in another
// order than it has.
bool is_obeyed(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
  if (character.size() == 2)
    return (character >= "\xc2\x80" && character <= "\xc2\x9f") || character == "\xd8\x9c";
  return character == "\xe2\x80\x8e" || character == "\xe2\x80\x8f" ||
         (character >= "\xe2\x80\xaa" && character <= "\xe2\x80\xae") ||
         (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9");
}

void append_as_hex(std::string& text, std::string_view bytes) {
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += "\\x";
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
}

}  // namespace

std::string escaped(std::string_view text, std::size_t most) {
  std::string result;
  for (char c : text.substr(0, most)) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      result += c;
    } else {
      append_as_hex(result, {&c, 1});
    }
  }
  if (text.size() > most) result += "...";
  return result;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (characters++ == most) return result + "...";
    auto length = utf8_length(text, at);
    auto character = text.substr(at, std::max<std::size_t>(length, 1));
    if (length == 0 || is_obeyed(character)) {
      append_as_hex(result, character);
    } else {
      result += character;
    }
    at += character.size();
  }
  return result;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    auto length = utf8_length(text, at);
    clean += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return clean;
}

}  // namespace fumidai
