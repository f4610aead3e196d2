#include "io/tcp.h"

#include <netinet/tcp.h>

#include <boost/asio/write.hpp>

namespace fumidai::io {

using asio::as_tuple;
using asio::use_awaitable;
using tcp = asio::ip::tcp;

void set_socket_options(Socket& socket, KeepAlive const& keep_alive) {
  boost::system::error_code ignored;  // each of these is an improvement, none is needed
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  auto set = [&](int option, long long value) {
    auto number = static_cast<int>(value);
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &number, sizeof number);
  };
  set(TCP_KEEPIDLE, keep_alive.idle.count());
  set(TCP_KEEPINTVL, keep_alive.interval.count());
  set(TCP_KEEPCNT, keep_alive.probes);
  set(TCP_USER_TIMEOUT, std::chrono::milliseconds(keep_alive.dead_after()).count());
  if (keep_alive.is_patient) set_patient(socket);
}

bool is_silence(int number) {
  return number == ETIMEDOUT || number == EHOSTUNREACH || number == ENETUNREACH;
}

void set_patient(Socket& socket) {
  int never = 0;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &never, sizeof never);
}

namespace {

// The kernel repeats a lost SYN after 1, 3, 7 and 15 seconds: who begins anew is sooner back after an outage.
constexpr auto kOneAddress = std::chrono::seconds(4);

awaitable<Result<void>> connect_to(Socket& socket, tcp::endpoint address) {
  auto [error] = co_await socket.async_connect(address, as_tuple(use_awaitable));
  if (error) co_return Error{Errc::unavailable, error.message()};
  co_return success();
}

awaitable<Result<Socket>> try_addresses(std::string host, std::uint16_t port) {
  auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  auto [resolve_error, addresses] =
      co_await resolver.async_resolve(host, std::to_string(port), as_tuple(use_awaitable));
  if (resolve_error)
    co_return Error{Errc::not_found, "the name " + host + " does not resolve: " + resolve_error.message()};
  std::string tried;
  for (auto const& entry : addresses) {
    Socket socket(executor);
    auto connecting = connect_to(socket, entry.endpoint());
    auto connect_error = co_await within(kOneAddress, std::move(connecting));
    if (connect_error) co_return socket;
    tried += (tried.empty() ? "" : "; ") + entry.endpoint().address().to_string() + " port " +
             std::to_string(port) + ": " + connect_error.error().detail;
  }
  co_return Error{Errc::unavailable, "cannot connect to " + host + " (" + tried + ")"};
}

}  // namespace

awaitable<Result<Socket>> connect_tcp(std::string host, std::uint16_t port, SteadyClock::duration limit) {
  auto socket = co_await within(limit, try_addresses(host, port));
  if (!socket && socket.error().code == Errc::deadline_exceeded) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
    co_return Error{Errc::deadline_exceeded, host + " port " + std::to_string(port) +
                                                 " did not answer within " + std::to_string(seconds) + " s"};
  }
  co_return socket;
}

struct Watchdog::State : std::enable_shared_from_this<State> {
  explicit State(Socket& watched) : socket(&watched), timer(watched.get_executor()) {}

  void arm() {
    armed_for = deadline;
    if (deadline == SteadyTime::max()) return;
    timer.expires_at(deadline);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto self = weak.lock();
      if (!self || error || self->socket == nullptr) return;
      if (SteadyClock::now() < self->deadline) return self->arm();
      self->bitten = true;
      boost::system::error_code ignored;
      self->socket->close(ignored);
    });
  }

  Socket* socket;
  asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max(), armed_for = SteadyTime::max();
  bool bitten = false;
};

Watchdog::Watchdog(Socket& socket) : state_(std::make_shared<State>(socket)) {}
Watchdog::~Watchdog() {
  state_->socket = nullptr;
}

void Watchdog::set(SteadyTime deadline) {
  state_->deadline = deadline;
  // A later deadline waits until the timer fires and finds it moved.
  if (deadline < state_->armed_for) state_->arm();
}

bool Watchdog::has_bitten() const {
  return state_->bitten;
}

namespace {

class TcpStream : public Stream {
 public:
  explicit TcpStream(Socket socket) : socket_(std::move(socket)), watchdog_(socket_) {}

  awaitable<Result<std::size_t>> read_some(MutableByteView into) override {
    auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_tuple(use_awaitable));
    if (error == asio::error::eof) co_return std::size_t{0};
    if (error) co_return failure("read", error);
    co_return count;
  }

  std::optional<Result<std::size_t>> try_read(MutableByteView into) override {
    auto count = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (count < 0) return std::nullopt;  // read_some() tells why
    return static_cast<std::size_t>(count);
  }

  awaitable<Result<void>> wait_readable() override {
    auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, as_tuple(use_awaitable));
    if (error) co_return failure("read", error);
    co_return success();
  }

  awaitable<Result<void>> write(ByteView bytes) override {
    auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                                                     as_tuple(use_awaitable));
    if (error) co_return failure("write", error);
    co_return success();
  }

  void finish_writing() override {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  void set_deadline(SteadyTime deadline) override { watchdog_.set(deadline); }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  Error failure(std::string_view what, boost::system::error_code error) const {
    if (watchdog_.has_bitten()) return {Errc::deadline_exceeded, "no answer in time"};
    return {is_silence(error.value()) ? Errc::deadline_exceeded : Errc::closed,
            "the connection broke: " + std::string(what) + ": " + error.message()};
  }

  Socket socket_;
  Watchdog watchdog_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(Socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace fumidai::io
