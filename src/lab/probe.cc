#include "lab/probe.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/random.h"
#include "io/descriptor.h"
#include "lab/socket.h"
#include "wire/dns.h"

namespace fumidai::lab {

namespace {

using io::Descriptor;
using Clock = std::chrono::steady_clock;
constexpr Patience kAskAgain{500};

// Whether it happens in time.
bool wait_for(int descriptor, short event, Clock::time_point until) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{descriptor, event, 0};
    auto ready = ::poll(&wait, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<Probe> outcome_of(int failure) {
  switch (failure) {
    case 0: return Probe::open;
    case ECONNREFUSED:
    case ECONNRESET: return Probe::refused;
    case ETIMEDOUT: return Probe::timeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EINVAL:  // what a blackhole of the sender's own says
    case EACCES:
    case ENETDOWN: return Probe::unreachable;
    default: return system_error("connect", failure);
  }
}

Result<std::vector<Address>> hear_answer(int socket, std::uint16_t id, Clock::time_point until) {
  while (wait_for(socket, POLLIN, until)) {
    std::array<std::uint8_t, 4096> buffer;
    auto size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno != EAGAIN) return system_error("hear the name server");
    if (size < 0) continue;
    auto answer = wire::parse_dns_answer(id, ByteView(buffer).first(static_cast<std::size_t>(size)));
    if (answer || answer.error().code != Errc::conflict) return answer;
  }
  return Error{Errc::deadline_exceeded, "no answer"};
}

}  // namespace

std::string_view to_string(Probe probe) {
  switch (probe) {
    case Probe::open: return "open";
    case Probe::refused: return "refused";
    case Probe::timeout: return "timeout";
    case Probe::unreachable: return "unreachable";
  }
  return "";
}

Result<Probe> probe_tcp(std::string const& space, Address const& to, std::uint16_t port, Patience patience,
                        std::optional<Address> const& source) {
  auto until = Clock::now() + patience;
  TRY(int number, socket_in(space, SOCK_STREAM, source));
  Descriptor socket(number);
  SocketAddress at(to, port);
  if (::connect(socket.get(), at.get(), at.size) == 0) return Probe::open;
  if (errno != EINPROGRESS) return outcome_of(errno);
  if (!wait_for(socket.get(), POLLOUT, until)) return Probe::timeout;
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  return outcome_of(failure);
}

Result<std::vector<Address>> probe_name(std::string const& space, Address const& server,
                                        std::string_view name, Patience patience) {
  auto until = Clock::now() + patience;
  auto id = static_cast<std::uint16_t>(random_below(0x10000));
  TRY(auto question, wire::encode_dns_question(id, name));
  TRY(int number, socket_in(space, SOCK_DGRAM));
  Descriptor socket(number);
  SocketAddress at(server, 53);
  if (::connect(socket.get(), at.get(), at.size) != 0) return system_error("connect to " + server.text());
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    if (::send(socket.get(), question.data(), question.size(), 0) < 0)
      return system_error("ask " + server.text());
    // Datagrams get lost: asked again, as a resolver would.
    auto answer = hear_answer(socket.get(), id, std::min(until, now + kAskAgain));
    if (answer || answer.error().code != Errc::deadline_exceeded) return answer;
  }
  return Error{Errc::deadline_exceeded, server.text() + " did not answer for " + std::string(name)};
}

}  // namespace fumidai::lab
