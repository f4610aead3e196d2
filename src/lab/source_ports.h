#pragma once

#include <atomic>
#include <cstdint>

#include "base/random.h"

namespace fumidai::lab {

// The ports of sockets that send from one foreign address out of several namespaces. Each namespace by itself
// would give the same port twice, and two connections to one target with one address and port are one for
// who is there. Handed out in turn, so that one comes again after all others. Any thread.
class SourcePorts {
 public:
  // As the kernel's own (ip_local_port_range).
  static constexpr std::uint32_t kFirst = 32768, kCount = 28232;

  // Each process begins elsewhere: a target remembers the connections of an earlier one.
  SourcePorts() : SourcePorts(static_cast<std::uint32_t>(random_below(kCount))) {}
  explicit SourcePorts(std::uint32_t first_turn) : turn_(first_turn) {}

  std::uint16_t next() { return static_cast<std::uint16_t>(kFirst + turn_++ % kCount); }

 private:
  std::atomic<std::uint32_t> turn_;
};

}  // namespace fumidai::lab
