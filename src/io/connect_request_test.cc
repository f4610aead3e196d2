#include "io/connect_request.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/write.hpp>

#include "io/task_group.h"
#include "io/test_loop.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;
using asio::as_tuple;
using asio::use_awaitable;
using asio::ip::tcp;

// Says `answer`, piece by piece, to who connects, and then nothing.
awaitable<void> be_proxy(tcp::acceptor& acceptor, std::string answer, std::size_t piece) {
  auto socket = co_await acceptor.async_accept(use_awaitable);
  std::array<char, 1024> request;
  co_await socket.async_read_some(asio::buffer(request), as_tuple(use_awaitable));
  for (std::size_t at = 0; at < answer.size(); at += piece) {
    auto part = asio::buffer(answer.data() + at, std::min(piece, answer.size() - at));
    co_await asio::async_write(socket, part, as_tuple(use_awaitable));
  }
  co_await sleep_for(1h);
}

awaitable<Result<void>> ask_one(std::string answer, std::size_t piece, SteadyClock::duration limit) {
  auto executor = co_await asio::this_coro::executor;
  tcp::acceptor acceptor(executor, {asio::ip::make_address("127.0.0.1"), 0});
  TaskGroup tasks(executor, "proxy");
  tasks.spawn(be_proxy(acceptor, std::move(answer), piece));
  wire::Proxy proxy{"127.0.0.1", acceptor.local_endpoint().port(), {}};
  CO_TRY(auto socket, co_await connect_tcp(proxy.host, proxy.port, 5s));
  auto to = *wire::parse_url("https://plane.example:8443");
  auto asked = co_await ask_for_connection(socket, proxy, to, limit);
  tasks.cancel();
  co_await tasks.join();
  co_return asked;
}

TEST(ConnectRequest, is_granted_however_the_answer_is_cut) {
  run_on_loop([](auto) -> awaitable<void> {
    std::string answer = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    for (std::size_t piece : {answer.size(), std::size_t{1}, std::size_t{7}}) {
      auto asked = co_await ask_one(answer, piece, 5s);
      EXPECT_TRUE(asked) << asked.error().detail;
    }
  });
}

TEST(ConnectRequest, that_is_refused_or_not_understood_names_the_proxy_and_why) {
  run_on_loop([](auto) -> awaitable<void> {
    std::pair<std::string, char const*> cases[] = {
        {"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n<p>No</p>", "403 Forbidden"},
        {"HTTP/1.1 407 Who?\r\nVia: x\r\n\r\n<p>\r\n\r\n", "HTTPS_PROXY=http://USER:PASSWORD@"},
        {"HTTP/1.1 503 Busy\r\n\r\n" + std::string(3000, 'x'), "503 Busy; or name the server in NO_PROXY"},
        {"HTTP/1.1 200 OK\r\n\r\nearly", "before its time"},
        {"HTTP/1.1 200 OK\r\n\r\nearly\r\n\r\n", "before its time"},
        {"HTTP/1.1 200 OK\r\n" + std::string(9000, 'x'), "more than 8 KiB"},
        {"SSH-2.0-x\r\n\r\n", "not answer as an HTTP proxy"}};
    for (auto const& [answer, why] : cases) {
      auto asked = co_await ask_one(answer, 4096, 5s);
      EXPECT_FALSE(asked) << answer.substr(0, 40);
      if (asked) continue;
      EXPECT_EQ(asked.error().code, Errc::unavailable);
      EXPECT_NE(asked.error().detail.find(why), std::string::npos) << asked.error().detail;
      EXPECT_NE(asked.error().detail.find("http://127.0.0.1:"), std::string::npos) << asked.error().detail;
    }
  });
}

TEST(ConnectRequest, to_a_proxy_that_says_nothing_ends_in_time) {
  run_on_loop([](auto) -> awaitable<void> {
    auto asked = co_await ask_one("HTTP/1.1 200", 4096, 100ms);
    EXPECT_FALSE(asked);
    if (!asked) {
      EXPECT_EQ(asked.error().code, Errc::deadline_exceeded);
    }
  });
}

}  // namespace
}  // namespace fumidai::io
