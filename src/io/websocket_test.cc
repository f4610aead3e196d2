#include "io/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "io/http_client.h"
#include "io/task_group.h"
#include "io/tcp.h"
#include "io/test_loop.h"
#include "io/test_plane.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;
using wire::Opcode;
using wire::Side;

struct Pair {
  explicit Pair(asio::any_io_executor executor, std::size_t capacity = 1 << 16, std::size_t most = 1 << 20) {
    auto [left, right] = memory_streams(executor, capacity);
    client = std::make_unique<WebSocket>(executor, std::move(left), Side::client, most);
    server = std::make_unique<WebSocket>(executor, std::move(right), Side::server, most);
  }
  std::unique_ptr<WebSocket> client, server;
};

std::string text_of(Result<wire::WebSocketMessage> const& message) {
  return message ? std::string(as_text(message->payload)) : "error: " + message.error().detail;
}

TEST(WebSocketStream, carries_messages_both_ways) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.client->write(Opcode::text, as_bytes("hello"));
    auto got = co_await pair.server->read();
    EXPECT_EQ(text_of(got), "hello");
    co_await pair.server->write(Opcode::binary, as_bytes("world"));
    auto answer = co_await pair.client->read();
    EXPECT_EQ(text_of(answer), "world");
  });
}

awaitable<void> read_until_closed(WebSocket& socket, std::string& all) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
    all += as_text(message->payload);
  }
}

TEST(WebSocketStream, answers_pings_while_it_reads) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    TaskGroup group(executor, "test");
    std::string at_server, at_client;
    group.spawn(read_until_closed(*pair.server, at_server));
    group.spawn(read_until_closed(*pair.client, at_client));
    auto before = pair.client->last_heard();
    co_await sleep_for(2ms);
    co_await pair.client->ping("keepalive");
    while (pair.client->last_heard() == before) co_await sleep_for(1ms);
    pair.client->close_now();
    co_await group.join();
    EXPECT_EQ(at_server, "");
  });
}

// A writer waits while the other side does not read; what it sends is not buffered without bound.
TEST(WebSocketStream, a_slow_reader_stops_the_writer) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor, 1000);
    TaskGroup group(executor, "test");
    bool written = false;
    auto writer = [](WebSocket& socket, bool& done) -> awaitable<void> {
      Bytes payload(10'000, 'x');
      co_await socket.write(Opcode::binary, payload);
      done = true;
    };
    group.spawn(writer(*pair.client, written));
    co_await sleep_for(5ms);
    EXPECT_FALSE(written);
    auto message = co_await pair.server->read();
    EXPECT_EQ(message->payload.size(), 10'000u);
    co_await group.join();
    EXPECT_TRUE(written);
  });
}

TEST(WebSocketStream, too_large_a_message_ends_it_with_a_reason_for_the_peer) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor, 1 << 16, 1000);
    Bytes payload(1001, 'x');
    co_await pair.client->write(Opcode::binary, payload);
    TaskGroup group(executor, "test");
    std::string at_client;
    group.spawn(read_until_closed(*pair.client, at_client));
    auto message = co_await pair.server->read();
    EXPECT_EQ(message.error().code, Errc::too_large);
    co_await group.join();
    EXPECT_EQ(pair.client->closed_by_peer()->code, 1009);
  });
}

TEST(WebSocketStream, a_deadline_ends_the_read) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    pair.server->stream().expire_after(5ms);
    auto message = co_await pair.server->read();
    EXPECT_EQ(message.error().code, Errc::deadline_exceeded);
  });
}

TEST(WebSocketStream, only_a_peer_that_is_silent_is_gone) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    pair.server->end_after_silence_of(60ms);
    TaskGroup group(executor, "test");
    std::string at_client;
    group.spawn(read_until_closed(*pair.client, at_client));
    auto pinging = [](WebSocket& socket) -> awaitable<void> {
      for (int i = 0; i < 10; i++) {
        co_await socket.ping("keepalive");
        co_await sleep_for(20ms);
      }
    };
    auto begun = SteadyClock::now();
    group.spawn(pinging(*pair.client));
    auto message = co_await pair.server->read();
    EXPECT_EQ(message.error().code, Errc::deadline_exceeded);
    EXPECT_GT(SteadyClock::now() - begun, 180ms);
    co_await group.join();
  });
}

// A peer that reads slowly and has little room for it, while it sends without end.
class Flooder {
 public:
  explicit Flooder(asio::any_io_executor executor) : socket_(executor) {
    socket_.open(asio::ip::tcp::v4());
    socket_.set_option(asio::socket_base::receive_buffer_size(32 * 1024));
  }

  awaitable<void> connect(asio::ip::tcp::endpoint to) {
    co_await socket_.async_connect(to, asio::use_awaitable);
  }

  awaitable<void> flood(Side as) {
    Bytes frames;
    for (int i = 0; i < 5000; i++) wire::append_frame(frames, as, Opcode::binary, {});
    for (;;) {
      auto [error, count] = co_await asio::async_write(socket_, asio::buffer(frames.data(), frames.size()),
                                                       asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
    }
  }

  // All of it, and how it ended.
  awaitable<std::pair<Bytes, boost::system::error_code>> read_slowly() {
    Bytes all, chunk(4096);
    for (;;) {
      auto [error, count] = co_await socket_.async_read_some(asio::buffer(chunk.data(), chunk.size()),
                                                             asio::as_tuple(asio::use_awaitable));
      if (error) co_return std::pair(std::move(all), error);
      all.insert(all.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(count));
      co_await sleep_for(1ms);
    }
  }

  void leave() { socket_.close(); }

 private:
  Socket socket_;
};

// What a server says to one that floods it with frames of that side, up to the orderly end.
template <class Serve>
Bytes heard_by_a_flooder(Side as, Serve serve) {
  Bytes heard;
  run_on_loop([&](auto executor) -> awaitable<void> {
    asio::ip::tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), 0});
    Flooder peer(executor);
    co_await peer.connect(acceptor.local_endpoint());
    auto accepted = co_await acceptor.async_accept(asio::use_awaitable);
    WebSocket server(executor, make_tcp_stream(std::move(accepted)), Side::server, 1 << 20);
    TaskGroup group(executor, "test");
    group.spawn(peer.flood(as));
    group.spawn(serve(server));
    auto [all, end] = co_await peer.read_slowly();
    EXPECT_EQ(end, asio::error::eof) << end.message();
    heard = std::move(all);
    peer.leave();
    co_await group.join();
  });
  return heard;
}

TEST(WebSocketStream, what_was_written_arrives_though_the_peer_sends_without_end) {
  Bytes tail(256 * 1024, 'x');
  auto say = [&](WebSocket& socket) -> awaitable<void> {
    co_await socket.write(Opcode::binary, tail);
    co_await socket.finish(1011, "why", 5s);
    co_await socket.linger(2s);
  };
  auto heard = heard_by_a_flooder(Side::client, say);
  Bytes expected;
  wire::append_frame(expected, Side::server, Opcode::binary, tail);
  wire::append_frame(expected, Side::server, Opcode::close, wire::encode_close(1011, "why"));
  EXPECT_TRUE(heard == expected) << heard.size() << " of " << expected.size();
}

TEST(WebSocketStream, why_it_ends_after_a_bad_frame_arrives_though_the_peer_sends_without_end) {
  auto read = [](WebSocket& socket) -> awaitable<void> {
    auto message = co_await socket.read();
    EXPECT_FALSE(message);
    co_await socket.linger(5s);
  };
  auto heard = heard_by_a_flooder(Side::server, read);  // not masked, as a client's frames have to be
  ASSERT_GT(heard.size(), 4U);
  EXPECT_EQ(heard[0], 0x88) << "a close frame";
  EXPECT_EQ(heard[2] * 256 + heard[3], 1002);
}

awaitable<void> say_all(std::unique_ptr<WebSocket> socket) {
  Bytes tail(1 << 20, 'x');
  co_await socket->write(Opcode::binary, tail);
  co_await socket->finish(1011, "why", 5s);
  co_await socket->linger(5s);
}

awaitable<void> send_without_end(WebSocket& socket) {
  Bytes block(60'000, 'x');
  for (Result<void> written = success(); written;) written = co_await socket.write(Opcode::binary, block);
}

TEST(WebSocketStream, what_was_written_over_tls_arrives_though_the_peer_sends_without_end) {
  run_on_loop([](auto executor) -> awaitable<void> {
    TestPlane plane(executor);
    plane.channel = [](wire::HttpRequest, std::unique_ptr<WebSocket> socket) {
      return say_all(std::move(socket));
    };
    auto tls = *TlsContext::client(plane.ca_pem());
    auto url = *wire::parse_url(plane.url());
    auto stream = co_await connect(tls, url, 5s);
    wire::HttpRequest request;
    request.target = "/";
    request.headers.set("Host", url.host);
    auto client = co_await upgrade_client(*std::move(stream), request, 2 << 20, 5s);
    TaskGroup group(executor, "test");
    group.spawn(send_without_end(**client));
    auto message = co_await (*client)->read();
    EXPECT_EQ(text_of(message).size(), 1u << 20);
    auto end = co_await (*client)->read();
    EXPECT_FALSE(end);
    auto closed = (*client)->closed_by_peer().value_or(wire::CloseReason());
    EXPECT_EQ(closed.code, 1011) << text_of(end);
    (*client)->close_now();
    co_await group.join();
    co_await plane.stop();
  });
}

TEST(WebSocketStream, a_connection_does_not_end_before_the_peer_has_answered_the_close) {
  run_on_loop([](auto executor) -> awaitable<void> {
    auto said = wire::encode_frame(Side::server, Opcode::close, wire::encode_close(1000, ""));
    auto [near, far] = memory_streams(executor, said.size() - 1);
    WebSocket server(executor, std::move(near), Side::server, 1 << 20);
    TaskGroup group(executor, "test");
    auto say = [](WebSocket& socket) -> awaitable<void> {
      co_await socket.finish(1000, "", 300ms);
      co_await socket.linger(5s);
    };
    group.spawn(say(server));
    co_await sleep_for(200ms);  // a slow one, which takes the close when the patience is nearly over
    Bytes seen(said.size() + 1);
    for (std::size_t taken = 0; taken < said.size();) taken += *co_await far->read_some(seen);
    auto more = co_await within(250ms, far->read_some(seen));
    EXPECT_EQ(more ? Errc() : more.error().code, Errc::deadline_exceeded) << "the end came";
    auto answer = wire::encode_frame(Side::client, Opcode::close, wire::encode_close(1000, ""));
    co_await far->write(answer);
    auto end = co_await within(1s, far->read_some(seen));
    EXPECT_TRUE(end && *end == 0);
    co_await group.join();
  });
}

TEST(WebSocketStream, a_peer_that_never_ends_is_waited_for_no_longer_than_told) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.server->finish(1000, "", 1s);
    auto begun = SteadyClock::now();
    co_await pair.server->linger(50ms);
    EXPECT_GE(SteadyClock::now() - begun, 50ms);
    EXPECT_LT(SteadyClock::now() - begun, 1s);
    auto seen = co_await pair.client->read();
    EXPECT_EQ(pair.client->closed_by_peer()->code, 1000);
    EXPECT_FALSE(seen);
  });
}

TEST(WebSocketStream, upgrade_answers_only_version_13_with_a_key) {
  wire::HttpRequest request;
  request.method = "GET";
  request.headers = {{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  EXPECT_EQ(upgrade_response(request).status, 101u);
  request.headers.set("Sec-WebSocket-Version", "8");
  EXPECT_EQ(upgrade_response(request).status, 400u);
}

}  // namespace
}  // namespace fumidai::io
