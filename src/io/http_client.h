#pragma once

// HTTPS requests to one origin, over a connection that is kept while it is used often.

#include <memory>
#include <string>

#include "io/tls.h"
#include "io/websocket.h"
#include "wire/http.h"
#include "wire/proxy.h"
#include "wire/url.h"

namespace fumidai::io {

// What a program has to know to connect outward: whom it trusts, and which proxy is on the way.
struct Outbound {
  Outbound(TlsContext trusted, wire::ProxyRules rules = {})
      : tls(std::move(trusted)), proxies(std::move(rules)) {}

  TlsContext tls;
  wire::ProxyRules proxies;
};

// Connects to the URL's host: TLS for https and wss, plain TCP for http and ws.
awaitable<Result<std::unique_ptr<Stream>>> connect(Outbound outbound, wire::Url url,
                                                   SteadyClock::duration limit, KeepAlive keep_alive = {});

class HttpClient {
 public:
  HttpClient(Outbound outbound, wire::Url origin, KeepAlive keep_alive = {})
      : outbound_(std::move(outbound)), origin_(std::move(origin)), keep_alive_(keep_alive) {}

  wire::Url const& origin() const { return origin_; }

  // Sends a complete request (Host included) and returns the answer. A kept connection that turns out to be
  // dead is replaced once. Errors are those of connecting, and closed, malformed, too_large,
  // deadline_exceeded.
  awaitable<Result<wire::HttpResponse>> send(wire::HttpRequest request, SteadyClock::duration limit);

  // For the next request, where nothing is kept: who connects first can wait for the answer by another limit.
  awaitable<Result<void>> connect(SteadyClock::duration limit);

  // The connection that was kept, or a new one, for something else than requests: it is the caller's from now
  // on.
  awaitable<Result<std::unique_ptr<Stream>>> take_connection(SteadyClock::duration limit);

  void disconnect() { stream_.reset(); }

 private:
  awaitable<Result<wire::HttpResponse>> exchange(std::string const& bytes, SteadyClock::duration limit);

  Outbound outbound_;
  wire::Url origin_;
  KeepAlive keep_alive_;
  std::unique_ptr<Stream> stream_;
  bool answer_began_ = false;
};

}  // namespace fumidai::io
