#pragma once

// Asks the network itself, with real packets, and never the model. Blocking.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cidr.h"
#include "base/result.h"

namespace fumidai::lab {

enum class Probe {
  open,         // someone listens there
  refused,      // the packets arrive; nobody listens
  timeout,      // no answer
  unreachable,  // the sender's own network has no way
};

std::string_view to_string(Probe probe);
// Whether packets get there and back.
constexpr bool arrives(Probe probe) {
  return probe == Probe::open || probe == Probe::refused;
}

using Patience = std::chrono::milliseconds;

// A TCP connection from the namespace, closed at once. `source`: under this address. Fails
// only where the question could not be asked.
Result<Probe> probe_tcp(std::string const& space, Address const& to, std::uint16_t port, Patience patience,
                        std::optional<Address> const& source = {});

// What a name resolves to for who is in the namespace, by the given server. Errors: as parse_dns_answer, and
// deadline_exceeded.
Result<std::vector<Address>> probe_name(std::string const& space, Address const& server,
                                        std::string_view name, Patience patience);

}  // namespace fumidai::lab
