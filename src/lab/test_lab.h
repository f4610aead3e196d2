#pragma once

// For tests in a world of their own: a lab that follows a network, and questions to both.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "lab/kernel.h"
#include "lab/names.h"
#include "lab/probe.h"
#include "lab/services.h"
#include "lab/socket.h"
#include "lab/test_world.h"
#include "network/path.h"
#include "network/walkthrough.h"

namespace fumidai::lab {

class TestLab {
 public:
  ~TestLab() {
    auto gone = kernel.down();
    if (!gone) ADD_FAILURE() << gone.error().detail;
  }

  Changes become(network::Network const& network) {
    auto changes = kernel.apply(plan(network, settings));
    if (!changes) ADD_FAILURE() << changes.error().detail;
    return changes ? *changes : Changes();
  }

  std::string space_of(network::End const& end) const {
    auto* interface = std::get_if<network::InterfaceId>(&end);
    return interface ? interface_space(settings, *interface) : "";
  }

  // The address that the end has for who stands at the other.
  static Address address_of(network::Network const& network, network::End const& from,
                            network::End const& to) {
    auto* id = std::get_if<network::InterfaceId>(&to);
    if (!id) return std::get<Address>(to);
    auto there = network.locate(*id).value();
    auto* source = std::get_if<network::InterfaceId>(&from);
    if (source && network.locate(*source).value().vpc->id == there.vpc->id)
      return there.interface->private_address;
    return network.public_address(*there.interface).value_or(there.interface->private_address);
  }

  Probe tcp(network::Network const& network, network::End const& from, network::End const& to, int port,
            bool hopeful = true) const {
    auto patience = hopeful ? Patience(5000) : Patience(300);
    auto probe =
        probe_tcp(space_of(from), address_of(network, from, to), static_cast<std::uint16_t>(port), patience);
    if (!probe) ADD_FAILURE() << probe.error().detail;
    return probe ? *probe : Probe::unreachable;
  }

  // Whether the model and the kernel say the same; the answer.
  bool agree(network::Network const& network, network::End const& from, network::End const& to,
             network::Flow const& flow) const {
    auto path = network::path(network, from, to, flow).value();
    auto probe = tcp(network, from, to, flow.port, path.arrives());
    EXPECT_EQ(arrives(probe), path.arrives()) << "the network says " << to_string(probe) << "\n"
                                              << path.text();
    return path.arrives();
  }

  std::string resolve(network::InterfaceId const& from, std::string_view name) const {
    auto resolver = Address::parse("169.254.169.253").value();
    auto addresses = probe_name(space_of(from), resolver, name, Patience(5000));
    if (!addresses) return std::string(to_string(addresses.error().code));
    std::string text;
    for (auto& address : *addresses) text += (text.empty() ? "" : " ") + address.text();
    return text;
  }

  // The machine is the office of the walkthrough.
  Settings settings{.host = network::kOffice};
  Kernel kernel{settings};
};

// A descriptor that goes with its scope.
class TestSocket {
 public:
  explicit TestSocket(Result<int> made) : number_(made ? *made : -1) {
    if (!made) ADD_FAILURE() << made.error().detail;
  }
  explicit TestSocket(int number) : number_(number) {}
  TestSocket(TestSocket const&) = delete;
  ~TestSocket() { ::close(number_); }

  int get() const { return number_; }
  bool is_ready(short event, int milliseconds) const {
    pollfd wait{number_, event, 0};
    return ::poll(&wait, 1, milliseconds) == 1;
  }
  bool send(std::string_view text) const {
    return ::send(number_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  std::string receive(int milliseconds = 5000) const {
    char buffer[256];
    if (!is_ready(POLLIN, milliseconds)) return "";
    auto size = ::recv(number_, buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : "";
  }
  int accept(int milliseconds = 5000) const {
    return is_ready(POLLIN, milliseconds) ? ::accept4(number_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  }
  void connect(Address const& to, std::uint16_t port) const {
    SocketAddress at(to, port);
    ::connect(number_, at.get(), at.size);
  }

 private:
  int number_;
};

}  // namespace fumidai::lab
