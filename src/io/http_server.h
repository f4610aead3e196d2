#pragma once

// Listens, does the TLS handshake (or none: io/plain_http.h), reads requests, and hands them on. What an
// unauthenticated peer can take is bounded here: time, bytes, connections in all and from one address.

#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>

#include "io/connect_request.h"
#include "io/task_group.h"
#include "io/tls.h"
#include "wire/http.h"
#include "wire/url.h"

namespace fumidai::io {

struct ServerLimits {
  // Twice a client's megabyte: base64 in a form is longer than what it says, and EC2 has a sentence for user
  // data that is too long.
  wire::HttpLimits message{.body = 2 * 1024 * 1024};
  std::chrono::seconds handshake{10};  // TLS
  std::chrono::seconds request{20};    // from the first byte of a request to its last
  std::chrono::seconds idle{75};       // between requests of one connection; longer than clients keep theirs
  std::chrono::seconds answer{120};    // for writing the answer
  // Whoever waits for the other end of a session learns within 30 s that it vanished.
  KeepAlive keep_alive{std::chrono::seconds(10), std::chrono::seconds(5), 3};
  std::size_t connections = 16'384;
  std::size_t unproven_per_address = 1'024;
};

// The interface endpoint by which a connection came, and the service that it is for ("ssm"); most come by
// none.
struct Via {
  std::string endpoint, service;
};

// Where a request comes from.
struct Peer {
  std::string address;  // of the TCP connection, IPv4-mapped ones as IPv4
  std::uint16_t port = 0;
  Via via = {};
};

// The place that a connection holds among those of its address. A connection whose peer has proven itself and
// that stays (a channel) gives it up; the place in all is held to the end.
class Places {
 public:
  Places(std::size_t most, std::size_t most_per_address) : most_(most), most_per_address_(most_per_address) {}

  class Place {
   public:
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)),
          address_(std::move(other.address_)),
          unproven_(other.unproven_) {}
    Place& operator=(Place&&) = delete;
    ~Place();
    void proven();

   private:
    friend class Places;
    Place(Places& places, std::string address) : places_(&places), address_(std::move(address)) {}
    Places* places_;
    std::string address_;
    bool unproven_ = true;
  };

  // Nothing when there are too many of that address, or in all.
  std::optional<Place> enter(std::string const& address);
  std::size_t taken() const { return taken_; }

 private:
  void release_unproven(std::string const& address);
  std::size_t most_, most_per_address_, taken_ = 0;
  std::map<std::string, std::size_t> unproven_;
};

// Tells the log who was turned away and why: at most once a minute, or who knocks could fill it.
class Doorkeeper {
 public:
  void turned_away(std::string const& address, Places const& places, ServerLimits const& limits);

 private:
  std::size_t silent_ = 0;  // since the last word
  SteadyTime spoke_at_ = SteadyTime::min();
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual awaitable<wire::HttpResponse> handle(wire::HttpRequest request, Peer peer) = 0;
  // Takes over the connection of an upgrade request, and its place. `leftover` came after the request.
  // Whoever keeps the connection for long moves it to a task of its own: what waits here, waits with all its
  // callers.
  virtual awaitable<void> upgrade(wire::HttpRequest request, Peer peer, std::unique_ptr<Stream> stream,
                                  Bytes leftover, Places::Place place) = 0;
};

class HttpServer {
 public:
  // Without a TlsContext it speaks HTTP in the clear.
  HttpServer(asio::any_io_executor executor, std::optional<TlsContext> tls, HttpHandler& handler,
             ServerLimits limits);

  // Error: conflict or system, with what to do ("address in use").
  Result<void> listen(wire::HostPort const& at);
  // The same, but whoever comes there first says by CONNECT what he wants, and is let in for what leads here.
  Result<void> listen_for_connect(wire::HostPort const& at, LeadsHere leads_here);
  // Takes over a TCP socket that listens already, and closes it also when this fails. Error: system.
  // Whoever comes by it is told apart by `via`.
  Result<void> listen_on(int descriptor, Via via = {});
  // The addresses in use, with the real port where 0 was asked for.
  std::vector<wire::HostPort> addresses() const;
  std::size_t connections() const { return places_.taken(); }
  std::uint64_t accepted() const { return accepted_; }  // since the start

  // Two steps: no new connections; then, when the requests that run are answered, or have had their time, the
  // rest is cut: connections that wait for a request, and channels, which their ends make again elsewhere.
  void stop_accepting();
  // Also when the caller is cancelled meanwhile.
  awaitable<void> stop(SteadyClock::duration patience);

  // New connections use it from now on.
  void set_certificate(TlsContext tls) { tls_ = std::move(tls); }

 private:
  // What is true of all who come by one listener.
  struct Entrance {
    Via via = {};
    LeadsHere leads_here = nullptr;  // none: it is no proxy
  };
  Result<asio::ip::tcp::acceptor> open_at(wire::HostPort const& at);
  void accept_from(asio::ip::tcp::acceptor acceptor, Entrance entrance);
  awaitable<void> accept(asio::ip::tcp::acceptor& acceptor, Entrance entrance);
  awaitable<Result<std::unique_ptr<Stream>>> open(Socket socket);
  awaitable<void> serve(Socket socket, Peer peer, Places::Place place, LeadsHere leads_here);
  awaitable<Result<void>> serve_requests(std::unique_ptr<Stream>& stream, Peer const& peer,
                                         Places::Place& place);
  awaitable<void> stop_now(SteadyClock::duration patience);
  awaitable<Result<std::optional<wire::HttpRequest>>> read_request(Stream& stream, Bytes& pending);

  asio::any_io_executor executor_;
  std::optional<TlsContext> tls_;
  HttpHandler& handler_;
  ServerLimits limits_;
  Places places_;
  Doorkeeper doorkeeper_;
  std::list<asio::ip::tcp::acceptor> acceptors_;
  TaskGroup listeners_, connections_;
  std::size_t requests_ = 0;  // being answered
  std::uint64_t accepted_ = 0;
  bool stopping_ = false;
};

}  // namespace fumidai::io
