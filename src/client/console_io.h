#pragma once

// Standard input and output without blocking the loop, and without changing their mode: that is shared with
// whoever started us.

#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/awaitable.h"
#include "base/bytes.h"
#include "io/worker.h"

namespace fumidai::client {

class ConsoleInput {
 public:
  explicit ConsoleInput(asio::any_io_executor executor);
  ~ConsoleInput();

  // What is there; empty at the end of the input.
  awaitable<Bytes> read();

  bool is_terminal() const { return is_terminal_; }
  // A pipe or socket with something in it, or a file that is not empty: somebody means to feed us.
  bool has_data() const;

 private:
  asio::posix::stream_descriptor descriptor_;
  bool is_terminal_, is_file_;
};

// Writes in a thread of its own, so that a reader that stands still stops the session, and not the answers to
// pings.
class ConsoleOutput {
 public:
  ConsoleOutput() : worker_("console") {}

  // False when nobody reads it any more.
  awaitable<bool> write(int descriptor, Bytes bytes);
  // Whoever reads it reads the end. Between writes.
  void finish(int descriptor);

 private:
  io::Worker worker_;
};

}  // namespace fumidai::client
