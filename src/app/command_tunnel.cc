// fumidai tunnel

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <set>

#include "app/client_command.h"
#include "app/commands.h"
#include "client/console_io.h"
#include "client/tunnel.h"
#include "io/task_group.h"
#include "io/tcp.h"
#include "networks/connect_limits.h"

namespace fumidai::app {

namespace {

using asio::ip::tcp;

constexpr std::chrono::seconds kGoodbyes{3};

struct TunnelArguments {
  ClientArguments client;
  std::string target, listen;
  std::uint16_t port = 22;
  std::int64_t seconds = wire::kUsualTunnelDuration.count();
  bool listens = false;  // else on standard streams
  bool is_verbose = false;

  std::chrono::seconds duration() const { return std::chrono::seconds(seconds); }
};

void tell(std::string const& sentence) {
  std::fprintf(stderr, "[fumidai] %s\n", sentence.c_str());
}

// ssh ends its ProxyCommand by a signal, and the other end is not to wait for our return. What is being
// opened at that moment is given up by the server.
std::set<client::Tunnel*> ended_by_signals;
bool is_hanging_up = false;  // how tunnels end then is no failure

awaitable<void> end_on_signal(int status) {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGHUP, SIGINT, SIGTERM);
  co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
  is_hanging_up = true;
  for (auto* tunnel : ended_by_signals) tunnel->hang_up();
  auto deadline = io::SteadyClock::now() + kGoodbyes;
  while (!ended_by_signals.empty() && io::SteadyClock::now() < deadline)
    co_await io::sleep_for(std::chrono::milliseconds(5));
  std::_Exit(status);
}

awaitable<Result<std::unique_ptr<client::Tunnel>>> open_one(client::Plane& plane,
                                                            TunnelArguments const& arguments) {
  auto deadline = client::time_to_tell();
  CO_TRY(auto target, co_await client::find_tunnel(plane, arguments.target, deadline));
  co_return co_await client::open_tunnel(plane, std::move(target), arguments.port, arguments.duration(), tell,
                                         deadline, arguments.is_verbose);
}

awaitable<Result<int>> on_standard_streams(client::Plane& plane, TunnelArguments const& arguments) {
  CO_TRY(auto tunnel, co_await open_one(plane, arguments));
  client::ConsoleInput input(co_await asio::this_coro::executor);
  client::ConsoleOutput output;
  client::NearEnd near{[&input] { return input.read(); },
                       [&output](Bytes bytes) { return output.write(1, std::move(bytes)); }};
  // Whoever sits at a terminal has nothing more to say to who has left.
  if (!input.is_terminal()) near.finish = [&output] { output.finish(1); };
  ended_by_signals.insert(tunnel.get());
  auto carried = co_await tunnel->carry(std::move(near));
  ended_by_signals.erase(tunnel.get());
  if (is_hanging_up) co_return 255;
  CO_CHECK(carried);
  co_return 0;
}

awaitable<Result<void>> serve_connection(client::Plane plane, TunnelArguments const& arguments,
                                         io::Stream& connection) {
  CO_TRY(auto tunnel, co_await open_one(plane, arguments));
  auto read = [&connection]() -> awaitable<Bytes> {
    Bytes chunk(64 * 1024);
    auto count = co_await connection.read_some(chunk);
    chunk.resize(count ? *count : 0);
    co_return chunk;
  };
  auto write = [&connection](Bytes bytes) -> awaitable<bool> {
    auto written = co_await connection.write(bytes);
    co_return written.has_value();
  };
  client::NearEnd near{read, write, [&connection] { connection.finish_writing(); }};
  ended_by_signals.insert(tunnel.get());
  auto carried = co_await tunnel->carry(std::move(near));
  ended_by_signals.erase(tunnel.get());
  co_return carried;
}

awaitable<void> serve_one(client::Plane& plane, TunnelArguments const& arguments,
                          std::unique_ptr<io::Stream> connection) {
  auto served = co_await serve_connection(plane.another(), arguments, *connection);
  if (!served && !is_hanging_up) tell(served.error().detail);
  connection->close();
}

std::string in_words(tcp::endpoint const& at) {
  return to_string(wire::HostPort{at.address().to_string(), at.port()});
}

Result<tcp::endpoint> parse_listen(std::string const& text) {
  bool is_port_alone = text.find(':') == text.npos;
  auto at = wire::parse_host_port(is_port_alone ? "127.0.0.1:" + text : text);
  boost::system::error_code error;
  auto address = at ? asio::ip::make_address(at->host, error) : asio::ip::address();
  if (at && !error) return tcp::endpoint(address, at->port);
  return Error{Errc::invalid,
               "--listen " + printable(text, 64) + ": " +
                   (at ? "'" + at->host + "' is not an address" : at.error().detail) +
                   "; write a port of this machine (0 to 65535, 0 for one that is free), or an "
                   "address of it and a port, as in: --listen 2222 or --listen 127.0.0.1:2222"};
}

Result<tcp::acceptor> listener(asio::any_io_executor executor, tcp::endpoint at) {
  boost::system::error_code error;
  tcp::acceptor acceptor(executor);
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(128, error);
  if (error)
    return Error{Errc::conflict, "cannot listen on " + in_words(at) + ": " + error.message() +
                                     "; choose another with --listen"};
  return acceptor;
}

awaitable<Result<int>> on_port(client::Plane& plane, TunnelArguments const& arguments, tcp::endpoint at) {
  auto executor = co_await asio::this_coro::executor;
  CO_TRY(auto acceptor, listener(executor, at));
  // What cannot work is told now, and not at the first connection.
  auto deadline = client::time_to_tell();
  CO_TRY(auto target, co_await client::find_tunnel(plane, arguments.target, deadline));
  tell("listening on " + in_words(acceptor.local_endpoint()) + " for " + target.name() + " port " +
       std::to_string(arguments.port) + " through " + target.way(0) + "; Ctrl-C ends it");
  io::TaskGroup connections(executor, "tunnel connections");
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) {
      tell("cannot accept a connection: " + error.message());
      co_await io::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    io::set_socket_options(socket, {});
    io::set_patient(socket);
    connections.spawn(serve_one(plane, arguments, io::make_tcp_stream(std::move(socket))));
  }
}

Result<int> run_tunnel(TunnelArguments const& arguments) {
  tcp::endpoint at;
  if (arguments.listens) {
    TRY(at, parse_listen(arguments.listen));
  }
  asio::io_context loop(1);
  TRY(auto plane, make_plane(arguments.client.profile));
  auto work = arguments.listens ? on_port(plane, arguments, at) : on_standard_streams(plane, arguments);
  // Who listens is there until he is told to end; a connection that is told to has been cut short.
  asio::co_spawn(loop, end_on_signal(arguments.listens ? 0 : 255), asio::detached);
  return run_on_loop(loop, std::move(work));
}

}  // namespace

void add_tunnel_command(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<TunnelArguments>();
  auto* tunnel =
      app.add_subcommand("tunnel",
                         "A TCP connection to a port of an instance, through a connect endpoint or its "
                         "agent: on standard input and output, or for whoever connects to --listen. Exits "
                         "with 255 when that fails, as ssh does");
  tunnel
      ->add_option("target", arguments->target,
                   "An instance's id, its name, a tag KEY=VALUE that only one has, or an address")
      ->required();
  tunnel->add_option("port", arguments->port, "Which port of it")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  auto* listen = tunnel->add_option("--listen", arguments->listen, "[ADDRESS:]PORT of this machine");
  tunnel->add_option("--max-tunnel-duration", arguments->seconds, "Seconds after which a tunnel is closed")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, networks::ConnectLimits::none().max_duration.count()));
  tunnel->add_flag("-v,--verbose", arguments->is_verbose,
                   "Tell each way that is taken, once it is connected");
  add_client_arguments(*tunnel, arguments->client);
  tunnel->callback([arguments, listen, &run] {
    arguments->listens = listen->count() > 0;  // of an empty one, too
    run = [arguments] { return run_tunnel(*arguments); };
  });
}

}  // namespace fumidai::app
