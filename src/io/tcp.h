#pragma once

// TCP sockets: connecting with a deadline, keep-alive, and the watchdog that gives a socket its deadline.

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "io/stream.h"

namespace fumidai::io {

using Socket = asio::ip::tcp::socket;

// How soon a vanished peer is noticed by the kernel alone, without traffic of ours and without waking us.
struct KeepAlive {
  std::chrono::seconds idle{30}, interval{10};
  int probes = 3;
  bool is_patient = false;  // see set_patient()
  std::chrono::seconds dead_after() const { return idle + interval * probes; }
};

// No delay, keep-alive, and a limit on how long sent data may stay unacknowledged.
void set_socket_options(Socket& socket, KeepAlive const& keep_alive);

// Whether a connection ended by this errno because nothing was heard from its peer, rather than by its peer.
bool is_silence(int number);

// Without that last limit: the kernel applies it also to a peer that answers, but reads nothing for so long.
void set_patient(Socket& socket);

// Tries each address of the name in turn. Errors say what was tried: unavailable, not_found,
// deadline_exceeded.
awaitable<Result<Socket>> connect_tcp(std::string host, std::uint16_t port, SteadyClock::duration limit);

// Closes a socket when its deadline comes. Costs one timer a socket, re-armed only when it fires early.
class Watchdog {
 public:
  explicit Watchdog(Socket& socket);
  ~Watchdog();
  void set(SteadyTime deadline);
  bool has_bitten() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

std::unique_ptr<Stream> make_tcp_stream(Socket socket);

}  // namespace fumidai::io
