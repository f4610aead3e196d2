#pragma once

// Sockets of a namespace. A socket belongs to the namespace that it was made in, whoever uses it, so the
// server listens in all of them and enters none.

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/cidr.h"
#include "base/result.h"
#include "lab/source_ports.h"

namespace fumidai::lab {

// A descriptor, the caller's to close: SOCK_STREAM or SOCK_DGRAM, not blocking. The machine's own namespace
// for an empty name. `source`: whose address it sends from, the namespace's own or not.
Result<int> socket_in(std::string const& space, int type, std::optional<Address> const& source = {});
// For TCP, from a port of those that is free in this namespace.
Result<int> socket_from(std::string const& space, Address const& source, SourcePorts& ports);

// One that listens for TCP. With a device, only for what comes in by that link: several may listen at the
// same address, one for each link, and each knows its caller. Error: not_found (the namespace), conflict (in
// use).
Result<int> listen_in(std::string const& space, Address const& address, std::uint16_t port,
                      std::string const& device = "");

// For the calls of sockets(7).
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  SocketAddress(Address const& address, std::uint16_t port);
  sockaddr const* get() const { return reinterpret_cast<sockaddr const*>(&storage); }
};

}  // namespace fumidai::lab
