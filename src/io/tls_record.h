#pragma once

#include <cstddef>

namespace fumidai::io {

// What one read of TLS takes: a record and its header.
inline constexpr std::size_t kTlsRecord = 16 * 1024 + 512;

}  // namespace fumidai::io
