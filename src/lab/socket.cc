#include "lab/socket.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/space.h"

namespace fumidai::lab {

namespace {

Result<void> bind_and_listen(int socket, Address const& address, std::uint16_t port,
                             std::string const& device) {
  int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!device.empty() && ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                                      static_cast<socklen_t>(device.size())) != 0) {
    return system_error("bind to link " + device);
  }
  auto at = address.text() + " port " + std::to_string(port);
  SocketAddress to(address, port);
  if (::bind(socket, to.get(), to.size) != 0 || ::listen(socket, SOMAXCONN) != 0) {
    if (errno == EADDRINUSE) return Error{Errc::conflict, "listen at " + at + ": the address is in use"};
    return system_error("listen at " + at);
  }
  return success();
}

}  // namespace

SocketAddress::SocketAddress(Address const& address, std::uint16_t port) {
  if (address.is_v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    size = sizeof v4;
  }
}

namespace {

Result<int> unbound_socket(std::string const& space, int type) {
  TRY(auto handle, SpaceHandle::open(space));
  int socket = -1;
  CHECK(within(handle, [&]() -> Result<void> {
    socket = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return system_error("make a socket");
    return success();
  }));
  return socket;
}

// `port` 0: any. False, with errno, when it cannot.
bool send_from(int socket, Address const& source, std::uint16_t port) {
  int yes = 1;
  SocketAddress from(source, port);
  ::setsockopt(socket, SOL_IP, IP_TRANSPARENT, &yes, sizeof yes);  // a foreign address too
  return ::bind(socket, from.get(), from.size) == 0;
}

Error cannot_send_from(Address const& source, int socket) {
  auto failure = system_error("send from " + source.text());
  ::close(socket);
  return failure;
}

}  // namespace

Result<int> socket_in(std::string const& space, int type, std::optional<Address> const& source) {
  TRY(int socket, unbound_socket(space, type));
  if (!source || send_from(socket, *source, 0)) return socket;
  return cannot_send_from(*source, socket);
}

Result<int> socket_from(std::string const& space, Address const& source, SourcePorts& ports) {
  TRY(int socket, unbound_socket(space, SOCK_STREAM));
  for (std::uint32_t tried = 0; tried < SourcePorts::kCount; tried++) {
    if (send_from(socket, source, ports.next())) return socket;
    if (errno != EADDRINUSE) break;
  }
  return cannot_send_from(source, socket);
}

Result<int> listen_in(std::string const& space, Address const& address, std::uint16_t port,
                      std::string const& device) {
  TRY(int socket, socket_in(space, SOCK_STREAM));
  auto listening = bind_and_listen(socket, address, port, device);
  if (listening) return socket;
  ::close(socket);
  return listening.error();
}

}  // namespace fumidai::lab
