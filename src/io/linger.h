#pragma once

#include "io/stream.h"

namespace fumidai::io {

// What a peer sends when nobody reads it any more, paced: one that floods is slowed down to some megabytes a
// second, or some hundred reads in each.
class Leavings {
 public:
  awaitable<void> pass_over(std::size_t count);

 private:
  std::size_t passed_over_ = 0;
};

// After all was written, when nobody reads any more: passes over what the peer still sends, until it ends or
// so long, and closes. Closing before that could cost the peer what it has not taken yet: what comes after
// makes the kernel drop it.
awaitable<void> linger(Stream& stream, SteadyClock::duration patience);

}  // namespace fumidai::io
