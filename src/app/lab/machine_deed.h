#pragma once

// What is to be done about an instance's machine next: decided from what the store wants of it and what the
// machine is. Pure.

#include <optional>

#include "networks/state.h"

namespace fumidai::app {

// By what a machine was started last; kept in its directory. Times are compared for being the same, never for
// order: a clock may be put back.
struct MachineStart {
  Time launched_at{}, rebooted_at{};
  std::uint64_t space = 0;  // the identity of its network namespace

  friend bool operator==(MachineStart const&, MachineStart const&) = default;
};

struct MachineFacts {
  bool is_running = false;
  bool shut_itself_down = false;             // its last run ended so
  std::optional<MachineStart> last_start{};  // nothing: it never was
};

enum class MachineDeed {
  none,
  begin,
  begin_again,     // it was asked to reboot, or its namespace is another one
  tell_running,    // to the store
  tell_shut_down,  // to the store
  stop,            // and tell
  erase,           // and tell
};

// `wanted` is by what it would be started now.
MachineDeed next_deed(network::InstanceState state, MachineStart const& wanted, MachineFacts const& facts);

}  // namespace fumidai::app
