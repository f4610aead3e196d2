#include "io/websocket.h"

#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/test_loop.h"

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
    auto message = co_await pair.server->read();
    EXPECT_EQ(message.error().code, Errc::too_large);
    auto seen = co_await pair.client->read();
    EXPECT_EQ(seen.error().code, Errc::closed);
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
