#pragma once

// What a relay must know of one direction of a data channel that passes through it (session-manager.md 21):
// which numbers the receiver has acknowledged, so that repeats are answered and not forwarded, and what
// payload each number carried, so that nobody can show one thing to the receiver and another to whoever
// watches. No I/O, bounded memory.

#include <cstdint>
#include <deque>
#include <map>
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
    altered,  // this number carried another payload before, or the same as another type
    ignore,   // too far ahead, or no possible number
  };

  RelayedStream();

  // The stream goes on in its middle, after a restart of ours: whatever comes first is where we begin to
  // watch.
  void resume() { first_.reset(); }

  // `type` is of the payload: what is output to one may be a size or a status to another.
  Verdict on_data(std::int64_t sequence, Digest const& digest, std::uint32_t type = 1);
  // Of that number, or of all up to it: what of that never passed here did so before a restart of ours.
  void on_acknowledge(std::int64_t sequence, bool covers_all_before = false);

 private:
  struct Seen {
    std::uint64_t mark = 0;  // of the payload; 0: not seen yet
    bool acknowledged = false;
  };
  std::uint64_t mark_of(Digest const& digest, std::uint32_t type) const;
  static Verdict judge(Seen& seen, std::uint64_t mark);
  void acknowledge_older(std::int64_t sequence, bool covers_all_before);

  Secret key_;
  std::optional<std::int64_t> first_ = 0;  // where we began to watch; nothing: at whatever comes next
  // Sent before a restart of ours and again now, after a younger one. A sender has no more of them than it
  // may have under way.
  std::map<std::int64_t, Seen> older_;
  std::int64_t covered_ = -1;  // the youngest of those that was acknowledged with all before it
  std::int64_t oldest_ = 0;    // number of seen_.front(); all below it are acknowledged
  std::deque<Seen> seen_;
};

}  // namespace fumidai::sessions
