#include "io/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>

#include "base/log.h"

namespace fumidai::io {

using tcp = asio::ip::tcp;
using asio::as_tuple;
using asio::use_awaitable;

namespace {
constexpr std::size_t kChunk = 8 * 1024;
}

Places::Place::~Place() {
  if (places_ == nullptr) return;
  proven();
  places_->taken_--;
}

void Places::Place::proven() {
  if (std::exchange(unproven_, false)) places_->release_unproven(address_);
}

std::optional<Places::Place> Places::enter(std::string const& address) {
  if (taken_ >= most_) return std::nullopt;
  auto& count = unproven_[address];
  if (count >= most_per_address_) return std::nullopt;
  count++;
  taken_++;
  return Place(*this, address);
}

void Places::release_unproven(std::string const& address) {
  auto at = unproven_.find(address);
  if (--at->second == 0) unproven_.erase(at);
}

void Doorkeeper::turned_away(std::string const& address, Places const& places, ServerLimits const& limits) {
  silent_++;
  auto now = SteadyClock::now();
  if (spoke_at_ != SteadyTime::min() && now - spoke_at_ < std::chrono::minutes(1)) return;
  bool full = places.taken() >= limits.connections;
  log_warn("connections turned away",
           {{"count", silent_},
            {"last_peer", address},
            {"why", full ? "there are as many as the setting connections allows"
                         : "its address has as many as unproven_connections_per_address allows"},
            {"most", full ? limits.connections : limits.unproven_per_address}});
  spoke_at_ = now;
  silent_ = 0;
}

HttpServer::HttpServer(asio::any_io_executor executor, std::optional<TlsContext> tls, HttpHandler& handler,
                       ServerLimits limits)
    : executor_(executor),
      tls_(std::move(tls)),
      handler_(handler),
      limits_(limits),
      places_(limits.connections, limits.unproven_per_address),
      listeners_(executor, "listeners"),
      connections_(executor, "connections") {}

namespace {

tcp::acceptor open_acceptor(asio::any_io_executor executor, tcp::endpoint endpoint,
                            boost::system::error_code& error) {
  error.clear();
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  return acceptor;
}

}  // namespace

Result<tcp::acceptor> HttpServer::open_at(wire::HostPort const& at) {
  boost::system::error_code error;
  auto address = at.host.empty() ? asio::ip::address(asio::ip::address_v6::any())
                                 : asio::ip::make_address(at.host, error);
  if (error)
    return Error{Errc::invalid, "'" + at.host + "' is not an address to listen on; write an IP address"};
  auto acceptor = open_acceptor(executor_, {address, at.port}, error);
  bool no_ipv6 = error && error != asio::error::address_in_use && at.host.empty();
  if (no_ipv6) acceptor = open_acceptor(executor_, {asio::ip::address_v4::any(), at.port}, error);
  if (error == asio::error::address_in_use) {
    return Error{Errc::conflict, "cannot listen on " + to_string(at) +
                                     ": another program uses this address; choose another with --listen"};
  }
  if (error) return Error{Errc::system, "cannot listen on " + to_string(at) + ": " + error.message()};
  return acceptor;
}

Result<void> HttpServer::listen(wire::HostPort const& at) {
  TRY(auto acceptor, open_at(at));
  accept_from(std::move(acceptor), {});
  return success();
}

Result<void> HttpServer::listen_for_connect(wire::HostPort const& at, LeadsHere leads_here) {
  TRY(auto acceptor, open_at(at));
  accept_from(std::move(acceptor), {{}, std::move(leads_here)});
  return success();
}

Result<void> HttpServer::listen_on(int descriptor, Via via) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    auto error = system_error("look at the listening socket");
    ::close(descriptor);
    return error;
  }
  tcp::acceptor acceptor(executor_);
  boost::system::error_code error;
  acceptor.assign(bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return Error{Errc::system, "cannot use the listening socket: " + error.message()};
  }
  accept_from(std::move(acceptor), {std::move(via)});
  return success();
}

void HttpServer::accept_from(tcp::acceptor acceptor, Entrance entrance) {
  acceptors_.push_back(std::move(acceptor));
  listeners_.spawn(accept(acceptors_.back(), std::move(entrance)));
}

std::vector<wire::HostPort> HttpServer::addresses() const {
  std::vector<wire::HostPort> result;
  for (auto const& acceptor : acceptors_) {
    boost::system::error_code error;
    auto endpoint = acceptor.local_endpoint(error);
    if (!error) result.push_back({endpoint.address().to_string(), endpoint.port()});
  }
  return result;
}

awaitable<void> HttpServer::accept(tcp::acceptor& acceptor, Entrance entrance) {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor.async_accept(as_tuple(use_awaitable));
    if (stopping_) co_return;
    if (error) {
      // Out of descriptors, most likely: those who wait stay in the kernel's queue until some are free.
      log_warn("cannot accept a connection", {{"error", error.message()}});
      co_await sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    boost::system::error_code gone;
    auto remote = socket.remote_endpoint(gone);
    if (gone) continue;
    auto address = remote.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    Peer peer{address.to_string(), remote.port(), entrance.via};
    auto place = places_.enter(peer.address);
    if (!place) {
      // Closed without a word on the wire, which costs us least.
      doorkeeper_.turned_away(peer.address, places_, limits_);
      continue;
    }
    set_socket_options(socket, limits_.keep_alive);
    accepted_++;
    connections_.spawn(serve(std::move(socket), std::move(peer), std::move(*place), entrance.leads_here));
  }
}

awaitable<Result<std::unique_ptr<Stream>>> HttpServer::open(Socket socket) {
  if (tls_) co_return co_await accept_tls(*tls_, std::move(socket), limits_.handshake);
  co_return make_tcp_stream(std::move(socket));
}

awaitable<void> HttpServer::serve(Socket socket, Peer peer, Places::Place place, LeadsHere leads_here) {
  if (leads_here) {
    auto connected = co_await answer_connect(socket, leads_here, limits_.handshake);
    if (!connected) {
      log_debug("CONNECT refused", {{"peer", peer.address}, {"error", connected.error().detail}});
      co_return;
    }
  }
  auto stream = co_await open(std::move(socket));
  if (!stream) {
    log_debug("TLS handshake failed", {{"peer", peer.address}, {"error", stream.error().detail}});
    co_return;
  }
  auto done = co_await serve_requests(*stream, peer, place);
  if (!done) log_debug("connection ended", {{"peer", peer.address}, {"error", done.error().detail}});
  if (*stream) (*stream)->close();
}

namespace {

// The answer to bytes that are no request that we accept; the connection ends with it.
wire::HttpResponse refusal(Error const& error) {
  wire::HttpResponse response;
  response.status = error.code == Errc::too_large ? 413 : error.code == Errc::deadline_exceeded ? 408 : 400;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Connection", "close"}};
  response.body = error.detail + "\n";
  response.keep_alive = false;
  return response;
}

}  // namespace

namespace {

// Counts also what is cancelled.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { count_++; }
  ~Counted() { count_--; }
  Counted(Counted const&) = delete;
  Counted& operator=(Counted const&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

awaitable<Result<void>> HttpServer::serve_requests(std::unique_ptr<Stream>& stream, Peer const& peer,
                                                   Places::Place& place) {
  Bytes pending;
  while (!stopping_) {
    auto request = co_await read_request(*stream, pending);
    if (!request) {
      bool tell = request.error().code == Errc::malformed || request.error().code == Errc::too_large;
      if (tell) {
        auto answer = wire::encode(refusal(request.error()));
        co_await stream->write(as_bytes(answer));
      }
      co_return request.error();
    }
    if (!*request) co_return success();
    stream->never_expire();
    if ((*request)->is_websocket_upgrade()) {
      pending.shrink_to_fit();  // what it holds, it may hold for weeks
      co_await handler_.upgrade(*std::move(*request), peer, std::move(stream), std::move(pending),
                                std::move(place));
      co_return success();
    }
    bool keep_alive = (*request)->keep_alive;
    bool wants_head_only = (*request)->method == "HEAD";
    Counted counted(requests_);
    auto response = co_await handler_.handle(*std::move(*request), peer);
    keep_alive = keep_alive && response.keep_alive && !stopping_;
    response.headers.set("Connection", keep_alive ? "keep-alive" : "close");
    auto bytes = wire::encode(response);
    if (wants_head_only) bytes.resize(bytes.size() - response.body.size());  // RFC 9110 section 9.3.2
    stream->expire_after(limits_.answer);
    CO_CHECK(co_await stream->write(as_bytes(bytes)));
    if (!keep_alive) co_return success();
  }
  co_return success();
}

// Nothing when the peer closed between requests.
awaitable<Result<std::optional<wire::HttpRequest>>> HttpServer::read_request(Stream& stream, Bytes& pending) {
  wire::HttpRequestReader reader(limits_.message);
  stream.expire_after(limits_.idle);
  bool told_to_continue = false;
  while (!reader.is_done()) {
    if (reader.wants_continue() && !told_to_continue) {
      told_to_continue = true;
      CO_CHECK(co_await stream.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n")));
    }
    if (pending.empty()) {
      CO_CHECK(co_await stream.wait_readable());
      pending.resize(kChunk);
      auto count = co_await stream.read_some(pending);
      if (!count) co_return count.error();
      if (*count == 0 && !reader.has_started()) co_return std::nullopt;
      if (*count == 0) co_return Error{Errc::closed, "the peer closed in the middle of a request"};
      pending.resize(*count);
    }
    if (!reader.has_started()) stream.expire_after(limits_.request);
    CO_TRY(auto used, reader.feed(pending));
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(used));
  }
  co_return reader.take();
}

void HttpServer::stop_accepting() {
  stopping_ = true;
  for (auto& acceptor : acceptors_) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }
}

awaitable<void> HttpServer::stop(SteadyClock::duration patience) {
  co_await to_the_end(stop_now(patience));
}

awaitable<void> HttpServer::stop_now(SteadyClock::duration patience) {
  stop_accepting();
  listeners_.cancel();
  co_await listeners_.join();
  auto deadline = SteadyClock::now() + patience;
  while (requests_ > 0 && SteadyClock::now() < deadline) co_await sleep_for(std::chrono::milliseconds(20));
  connections_.cancel();
  co_await connections_.join();
}

}  // namespace fumidai::io
