#include "bench_target.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "bench_plane.h"
#include "io/tcp.h"

namespace fumidai::bench {

using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

constexpr std::size_t kOrderSize = 9, kChunk = 64 * 1024;

awaitable<Result<void>> read_exactly(io::Stream& stream, MutableByteView into) {
  while (!into.empty()) {
    CO_TRY(auto count, co_await stream.read_some(into));
    if (count == 0) co_return Error{Errc::closed, "the stream ended"};
    into = into.subspan(count);
  }
  co_return success();
}

awaitable<Result<void>> echo(io::Stream& stream) {
  for (;;) {
    CO_CHECK(co_await stream.wait_readable());
    Bytes chunk(kChunk);
    CO_TRY(auto count, co_await stream.read_some(chunk));
    if (count == 0) co_return success();
    CO_CHECK(co_await stream.write(ByteView(chunk).first(count)));
  }
}

awaitable<Result<void>> give(io::Stream& stream, std::uint64_t count) {
  Bytes chunk(kChunk, 'x');
  while (count > 0) {
    auto part = std::min<std::uint64_t>(count, chunk.size());
    CO_CHECK(co_await stream.write(ByteView(chunk).first(part)));
    count -= part;
  }
  co_return success();
}

awaitable<Result<void>> take(io::Stream& stream, std::uint64_t count) {
  Bytes chunk(kChunk);
  while (count > 0) {
    CO_TRY(auto part, co_await stream.read_some(chunk));
    if (part == 0) co_return Error{Errc::closed, "the stream ended"};
    count -= part;
  }
  co_return co_await stream.write(ByteView(chunk).first(1));
}

awaitable<void> serve(io::Socket socket) {
  auto stream = io::make_tcp_stream(std::move(socket));
  Bytes order(kOrderSize);
  auto ordered = co_await read_exactly(*stream, order);
  if (!ordered) co_return;
  auto count = read_u64(order.data() + 1);
  switch (static_cast<Order>(order[0])) {
    case Order::echo: co_await echo(*stream); break;
    case Order::give: co_await give(*stream, count); break;
    case Order::take: co_await take(*stream, count); break;
    case Order::stall: break;
  }
  if (static_cast<Order>(order[0]) == Order::stall) co_await io::sleep_for(24h);
  stream->finish_writing();
  co_await stream->wait_readable();  // until the other end has read, and closes
}

awaitable<void> accept(tcp::acceptor& acceptor) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    io::set_socket_options(socket, {});
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

Bytes encode(Order order, std::uint64_t count) {
  Bytes bytes(kOrderSize);
  bytes[0] = static_cast<std::uint8_t>(order);
  write_u64(bytes.data() + 1, count);
  return bytes;
}

std::uint16_t start_target() {
  asio::io_context here(1);
  tcp::acceptor listening(here, {tcp::v4(), 0});
  auto port = listening.local_endpoint().port();
  int descriptor = listening.native_handle();
  start_worker([descriptor] {
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, tcp::v4(), descriptor);
    asio::co_spawn(loop, accept(acceptor), asio::detached);
    loop.run();
  });
  return port;
}

}  // namespace fumidai::bench
