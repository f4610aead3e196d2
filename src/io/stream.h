#pragma once

// A two-way stream of bytes to one peer: TCP, TLS over TCP, or two ends in memory for tests. Belongs to one
// loop; at most one coroutine reads and one writes at a time.

#include <memory>
#include <optional>
#include <string>

#include "base/awaitable.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/wait.h"

namespace fumidai::io {

class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte; zero at the end of the stream. Errors: closed, deadline_exceeded, system.
  virtual awaitable<Result<std::size_t>> read_some(MutableByteView into) = 0;
  // What has come already; nothing when that would have to be waited for, or others should have their turn.
  virtual std::optional<Result<std::size_t>> try_read(MutableByteView) { return std::nullopt; }
  // Returns when reading will get somewhere. An idle connection waits here, without a buffer.
  virtual awaitable<Result<void>> wait_readable() = 0;
  // All of it.
  virtual awaitable<Result<void>> write(ByteView bytes) = 0;

  // The peer reads the end of what was written; it may go on to write. Where the transport cannot say that,
  // nothing happens.
  virtual void finish_writing() {}

  // At this moment the stream is closed, and what waits on it ends with deadline_exceeded. Moving it on is
  // cheap.
  virtual void set_deadline(SteadyTime deadline) = 0;
  void expire_after(SteadyClock::duration duration) { set_deadline(SteadyClock::now() + duration); }
  void never_expire() { set_deadline(SteadyTime::max()); }

  // Ends both directions at once; what waits on the stream ends with Errc::closed. May be called again.
  virtual void close() = 0;
};

// Two connected streams in memory, each with room for `capacity` bytes in flight. For tests.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_streams(asio::any_io_executor executor,
                                                                           std::size_t capacity);

}  // namespace fumidai::io
