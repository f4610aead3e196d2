#include "io/http_server.h"

#include <gtest/gtest.h>

#include "io/certificate.h"
#include "io/http_client.h"
#include "io/test_loop.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;

// Answers with the body of the request; /slow waits for ever; upgrades echo one message.
class EchoHandler : public HttpHandler {
 public:
  awaitable<wire::HttpResponse> handle(wire::HttpRequest request, Peer) override {
    if (request.path() == "/slow") co_await sleep_for(1h);
    wire::HttpResponse response;
    response.body = request.body;
    co_return response;
  }
  awaitable<void> upgrade(wire::HttpRequest request, Peer, std::unique_ptr<Stream> stream, Bytes leftover,
                          Places::Place& place) override {
    auto response = upgrade_response(request);
    auto bytes = wire::encode(response);
    co_await stream->write(as_bytes(bytes));
    place.proven();
    auto executor = co_await asio::this_coro::executor;
    WebSocket socket(executor, std::move(stream), wire::Side::server, 1 << 16, leftover);
    auto message = co_await socket.read();
    if (!message) co_return;
    Bytes echo = to_bytes(message->payload);
    co_await socket.write(wire::Opcode::binary, echo);
    co_await socket.read();
  }
};

struct Plane {
  explicit Plane(asio::any_io_executor executor, ServerLimits limits = {})
      : ca(make_ca("test CA", SystemClock().now())),
        certificate(*issue_server_certificate(ca, {"localhost", "127.0.0.1"}, SystemClock().now())),
        server(executor, *TlsContext::server(certificate.certificate_pem, certificate.key_pem), handler,
               limits) {
    EXPECT_TRUE(server.listen({"127.0.0.1", 0}));
    port = server.addresses()[0].port;
  }
  wire::Url url(std::string const& host = "127.0.0.1") const {
    return *wire::parse_url("https://" + host + ":" + std::to_string(port) + "/");
  }
  TlsContext trust() const { return *TlsContext::client(ca.certificate_pem); }

  CertificateAndKey ca, certificate;
  EchoHandler handler;
  HttpServer server;
  std::uint16_t port;
};

wire::HttpRequest post(std::string body, std::string target = "/") {
  wire::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers = {{"Host", "localhost"}};
  request.body = std::move(body);
  return request;
}

TEST(HttpServer, answers_several_requests_on_one_connection) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    HttpClient client(plane.trust(), plane.url());
    for (std::string body : {"one", "two", ""}) {
      auto response = co_await client.send(post(body), 5s);
      EXPECT_TRUE(response) << response.error().detail;
      if (response) EXPECT_EQ(response->body, body);
    }
    EXPECT_EQ(plane.server.connections(), 1u);
    client.disconnect();
    co_await plane.server.stop(1s);
    EXPECT_EQ(plane.server.connections(), 0u);
  });
}

TEST(HttpServer, its_certificate_counts_only_for_its_names_and_its_authority) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    HttpClient by_name(plane.trust(), plane.url("localhost"));
    auto good = co_await by_name.send(post("x"), 5s);
    EXPECT_TRUE(good) << good.error().detail;
    auto stranger = *TlsContext::client(make_ca("another CA", SystemClock().now()).certificate_pem);
    HttpClient untrusting(stranger, plane.url());
    auto untrusted = co_await untrusting.send(post("x"), 5s);
    EXPECT_EQ(untrusted.error().code, Errc::denied) << untrusted.error().detail;
    HttpClient wrong_name(plane.trust(), plane.url("127.0.0.2"));
    auto refused = co_await wrong_name.send(post("x"), 5s);
    EXPECT_FALSE(refused);
    by_name.disconnect();
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, silent_and_slow_connections_end_at_their_deadlines) {
  run_on_loop([](auto executor) -> awaitable<void> {
    ServerLimits limits;
    limits.handshake = 1s, limits.idle = 1s, limits.request = 1s;
    Plane plane(executor, limits);
    // One never says a byte, one shakes hands and stays silent, one sends its request drop by drop.
    auto silent = co_await connect_tcp("127.0.0.1", plane.port, 1s);
    EXPECT_TRUE(silent);
    auto idle = co_await connect(plane.trust(), plane.url(), 1s);
    auto slow = co_await connect(plane.trust(), plane.url(), 1s);
    auto begin = SteadyClock::now();
    while (plane.server.connections() > 0 && SteadyClock::now() < begin + 5s) {
      co_await (*slow)->write(as_bytes("G"));
      co_await sleep_for(100ms);
    }
    EXPECT_EQ(plane.server.connections(), 0u);
    EXPECT_LT(SteadyClock::now() - begin, 4s);
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, an_endless_header_line_is_refused_without_being_kept) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    auto stream = co_await connect(plane.trust(), plane.url(), 1s);
    co_await (*stream)->write(as_bytes("GET / HTTP/1.1\r\nX: "));
    std::string drip(1000, 'a');
    Result<void> written = success();
    for (int i = 0; i < 1000 && written; i++) {
      written = co_await (*stream)->write(as_bytes(drip));
      co_await sleep_for(100us);
    }
    Bytes answer(4096);
    auto count = co_await (*stream)->read_some(answer);
    if (count) EXPECT_TRUE(*count == 0 || as_text(answer).starts_with("HTTP/1.1 413"));
    (*stream)->close();
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, one_address_gets_no_more_than_its_places) {
  run_on_loop([](auto executor) -> awaitable<void> {
    ServerLimits limits;
    limits.unproven_per_address = 3;
    Plane plane(executor, limits);
    std::vector<std::unique_ptr<Stream>> kept;
    for (int i = 0; i < 3; i++) {
      auto stream = co_await connect(plane.trust(), plane.url(), 1s);
      EXPECT_TRUE(stream) << i;
      kept.push_back(std::move(*stream));
    }
    auto refused = co_await connect(plane.trust(), plane.url(), 1s);
    EXPECT_FALSE(refused);
    kept.pop_back();
    co_await sleep_for(20ms);
    auto admitted = co_await connect(plane.trust(), plane.url(), 1s);
    EXPECT_TRUE(admitted);
    kept.clear();
    if (admitted) (*admitted)->close();
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, a_proven_channel_does_not_count_against_its_address) {
  run_on_loop([](auto executor) -> awaitable<void> {
    ServerLimits limits;
    limits.unproven_per_address = 1;
    Plane plane(executor, limits);
    std::vector<std::unique_ptr<WebSocket>> channels;
    for (int i = 0; i < 5; i++) {
      auto stream = co_await connect(plane.trust(), plane.url(), 1s);
      EXPECT_TRUE(stream) << i;
      auto socket = co_await upgrade_client(std::move(*stream), post(""), 1 << 16, 1s);
      EXPECT_TRUE(socket) << i;
      co_await (*socket)->write(wire::Opcode::binary, as_bytes("hi"));
      auto echo = co_await (*socket)->read();
      EXPECT_TRUE(echo);
      channels.push_back(std::move(*socket));
    }
    EXPECT_EQ(plane.server.connections(), 5u);
    for (auto& channel : channels) channel->close_now();
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, stopping_cuts_what_does_not_end_by_itself) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    auto stream = co_await connect(plane.trust(), plane.url(), 1s);
    auto request = wire::encode(post("", "/slow"));
    co_await (*stream)->write(as_bytes(request));
    co_await sleep_for(20ms);
    auto begin = SteadyClock::now();
    co_await plane.server.stop(50ms);
    EXPECT_LT(SteadyClock::now() - begin, 2s);
    EXPECT_EQ(plane.server.connections(), 0u);
    auto late = co_await connect_tcp("127.0.0.1", plane.port, 1s);
    EXPECT_FALSE(late);
  });
}

TEST(HttpServer, an_address_in_use_is_told_so) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    auto verdict = plane.server.listen({"127.0.0.1", plane.port});
    EXPECT_EQ(verdict.error().code, Errc::conflict);
    EXPECT_FALSE(plane.server.listen({"localhost", 0}));
    co_await plane.server.stop(1s);
  });
}

TEST(Certificate, knows_what_it_covers) {
  auto now = SystemClock().now();
  auto ca = make_ca("test CA", now);
  auto certificate = issue_server_certificate(ca, {"plane.example", "10.0.0.1", "::1"}, now);
  EXPECT_TRUE(certificate_covers(certificate->certificate_pem, {"plane.example", "10.0.0.1", "::1"}, now));
  EXPECT_FALSE(certificate_covers(certificate->certificate_pem, {"other.example"}, now));
  EXPECT_FALSE(certificate_covers(certificate->certificate_pem, {"10.0.0.2"}, now));
  EXPECT_FALSE(certificate_covers(certificate->certificate_pem, {"10.0.0.1"}, now + std::chrono::days(400)));
  EXPECT_FALSE(certificate_covers("nonsense", {"10.0.0.1"}, now));
}

}  // namespace
}  // namespace fumidai::io
