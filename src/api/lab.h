#pragma once

// The lab as actions see it: networks that are real, with real instances in them. A plane without one has
// none.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/awaitable.h"
#include "base/clock.h"
#include "base/result.h"
#include "network/method.h"

namespace fumidai::api {

// What can be tried: whether a connection arrives, or where a name leads.
using Trial = std::variant<network::Path, network::Lookup>;

// What became of a packet that was really sent.
struct Observation {
  bool arrives = false;     // of a name: leads to what is wanted
  std::string how;          // "answered", "refused", "no answer within 2 s"
  bool is_refused = false;  // it arrived where nobody listens
};

// What an instance's processes and sockets show.
struct Vitals {
  bool runs = false;                      // its first process
  bool answers = false;                   // its sshd: port 22 is open
  std::optional<Time> silent_since = {};  // when it was first asked that it did not answer, since it did
};

// What its instances are made of, as DescribeImages tells it.
struct Image {
  std::string name, description;
  Time created;
};

class Lab {
 public:
  virtual ~Lab() = default;

  // Tries them all at once; in their order, nothing for what could not be tried. Looks at the kernel's
  // network only, never at the model.
  virtual awaitable<Result<std::vector<std::optional<Observation>>>> observe(std::vector<Trial> trials) = 0;
  // Why the machine's network is not as it is wanted; empty where it is. From any thread.
  virtual std::string complaint() const = 0;
  // The address from which a person at this machine comes.
  virtual Address person() const = 0;
  // Whether an agent of ours or AWS's is among the instance's processes; nothing where it has none. From any
  // thread.
  virtual std::optional<bool> agent_runs(InstanceId const& instance) = 0;
  // In their order; of one that is not there, that it does not run. Waits for no packet.
  virtual awaitable<std::vector<Vitals>> look_at(std::vector<InstanceId> instances) = 0;
  // What an instance wrote on its console, at most the last 64 KiB. From any thread.
  virtual Result<std::string> console_output(InstanceId const& instance) = 0;
  // It has one. From any thread. Error: invalid, where its directory is no image any more.
  virtual Result<Image> image() const = 0;
};

// Why there is nothing to be done on a plane without one.
Error no_lab();

}  // namespace fumidai::api
