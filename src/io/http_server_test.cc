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
                          Places::Place place) override {
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

// The status line of the answer to raw bytes, or "closed"; the peer then ends the connection.
awaitable<std::string> answer_to(Plane& plane, std::string bytes) {
  auto stream = co_await connect(plane.trust(), plane.url(), 1s);
  if (!stream) co_return stream.error().detail;
  co_await (*stream)->write(as_bytes(bytes));
  std::string text;
  Bytes chunk(4096);
  (*stream)->expire_after(3s);
  for (;;) {
    auto count = co_await (*stream)->read_some(chunk);
    if (!count || *count == 0) break;
    text += as_text(ByteView(chunk).first(*count));
  }
  (*stream)->close();
  co_return text.empty() ? "closed" : text.substr(0, text.find('\r'));
}

TEST(HttpServer, heads_and_bodies_meet_their_limits_and_do_not_pass_them) {
  run_on_loop([](auto executor) -> awaitable<void> {
    ServerLimits limits;
    limits.message = {512, 1000};
    Plane plane(executor, limits);
    auto request = [](std::size_t header, std::size_t declared, std::size_t body) {
      return "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
             std::to_string(declared) + "\r\nX: " + std::string(header, 'x') + "\r\n\r\n" +
             std::string(body, 'b');
    };
    auto fitting_text = request(300, 1000, 1000), long_text = request(600, 0, 0),
         large_text = request(0, 1001, 0);
    auto fitting = co_await answer_to(plane, fitting_text);
    EXPECT_EQ(fitting, "HTTP/1.1 200 OK");
    auto long_head = co_await answer_to(plane, long_text);
    EXPECT_EQ(long_head, "HTTP/1.1 413 Payload Too Large");
    // Refused for what its head says, before the body was sent.
    auto large_body = co_await answer_to(plane, large_text);
    EXPECT_EQ(large_body, "HTTP/1.1 413 Payload Too Large");
    std::string chunked_text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    chunked_text +=
        "200\r\n" + std::string(512, 'c') + "\r\n200\r\n" + std::string(512, 'c') + "\r\n0\r\n\r\n";
    auto chunked = co_await answer_to(plane, chunked_text);
    EXPECT_EQ(chunked, "HTTP/1.1 413 Payload Too Large");
    EXPECT_EQ(plane.server.connections(), 0u);
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, what_is_not_http_is_refused_once) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Plane plane(executor);
    for (std::string text :
         {"nonsense\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
          "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "GET / HTTP/1.1\r\nX : y\r\n\r\n"}) {
      auto answer = co_await answer_to(plane, text);
      EXPECT_EQ(answer, "HTTP/1.1 400 Bad Request") << text;
    }
    co_await plane.server.stop(1s);
  });
}

TEST(HttpServer, a_body_that_comes_too_slowly_ends_at_the_deadline_of_its_request) {
  run_on_loop([](auto executor) -> awaitable<void> {
    ServerLimits limits;
    limits.request = 1s, limits.idle = 60s;
    Plane plane(executor, limits);
    auto stream = co_await connect(plane.trust(), plane.url(), 1s);
    co_await (*stream)->write(as_bytes("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"));
    auto begun = SteadyClock::now();
    while (plane.server.connections() > 0 && SteadyClock::now() < begun + 4s) {
      co_await (*stream)->write(as_bytes("b"));
      co_await sleep_for(50ms);
    }
    EXPECT_LT(SteadyClock::now() - begun, 2s);
    EXPECT_EQ(plane.server.connections(), 0u);
    (*stream)->close();
    co_await plane.server.stop(1s);
  });
}

TEST(Places, are_given_back_and_counted_by_address) {
  Places places(3, 2);
  auto a = places.enter("a"), b = places.enter("a");
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(places.enter("a")) << "too many of one address";
  auto c = places.enter("b");
  EXPECT_TRUE(c);
  EXPECT_FALSE(places.enter("c")) << "too many in all";
  EXPECT_EQ(places.taken(), 3u);
  a->proven();
  a->proven();
  EXPECT_FALSE(places.enter("a")) << "a proven connection keeps its place in all";
  c.reset();
  auto d = places.enter("a");
  EXPECT_TRUE(d);
  EXPECT_FALSE(places.enter("a"));
  a.reset(), b.reset(), d.reset();
  EXPECT_EQ(places.taken(), 0u);
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
