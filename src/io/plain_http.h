#pragma once

// HTTP/1.1 without TLS, over sockets that listen already: for what speaks to machines on a link of its own
// (the metadata service of an instance, the web server of a lab). Never for what carries a person's
// credentials.

#include <functional>

#include "io/http_server.h"

namespace fumidai::io {

// Small: whoever is on such a link has little to say.
inline ServerLimits plain_http_limits() {
  ServerLimits limits;
  limits.message = {16 * 1024, 64 * 1024};
  limits.request = std::chrono::seconds(10);
  limits.idle = std::chrono::seconds(30);
  limits.answer = std::chrono::seconds(30);
  limits.connections = 256;
  limits.unproven_per_address = 128;
  return limits;
}

class PlainHttpServer {
 public:
  using Handler = std::function<awaitable<wire::HttpResponse>(wire::HttpRequest, Peer)>;

  // The handler lives as long as the server. HEAD reaches it like GET; the body of its answer is not sent.
  PlainHttpServer(asio::any_io_executor executor, Handler handler, ServerLimits limits = plain_http_limits());

  // Takes over a TCP socket that listens; there may be several. Error: system.
  Result<void> listen_on(int descriptor) { return server_.listen_on(descriptor); }
  std::size_t connections() const { return server_.connections(); }
  // Must be awaited before the server goes away.
  awaitable<void> stop(SteadyClock::duration patience) { return server_.stop(patience); }

 private:
  class Adapter : public HttpHandler {
   public:
    explicit Adapter(Handler handler) : handler_(std::move(handler)) {}
    awaitable<wire::HttpResponse> handle(wire::HttpRequest request, Peer peer) override {
      return handler_(std::move(request), std::move(peer));
    }
    awaitable<void> upgrade(wire::HttpRequest request, Peer peer, std::unique_ptr<Stream> stream,
                            Bytes leftover, Places::Place place) override;

   private:
    Handler handler_;
  };

  Adapter adapter_;
  HttpServer server_;
};

}  // namespace fumidai::io
