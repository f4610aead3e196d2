#pragma once

// For tests: a real HTTPS server on loopback under its own authority, whose answers the test decides, and
// which hands each WebSocket to the test.

#include <gtest/gtest.h>

#include <functional>

#include "io/certificate.h"
#include "io/http_server.h"
#include "io/websocket.h"

namespace fumidai::io {

class TestPlane : public HttpHandler {
 public:
  explicit TestPlane(asio::any_io_executor executor, ServerLimits limits = {})
      : ca_(make_ca("test CA", SystemClock().now())),
        certificate_(*issue_server_certificate(ca_, {"127.0.0.1"}, SystemClock().now())),
        server_(executor, *TlsContext::server(certificate_.certificate_pem, certificate_.key_pem), *this,
                limits) {
    EXPECT_TRUE(server_.listen({"127.0.0.1", 0}));
    url_ = "https://127.0.0.1:" + std::to_string(server_.addresses()[0].port);
  }

  std::function<wire::HttpResponse(wire::HttpRequest const&)> answer;
  std::function<awaitable<void>(wire::HttpRequest, std::unique_ptr<WebSocket>)> channel;

  std::string const& url() const { return url_; }
  std::string const& ca_pem() const { return ca_.certificate_pem; }
  HttpServer& server() { return server_; }
  awaitable<void> stop() { return server_.stop(std::chrono::milliseconds(100)); }

 private:
  awaitable<wire::HttpResponse> handle(wire::HttpRequest request, Peer) override {
    co_return answer(request);
  }

  awaitable<void> upgrade(wire::HttpRequest request, Peer, std::unique_ptr<Stream> stream, Bytes leftover,
                          Places::Place) override {
    auto bytes = wire::encode(upgrade_response(request));
    co_await stream->write(as_bytes(bytes));
    auto executor = co_await asio::this_coro::executor;
    auto socket =
        std::make_unique<WebSocket>(executor, std::move(stream), wire::Side::server, 1 << 20, leftover);
    co_await channel(std::move(request), std::move(socket));
  }

  CertificateAndKey ca_, certificate_;
  HttpServer server_;
  std::string url_;
};

inline wire::HttpResponse json_answer(unsigned status, std::string body) {
  wire::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/x-amz-json-1.1"}};
  response.body = std::move(body);
  return response;
}

}  // namespace fumidai::io
