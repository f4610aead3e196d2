#include "io/linger.h"

namespace fumidai::io {

namespace {

constexpr std::size_t kChunk = 16 * 1024 + 512;  // one TLS record and its header
// Between two chunks of what is passed over: a peer that floods is slowed down to some megabytes a second, or
// some hundred reads in each.
constexpr auto kBetweenChunks = std::chrono::milliseconds(2);
constexpr std::size_t kOfARead = 32;

}  // namespace

awaitable<void> linger(Stream& stream, SteadyClock::duration patience) {
  stream.expire_after(patience);
  for (std::size_t passed_over = 0;;) {
    auto ready = co_await stream.wait_readable();  // without a buffer: there may be thousands
    if (!ready) break;
    Bytes chunk(kChunk);
    auto count = co_await stream.read_some(chunk);
    if (!count || *count == 0) break;
    passed_over += *count + kOfARead;
    if (passed_over < kChunk) continue;
    passed_over = 0;
    co_await sleep_for(kBetweenChunks);
  }
  stream.close();
}

}  // namespace fumidai::io
