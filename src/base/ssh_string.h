#pragma once

// The strings of SSH's wire (RFC 4251 section 5): a length of four bytes, big-endian, and so many bytes.

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace fumidai {

inline void put_ssh_string(std::string& out, std::string_view text) {
  std::uint8_t length[4];
  write_u32(length, static_cast<std::uint32_t>(text.size()));
  out += as_text(length);
  out += text;
}

}  // namespace fumidai
