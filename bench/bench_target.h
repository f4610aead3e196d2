#pragma once

// The host that tunnels lead to: a process of its own, which does what the first bytes of a connection order.

#include <cstdint>

#include "base/bytes.h"

namespace fumidai::bench {

enum class Order : std::uint8_t {
  echo,   // each byte
  give,   // that many bytes
  take,   // that many bytes, and one for an answer
  stall,  // and read nothing any more
};

inline constexpr std::uint64_t kWithoutEnd = ~0ull;

Bytes encode(Order order, std::uint64_t count = 0);

// Listens at all addresses until the benchmark ends; returns its port.
std::uint16_t start_target();

}  // namespace fumidai::bench
