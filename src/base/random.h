#pragma once

// Random values from the operating system's generator (through OpenSSL's DRBG). There is no seedable
// generator here on purpose: tests pass fixed values instead.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace fumidai {

void fill_random(MutableByteView bytes);
Bytes random_bytes(std::size_t count);

// `count` characters, each drawn evenly from `alphabet` (at most 256 characters).
std::string random_text(std::size_t count, std::string_view alphabet);
std::string random_hex(std::size_t digits);
Secret random_secret(std::size_t bytes);

// Evenly from [0, below).
std::uint64_t random_below(std::uint64_t below);

}  // namespace fumidai
