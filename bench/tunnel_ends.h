#pragma once

// Near ends of tunnels, for benchmarks that do not count bytes.

#include "bench_target.h"
#include "client/tunnel.h"
#include "io/wait.h"

namespace fumidai::bench {

// Orders, and then says nothing.
inline client::NearEnd quiet_after(Bytes order, std::function<awaitable<bool>(Bytes)> write) {
  auto unsaid = std::make_shared<Bytes>(std::move(order));
  auto read = [unsaid]() -> awaitable<Bytes> {
    if (unsaid->empty()) co_await io::sleep_for(std::chrono::hours(24));
    co_return std::exchange(*unsaid, {});
  };
  return {read, std::move(write)};
}

inline Bytes order_one_echo() {
  auto order = encode(Order::echo);
  order.push_back('x');
  return order;
}

// Until one byte has gone there and come back, which ends the tunnel. Error: that of the tunnel.
inline awaitable<Result<void>> echo_once(client::Tunnel& tunnel) {
  auto write = [](Bytes) -> awaitable<bool> { co_return false; };
  auto near = quiet_after(order_one_echo(), write);
  co_return co_await tunnel.carry(std::move(near));
}

}  // namespace fumidai::bench
