#pragma once

// The lab as actions see it: networks that are real, with real instances in them. A plane without one has
// none.

#include <string>
#include <vector>

#include "base/awaitable.h"
#include "network/path.h"

namespace fumidai::api {

// What became of a packet that was really sent.
struct Observation {
  bool arrives = false;
  std::string how;  // "answered", "refused", "no answer within 2 s"
};

class Lab {
 public:
  virtual ~Lab() = default;

  // Tries the connections, all at once; in their order. Looks at the kernel's network only, never at the
  // model.
  virtual awaitable<Result<std::vector<Observation>>> observe(std::vector<network::Path> ways) = 0;
  // Why the machine's network is not as it is wanted; empty where it is. From any thread.
  virtual std::string complaint() const = 0;
  // The address from which a person at this machine comes.
  virtual Address person() const = 0;
  // What an instance wrote on its console, at most the last 64 KiB. From any thread.
  virtual Result<std::string> console_output(InstanceId const& instance) = 0;
};

}  // namespace fumidai::api
