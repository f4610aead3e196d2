#pragma once

// One session as a benchmark's own client opens it: the data channel, without a terminal.

#include <memory>

#include "bench_plane.h"
#include "io/data_link.h"
#include "io/task_group.h"

namespace fumidai::bench {

class BenchSession {
 public:
  BenchSession(asio::any_io_executor executor, client::Plane& plane);

  // Starts a session, and its channel as far as the handshake is done.
  awaitable<Result<void>> open(std::string target, std::string document,
                               std::map<std::string, std::vector<std::string>> parameters);
  io::DataLink& link() { return link_; }
  awaitable<void> close();

 private:
  asio::any_io_executor executor_;
  client::Plane& plane_;
  client::Access access_;
  SystemClock clock_;
  io::DataLink link_;
  io::TaskGroup tasks_;
};

}  // namespace fumidai::bench
