#pragma once

// HTTPS requests to one origin, over a connection that is kept while it is used often.

#include <memory>
#include <string>

#include "io/tls.h"
#include "io/websocket.h"
#include "wire/http.h"
#include "wire/url.h"

namespace fumidai::io {

// Connects to the URL's host: TLS for https and wss, plain TCP for http and ws.
awaitable<Result<std::unique_ptr<Stream>>> connect(TlsContext tls, wire::Url url, SteadyClock::duration limit,
                                                   KeepAlive keep_alive = {});

class HttpClient {
 public:
  HttpClient(TlsContext tls, wire::Url origin, KeepAlive keep_alive = {})
      : tls_(std::move(tls)), origin_(std::move(origin)), keep_alive_(keep_alive) {}

  wire::Url const& origin() const { return origin_; }

  // Sends a complete request (Host included) and returns the answer. A kept connection that turns out to be
  // dead is replaced once. Errors are those of connecting, and closed, malformed, too_large,
  // deadline_exceeded.
  awaitable<Result<wire::HttpResponse>> send(wire::HttpRequest request, SteadyClock::duration limit);

  // The connection that was kept, or a new one, for something else than requests: it is the caller's from now
  // on.
  awaitable<Result<std::unique_ptr<Stream>>> take_connection(SteadyClock::duration limit);

  void disconnect() { stream_.reset(); }

 private:
  awaitable<Result<wire::HttpResponse>> exchange(std::string const& bytes, SteadyClock::duration limit);

  TlsContext tls_;
  wire::Url origin_;
  KeepAlive keep_alive_;
  std::unique_ptr<Stream> stream_;
  bool answer_began_ = false;
};

}  // namespace fumidai::io
