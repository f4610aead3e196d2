// How many bytes a second go through a tunnel, in each direction, by our client's way and by AWS's
// openTunnel? Budget: 80 % of a plain relay, of as many processes and TLS connections: client, relay, end,
// target. What is compared ran in turns, and shares the cores of this machine. Then, with fewer bytes, by the
// listener of the unmodified `aws ec2-instance-connect open-tunnel`, where FUMIDAI_TEST_AWS2 names an AWS CLI
// of version 2: a program in Python, which sends one frame at a time. Needs root.
//   build/release/tunnel_throughput [MIB] [ROUNDS]

#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "aws_cli.h"
#include "bench_endpoint.h"
#include "bench_target.h"
#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"
#include "io/certificate.h"
#include "io/idle_memory.h"
#include "io/task_group.h"
#include "own_world.h"
#include "tunnel_ends.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr std::size_t kChunk = 64 * 1024;
constexpr auto kPatience = 10s;
constexpr auto kTransfer = 60s;  // the longest that one may take
constexpr char const* kHere = "127.0.0.1";
constexpr std::uint16_t kAwsPort = 2323;
constexpr std::uint64_t kAwsShare = 8;  // so many times fewer bytes

// ---- the plain relay

using Dial = std::function<awaitable<Result<std::unique_ptr<io::Stream>>>()>;

awaitable<void> pump(io::Stream& from, io::Stream& to) {
  Bytes chunk(kChunk);
  for (;;) {
    auto count = co_await from.read_some(chunk);
    if (!count || *count == 0) break;
    auto written = co_await to.write(ByteView(chunk).first(*count));
    if (!written) break;
  }
  from.close();
  to.close();
}

awaitable<void> relay_one(io::TlsContext tls, io::Socket socket, Dial const& dial) {
  auto near = co_await io::accept_tls(tls, std::move(socket), kPatience);
  if (!near) fail("the relay: " + near.error().detail);
  (*near)->never_expire();
  auto far = co_await dial();
  if (!far) fail("the relay: " + far.error().detail);
  io::TaskGroup back(co_await asio::this_coro::executor, "back");
  back.spawn(pump(**far, **near));
  co_await pump(**near, **far);
  co_await back.join();
}

awaitable<void> relay(io::TlsContext tls, tcp::acceptor& acceptor, Dial const& dial) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    io::set_socket_options(socket, {});
    asio::co_spawn(acceptor.get_executor(), relay_one(tls, std::move(socket), dial), asio::detached);
  }
}

// A process that takes TLS and leads each connection on; returns its port.
std::uint16_t start_relay(io::TlsContext const& tls, Dial const& dial) {
  asio::io_context here(1);
  tcp::acceptor listening(here, {tcp::v4(), 0});
  int descriptor = listening.native_handle();
  start_worker([&] {
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, tcp::v4(), descriptor);
    asio::co_spawn(loop, relay(tls, acceptor, dial), asio::detached);
    loop.run();
  });
  return listening.local_endpoint().port();
}

class PlainRelay {
 public:
  explicit PlainRelay(std::uint16_t target) {
    auto now = SystemClock().now();
    auto ca = io::make_ca("bench", now);
    auto certificate = io::issue_server_certificate(ca, {kHere}, now).value();
    auto server = io::TlsContext::server(certificate.certificate_pem, certificate.key_pem).value();
    tls_ = io::TlsContext::client(ca.certificate_pem).value();
    auto end = start_relay(server, [target] { return dial_tcp(target); });
    port_ = start_relay(server, [tls = tls_, end] { return dial_tls(tls, end); });
  }

  awaitable<Result<std::unique_ptr<io::Stream>>> connect() { return dial_tls(tls_, port_); }

 private:
  static awaitable<Result<std::unique_ptr<io::Stream>>> dial_tcp(std::uint16_t port) {
    CO_TRY(auto socket, co_await io::connect_tcp(BenchEndpoint::kAddress, port, kPatience));
    io::set_socket_options(socket, {});
    co_return io::make_tcp_stream(std::move(socket));
  }
  static awaitable<Result<std::unique_ptr<io::Stream>>> dial_tls(io::TlsContext tls, std::uint16_t port) {
    CO_TRY(auto socket, co_await io::connect_tcp(kHere, port, kPatience));
    io::set_socket_options(socket, {});
    co_return co_await io::connect_tls(tls, std::move(socket), kHere, kPatience);
  }

  io::TlsContext tls_ = io::TlsContext::none();
  std::uint16_t port_ = 0;
};

class RelayedTunnel : public client::Tunnel {
 public:
  explicit RelayedTunnel(std::unique_ptr<io::Stream> stream) : stream_(std::move(stream)) {}

  awaitable<Result<void>> carry(client::NearEnd near) override {
    auto send = [](io::Stream& to, client::NearEnd& from) -> awaitable<void> {
      for (;;) {
        auto bytes = co_await from.read();
        auto written = co_await to.write(bytes);
        if (!written) co_return;
      }
    };
    io::TaskGroup sender(co_await asio::this_coro::executor, "sender");
    sender.spawn(send(*stream_, near));
    auto received = co_await receive(near);
    sender.cancel();
    co_await sender.join();
    co_return received;
  }
  void hang_up() override { stream_->close(); }

 private:
  awaitable<Result<void>> receive(client::NearEnd& near) {
    for (bool wanted = true; wanted;) {
      Bytes chunk(kChunk);
      CO_TRY(auto count, co_await stream_->read_some(chunk));
      if (count == 0) co_return Error{Errc::closed, "the connection ended before its last byte"};
      chunk.resize(count);
      wanted = co_await near.write(std::move(chunk));
    }
    co_return success();
  }

  std::unique_ptr<io::Stream> stream_;
};

// ---- what is measured

// What our end of one tunnel says and hears.
struct Transfer {
  Order order;
  std::uint64_t size;
  std::uint64_t unsent = order == Order::take ? size : 0;
  std::uint64_t awaited = order == Order::give ? size : 1;
  bool ordered = false;

  awaitable<Bytes> read() {
    if (!std::exchange(ordered, true)) co_return encode(order, size);
    if (unsent == 0) co_await io::sleep_for(24h);
    auto count = std::min<std::uint64_t>(unsent, kChunk);
    unsent -= count;
    co_return Bytes(count, 'x');
  }
  awaitable<bool> write(Bytes bytes) {
    awaited -= bytes.size();
    co_return awaited > 0;
  }
};

// Ends one that hangs, which the benchmark does not outlive.
awaitable<void> hang_up_in_time(client::Tunnel& tunnel) {
  co_await io::sleep_for(kTransfer);
  tunnel.hang_up();
}

awaitable<Result<void>> carry_in_time(client::Tunnel& tunnel, awaitable<Result<void>> work) {
  io::TaskGroup watch(co_await asio::this_coro::executor, "watch");
  watch.spawn(hang_up_in_time(tunnel));
  auto carried = co_await std::move(work);
  watch.cancel();
  co_await watch.join();
  co_return carried;
}

awaitable<double> mebibytes_a_second(client::Tunnel& tunnel, Order order, std::uint64_t size) {
  Transfer transfer{order, size};
  auto read = [&transfer] { return transfer.read(); };
  auto write = [&transfer](Bytes bytes) { return transfer.write(std::move(bytes)); };
  client::NearEnd near{read, write};
  auto begun = io::SteadyClock::now();
  auto carrying = tunnel.carry(std::move(near));
  auto carried = co_await carry_in_time(tunnel, std::move(carrying));
  if (!carried) fail(carried.error().detail);
  std::chrono::duration<double> took = io::SteadyClock::now() - begun;
  co_return static_cast<double>(size) / 1024 / 1024 / took.count();
}

using Open = std::function<awaitable<Result<std::unique_ptr<client::Tunnel>>>()>;

struct Way {
  char const* name;
  Open open;
  std::vector<double> up, down;
};

awaitable<void> measure_way(Way& way, std::uint64_t size) {
  for (auto order : {Order::take, Order::give}) {
    auto tunnel = co_await way.open();
    if (!tunnel) fail(tunnel.error().detail);
    auto speed = co_await mebibytes_a_second(**tunnel, order, size);
    (order == Order::take ? way.up : way.down).push_back(speed);
  }
}

void say(Way const& way, Way const& relay) {
  auto up = quantile(way.up, 0.5), down = quantile(way.down, 0.5);
  std::printf("  %-18s up %6.0f MiB/s, %3.0f %% of the relay; down %6.0f MiB/s, %3.0f %%\n", way.name, up,
              up / quantile(relay.up, 0.5) * 100, down, down / quantile(relay.down, 0.5) * 100);
  std::fflush(stdout);
}

// ---- the AWS CLI

awaitable<Result<std::unique_ptr<client::Tunnel>>> open_by_listener() {
  CO_TRY(auto socket, co_await io::connect_tcp(kHere, kAwsPort, kPatience));
  io::set_socket_options(socket, {});
  co_return std::make_unique<RelayedTunnel>(io::make_tcp_stream(std::move(socket)));
}

// Returns when its listener has carried a byte there and back. The process is the caller's to end.
awaitable<pid_t> start_listener(AwsCli const& aws, BenchEndpoint& endpoint, std::uint16_t target) {
  auto words = "open-tunnel --instance-connect-endpoint-id " + endpoint.id() + " --private-ip-address " +
               BenchEndpoint::kAddress + " --remote-port " + std::to_string(target) + " --local-port " +
               std::to_string(kAwsPort) + " > /dev/null";
  auto process = start_worker([command = aws.command(words)] {
    ::close_range(3, ~0u, 0);  // a connection of ours ends when we close it
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  });
  auto deadline = io::SteadyClock::now() + kTransfer;
  auto tunnel = co_await open_by_listener();
  while (!tunnel && io::SteadyClock::now() < deadline) {
    co_await io::sleep_for(100ms);
    tunnel = co_await open_by_listener();
  }
  if (!tunnel) fail("the AWS CLI does not listen: " + tunnel.error().detail);
  auto echoing = echo_once(**tunnel);
  auto carried = co_await carry_in_time(**tunnel, std::move(echoing));
  if (!carried) fail("the AWS CLI carries nothing: " + carried.error().detail);
  co_return process;
}

awaitable<void> measure_aws_cli(BenchEndpoint& endpoint, std::uint16_t target, std::uint64_t size, int rounds,
                                Way const& relay) {
  auto aws = AwsCli::find("the AWS CLI");
  if (!aws) co_return;
  aws->learn(endpoint.plane(), endpoint.dns_name(), kHere);
  auto process = co_await start_listener(*aws, endpoint, target);
  Way way{"the AWS CLI", open_by_listener, {}, {}};
  for (int i = 0; i < rounds; i++) co_await measure_way(way, size / kAwsShare);
  stop_process(process, SIGKILL);
  say(way, relay);
}

awaitable<void> measure(std::uint64_t size, int rounds) {
  BenchEndpoint endpoint;
  co_await endpoint.open();
  auto plane = endpoint.plane().client();
  auto target = start_target();
  PlainRelay relay(target);
  auto asked = endpoint.tunnel_to(target);
  auto by_relay = [&]() -> awaitable<Result<std::unique_ptr<client::Tunnel>>> {
    CO_TRY(auto stream, co_await relay.connect());
    co_return std::make_unique<RelayedTunnel>(std::move(stream));
  };
  auto by_channel = [&] {
    return client::open_channel_tunnel(plane.another(), asked, {}, client::time_to_tell());
  };
  auto by_websocket = [&] {
    return client::open_websocket_tunnel(plane, asked, endpoint.dns_name(), client::time_to_tell());
  };
  Way ways[] = {{"a plain relay", by_relay, {}, {}},
                {"our client", by_channel, {}, {}},
                {"AWS's openTunnel", by_websocket, {}, {}}};
  for (int i = 0; i < rounds; i++)
    for (auto& way : ways) co_await measure_way(way, size);
  std::printf(
      "tunnel_throughput, client, plane, endpoint agent and target on this machine; %d transfers of %d MiB "
      "in "
      "turns, their median\n",
      rounds, static_cast<int>(size / 1024 / 1024));
  for (auto const& way : ways) say(way, ways[0]);
  co_await measure_aws_cli(endpoint, target, size, rounds, ways[0]);
  std::printf("  (budget: 80 %% of the relay)\n");
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  auto mebibytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 512;
  int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  fumidai::io::keep_memory_between_messages();  // as our programs do
  return in_own_world([=] {
    run_alone(measure(mebibytes * 1024 * 1024, rounds));
    return 0;
  });
}
