#include "agent/tunnel_worker.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "agent/test_plane.h"
#include "io/tcp.h"
#include "io/tunnel_client.h"

namespace fumidai::agent {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

// What a tunnel leads to: takes one connection.
class Target {
 public:
  explicit Target(asio::any_io_executor executor)
      : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  void take_little() { acceptor_.set_option(asio::socket_base::receive_buffer_size(4096)); }

  SessionOrder::Destination place() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  void leave() { acceptor_.close(); }

  awaitable<std::unique_ptr<io::Stream>> accept() {
    auto socket = co_await accept_socket();
    co_return io::make_tcp_stream(std::move(socket));
  }
  awaitable<io::Socket> accept_socket() { co_return co_await acceptor_.async_accept(asio::use_awaitable); }

 private:
  tcp::acceptor acceptor_;
};

// A worker and a client with a plane between them.
class Tunnel {
 public:
  Tunnel(asio::any_io_executor executor, SessionOrder::Destination to)
      : plane(executor),
        client(executor, clock_, std::string(wire::kNativeClientVersion),
               [this] { return plane.client_side(); }),
        worker(executor, plane.agent_side(), "alice-0a1b2c3d4e5f60718", std::move(to)),
        tasks_(executor, "tunnel") {
    tasks_.spawn(keep());
    tasks_.spawn(work());
  }

  awaitable<void> stop() {
    worker.stop();
    co_await plane.stop();  // there is nobody any more to whom the client could say goodbye
    co_await client.close();
    co_await tasks_.join();
  }

  TestPlane plane;
  io::TunnelClient client;
  TunnelWorker worker;
  std::optional<SessionResult> result;

 private:
  awaitable<void> keep() { co_await client.run(); }
  awaitable<void> work() {
    result = co_await worker.run();
    co_await worker.linger();
  }

  SystemClock clock_;
  io::TaskGroup tasks_;
};

awaitable<std::string> read_all(io::Stream& stream) {
  std::string text;
  Bytes chunk(4096);
  for (;;) {
    auto count = co_await stream.read_some(chunk);
    if (!count || *count == 0) co_return text;
    text += as_text(ByteView(chunk).first(*count));
  }
}

TEST(TunnelWorker, carries_both_ways_and_passes_on_the_end_of_the_input) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept();
    auto opened = co_await tunnel.client.open(io::SteadyClock::now() + 5s);
    EXPECT_TRUE(opened);
    co_await tunnel.client.write(as_bytes("there"));
    co_await tunnel.client.finish_writing();
    auto heard = co_await read_all(*far);
    EXPECT_EQ(heard, "there");
    co_await far->write(as_bytes("back"));
    far->close();
    auto back = co_await tunnel.client.read();
    EXPECT_TRUE(back && as_text(*back) == "back");
    while (!tunnel.result) co_await io::sleep_for(2ms);
    EXPECT_EQ(tunnel.result->status, "Success");
    co_await tunnel.stop();
  });
}

// A client of ours, which agrees to that much.
awaitable<void> answer_handshake(io::DataLink& client, bool without_digests) {
  co_await client.receive();  // the request
  wire::HandshakeResponse response;
  response.client_version = std::string(wire::kNativeClientVersion);
  response.processed_client_actions = {{std::string(wire::action::native_stream), 1, nullptr, ""}};
  if (without_digests)
    response.processed_client_actions.push_back({std::string(wire::action::no_digests), 1, nullptr, ""});
  auto text = wire::to_json_text(response);
  co_await client.send(wire::PayloadType::handshake_response, as_bytes(text));
}

// What a client that checks digests says of the agent's first message, when it has agreed to that in the
// handshake, or not.
awaitable<std::string> first_output(asio::any_io_executor executor, bool agreed) {
  Target target(executor);
  TestPlane plane(executor);
  SystemClock clock;
  std::string heard;
  io::DataLink client(
      executor, {}, clock, [&] { return plane.client_side(); }, [](wire::AgentMessage const&) {});
  client.on_connection = [&](bool connected, std::string const& why) {
    if (!connected) heard = why;
  };
  TunnelWorker worker(executor, plane.agent_side(), "alice-0a1b2c3d4e5f60718", target.place());
  io::TaskGroup tasks(executor, "tunnel");
  auto keep = [&]() -> awaitable<void> { co_await client.run(); };
  auto work = [&]() -> awaitable<void> { co_await worker.run(); };
  tasks.spawn(keep());
  tasks.spawn(work());
  auto far = co_await target.accept();
  co_await answer_handshake(client, agreed);
  co_await far->write(as_bytes("hello"));
  for (auto end = io::SteadyClock::now() + 5s; heard.empty() && io::SteadyClock::now() < end;) {
    auto next = co_await client.receive_until(io::SteadyClock::now() + 20ms);
    if (!next) break;
    if (*next && (*next)->type == wire::PayloadType::output) heard = as_text((*next)->payload);
  }
  client.close();
  worker.stop();
  co_await plane.stop();
  co_await tasks.join();
  co_return heard;
}

TEST(TunnelWorker, leaves_out_digests_only_for_a_client_that_agreed) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    auto with = co_await first_output(executor, false), without = co_await first_output(executor, true);
    EXPECT_EQ(with, "hello");
    EXPECT_EQ(without, "a message whose digest does not fit its payload");
  });
}

// As ssh does when the other end has ended first.
TEST(TunnelWorker, a_client_that_leaves_without_taking_all_is_not_waited_for) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    TestPlane plane(executor);
    SystemClock clock;
    io::DataLink client(
        executor, {.channel = {.acknowledge_below = 0}}, clock, [&] { return plane.client_side(); },
        [](wire::AgentMessage const&) {});
    TunnelWorker worker(executor, plane.agent_side(), "alice-0a1b2c3d4e5f60718", target.place());
    io::TaskGroup tasks(executor, "tunnel");
    std::optional<SessionResult> result;
    auto keep = [&]() -> awaitable<void> { co_await client.run(); };
    auto work = [&]() -> awaitable<void> { result = co_await worker.run(); };
    tasks.spawn(keep());
    tasks.spawn(work());
    auto far = co_await target.accept();
    co_await answer_handshake(client, false);
    co_await client.receive();  // the handshake is complete
    far->close();
    co_await io::sleep_for(50ms);  // nobody takes the end of the output, and it is not acknowledged
    for (auto flag : {wire::flag::end_of_input, wire::flag::terminate_session}) {
      auto payload = wire::encode_flag(flag);
      co_await client.send(wire::PayloadType::flag, payload);
    }
    co_await client.drain(5s);
    client.close();
    for (auto end = io::SteadyClock::now() + 5s; !result && io::SteadyClock::now() < end;)
      co_await io::sleep_for(5ms);
    EXPECT_TRUE(result && result->status == "Success");
    worker.stop();
    co_await plane.stop();
    co_await tasks.join();
  });
}

TEST(TunnelWorker, a_lost_connection_loses_nothing) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept();
    co_await tunnel.client.open(io::SteadyClock::now() + 5s);
    std::string sent;
    for (int i = 0; i < 40; i++) {
      auto line = std::to_string(i) + std::string(1000, '.') + "\n";
      sent += line;
      co_await tunnel.client.write(as_bytes(line));
      if (i % 10 == 5) tunnel.plane.break_connection();
    }
    co_await tunnel.client.finish_writing();
    auto heard = co_await read_all(*far);
    EXPECT_TRUE(heard == sent) << heard.size() << " of " << sent.size();
    EXPECT_GT(tunnel.plane.openings.size(), 1u);
    far->close();
    co_await tunnel.stop();
  });
}

TEST(TunnelWorker, a_port_that_nobody_listens_on_is_told) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    auto place = target.place();
    target.leave();
    Tunnel tunnel(executor, place);
    while (!tunnel.result) co_await io::sleep_for(2ms);
    EXPECT_EQ(tunnel.result->status, "Failed");
    EXPECT_NE(tunnel.result->output.find("Connection refused"), std::string::npos) << tunnel.result->output;
    co_await tunnel.stop();
  });
}

awaitable<void> read_twice(io::TunnelClient& client, std::vector<Result<Bytes>>& heard) {
  for (int i = 0; i < 2; i++) {
    auto next = co_await client.read();
    heard.push_back(std::move(next));
  }
}

TEST(TunnelWorker, a_target_that_breaks_is_told_and_is_no_end_of_the_output) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept_socket();
    co_await tunnel.client.open(io::SteadyClock::now() + 5s);
    io::TaskGroup reading(executor, "reading");
    std::vector<Result<Bytes>> heard;
    reading.spawn(read_twice(tunnel.client, heard));
    far.send(asio::buffer("half", 4));
    while (heard.empty()) co_await io::sleep_for(2ms);
    far.set_option(asio::socket_base::linger(true, 0));
    far.close();  // by a reset
    while (!tunnel.result) co_await io::sleep_for(2ms);
    EXPECT_EQ(tunnel.result->status, "Failed");
    EXPECT_NE(tunnel.result->output.find("127.0.0.1 port "), std::string::npos) << tunnel.result->output;
    EXPECT_NE(tunnel.result->output.find("reset"), std::string::npos) << tunnel.result->output;
    co_await tunnel.stop();
    co_await reading.join();
    EXPECT_TRUE(heard[0] && as_text(*heard[0]) == "half");
    EXPECT_FALSE(heard[1]) << "that would be a clean end";
  });
}

TEST(TunnelWorker, a_target_that_breaks_while_it_is_written_to_is_told) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept_socket();
    co_await tunnel.client.open(io::SteadyClock::now() + 5s);
    auto upload = [](io::TunnelClient& client) -> awaitable<void> {
      Bytes block(100'000, 'x');
      for (Result<void> written = success(); written;) written = co_await client.write(block);
    };
    io::TaskGroup uploading(executor, "uploading");
    uploading.spawn(upload(tunnel.client));
    while (far.available() == 0) co_await io::sleep_for(2ms);
    far.close();  // by a reset, since it has not read all
    while (!tunnel.result) co_await io::sleep_for(2ms);
    EXPECT_EQ(tunnel.result->status, "Failed");
    co_await tunnel.stop();
    co_await uploading.join();
  });
}

// A client that has said that many bytes and is gone.
constexpr std::size_t kSaid = 200'000;

awaitable<void> say_and_leave(Tunnel& tunnel) {
  co_await tunnel.client.open(io::SteadyClock::now() + 5s);
  std::string sent(kSaid, 'x');
  co_await tunnel.client.write(as_bytes(sent));
  co_await tunnel.client.close();
  tunnel.worker.stop();  // as channel_closed does
}

TEST(TunnelWorker, what_was_written_before_the_end_arrives) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept();
    co_await say_and_leave(tunnel);
    auto heard = co_await read_all(*far);
    EXPECT_EQ(heard.size(), kSaid);
    far->close();
    co_await tunnel.stop();
  });
}

TEST(TunnelWorker, what_was_written_before_the_end_arrives_at_a_target_that_speaks_meanwhile) {
  io::run_on_loop([](auto executor) -> awaitable<void> {
    Target target(executor);
    target.take_little();
    Tunnel tunnel(executor, target.place());
    auto far = co_await target.accept();
    co_await say_and_leave(tunnel);
    std::size_t heard = 0;
    Bytes chunk(4096);
    for (;;) {
      co_await far->write(as_bytes("."));
      auto count = co_await far->read_some(chunk);
      if (!count || *count == 0) break;
      heard += *count;
      if (tunnel.result) co_await io::sleep_for(2ms);  // all is written, and not yet taken
    }
    EXPECT_EQ(heard, kSaid);
    EXPECT_TRUE(tunnel.result && tunnel.result->status == "Success");
    far->close();
    co_await tunnel.stop();
  });
}

TEST(NetworkHost, is_no_address_of_this_host_or_of_many) {
  for (auto const* text : {"10.0.1.4", "192.168.7.1", "172.31.0.9", "8.8.8.8", "fd00::4"})
    EXPECT_TRUE(is_network_host(text)) << text;
  for (auto const* text :
       {"127.0.0.1", "127.9.9.9", "169.254.169.254", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "localhost", "", "10.0.1.4 "})
    EXPECT_FALSE(is_network_host(text)) << text;
}

}  // namespace
}  // namespace fumidai::agent
