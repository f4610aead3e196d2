#pragma once

// What a relay must know of one direction of a data channel that passes through it (session-manager.md 21):
// which numbers the receiver has acknowledged, so that repeats are answered and not forwarded, and what
// payload each number carried, so that nobody can show one thing to the receiver and another to whoever
// watches. No I/O, bounded memory.

#include <cstdint>
#include <deque>
#include <optional>

#include "base/digest.h"
#include "base/secret.h"

namespace fumidai::sessions {

class RelayedStream {
 public:
  // How many numbers beyond the oldest unacknowledged one are followed.
  static constexpr std::int64_t kMostAhead = 8192;

  enum class Verdict {
    forward,  // new
    repeat,   // the same again, and not acknowledged
    answer,   // the receiver has it: acknowledge it for him
    altered,  // this number carried another payload before
    ignore,   // too far ahead, or no possible number
  };

  RelayedStream();

  Verdict on_data(std::int64_t sequence, Digest const& digest);
  void on_acknowledge(std::int64_t sequence);

 private:
  struct Seen {
    std::uint64_t mark = 0;  // of the payload; 0: not seen yet
    bool acknowledged = false;
  };
  std::uint64_t mark_of(Digest const& digest) const;

  Secret key_;
  // The first number that came: after a restart of ours a stream goes on in its middle.
  std::optional<std::int64_t> first_;
  std::int64_t oldest_ = 0;  // number of seen_.front(); all below it are acknowledged
  std::deque<Seen> seen_;
};

}  // namespace fumidai::sessions
