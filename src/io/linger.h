#pragma once

#include "io/stream.h"

namespace fumidai::io {

// After all was written, when nobody reads any more: passes over what the peer still sends, until it ends or
// so long, and closes. Closing before that could cost the peer what it has not taken yet: what comes after
// makes the kernel drop it.
awaitable<void> linger(Stream& stream, SteadyClock::duration patience);

}  // namespace fumidai::io
