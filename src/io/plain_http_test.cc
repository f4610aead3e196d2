#include "io/plain_http.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "io/test_loop.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;

int listening_socket(std::uint16_t& port) {
  int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(descriptor, 16), 0);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size);
  port = ntohs(at.sin_port);
  return descriptor;
}

awaitable<wire::HttpResponse> tell_who_asks(wire::HttpRequest request, Peer peer) {
  wire::HttpResponse response;
  response.body = request.method + " " + request.target + " from " + peer.address;
  co_return response;
}

struct Server {
  explicit Server(asio::any_io_executor executor, ServerLimits limits = plain_http_limits())
      : http(executor, tell_who_asks, limits) {
    EXPECT_TRUE(http.listen_on(listening_socket(port)));
  }
  // All that comes back until the server closes.
  awaitable<std::string> answer_to(std::string text) {
    auto socket = co_await connect_tcp("127.0.0.1", port, 2s);
    auto stream = make_tcp_stream(*std::move(socket));
    stream->expire_after(5s);
    co_await stream->write(as_bytes(text));
    std::string answer;
    Bytes chunk(4096);
    for (;;) {
      auto count = co_await stream->read_some(chunk);
      if (!count || *count == 0) break;
      answer += as_text(ByteView(chunk).first(*count));
    }
    stream->close();
    co_return answer;
  }

  std::uint16_t port = 0;
  PlainHttpServer http;
};

TEST(PlainHttp, a_connection_serves_several_requests) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Server server(executor);
    std::string two = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n";
    auto answer = co_await server.answer_to(two);
    EXPECT_NE(answer.find("GET /a from 127.0.0.1"), answer.npos) << answer;
    EXPECT_TRUE(answer.ends_with("GET /b from 127.0.0.1")) << answer;
    co_await server.http.stop(1s);
    EXPECT_EQ(server.http.connections(), 0u);
  });
}

TEST(PlainHttp, head_is_get_without_the_body) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Server server(executor);
    std::string head = "HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n";
    auto answer = co_await server.answer_to(head);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Length: 22\r\n"), answer.npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    co_await server.http.stop(1s);
  });
}

TEST(PlainHttp, what_is_too_large_or_no_request_or_an_upgrade_is_refused) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Server server(executor);
    std::string large = "PUT / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n";
    auto refused = co_await server.answer_to(large);
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 413 ")) << refused;
    std::string head = "GET / HTTP/1.1\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n";
    auto long_head = co_await server.answer_to(head);
    EXPECT_TRUE(long_head.empty() || long_head.starts_with("HTTP/1.1 413 ")) << long_head;
    std::string nonsense = "nonsense\r\n\r\n";
    auto malformed = co_await server.answer_to(nonsense);
    EXPECT_TRUE(malformed.starts_with("HTTP/1.1 400 ")) << malformed;
    std::string upgrade =
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    auto no_channel = co_await server.answer_to(upgrade);
    EXPECT_TRUE(no_channel.starts_with("HTTP/1.1 501 ")) << no_channel;
    co_await server.http.stop(1s);
  });
}

TEST(PlainHttp, who_is_silent_or_slow_is_cut_and_one_address_has_its_places) {
  run_on_loop([](auto executor) -> awaitable<void> {
    auto limits = plain_http_limits();
    limits.idle = 1s, limits.request = 1s, limits.unproven_per_address = 2;
    Server server(executor, limits);
    auto silent = co_await connect_tcp("127.0.0.1", server.port, 1s);
    auto slow = co_await connect_tcp("127.0.0.1", server.port, 1s);
    auto stream = make_tcp_stream(*std::move(slow));
    std::string begin = "GET / HT";
    co_await stream->write(as_bytes(begin));
    co_await sleep_for(50ms);
    EXPECT_EQ(server.http.connections(), 2u);
    std::string third = "GET / HTTP/1.1\r\n\r\n";
    auto turned_away = co_await server.answer_to(third);
    EXPECT_EQ(turned_away, "");
    auto begun = SteadyClock::now();
    while (server.http.connections() > 0 && SteadyClock::now() < begun + 5s) co_await sleep_for(50ms);
    EXPECT_EQ(server.http.connections(), 0u);
    stream->close();
    co_await server.http.stop(1s);
  });
}

TEST(PlainHttp, what_does_not_listen_is_refused) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Server server(executor);
    EXPECT_FALSE(server.http.listen_on(-1));
    co_await server.http.stop(1s);
  });
}

}  // namespace
}  // namespace fumidai::io
