#include "io/linger.h"

#include "io/tls_record.h"

namespace fumidai::io {

namespace {

constexpr auto kOfARecord = std::chrono::milliseconds(2);
constexpr std::size_t kOfARead = 32;

}  // namespace

awaitable<void> Leavings::pass_over(std::size_t count) {
  passed_over_ += count + kOfARead;
  if (passed_over_ < kTlsRecord) co_return;
  co_await sleep_for(kOfARecord * (passed_over_ / kTlsRecord));
  passed_over_ %= kTlsRecord;
}

awaitable<void> linger(Stream& stream, SteadyClock::duration patience) {
  stream.expire_after(patience);
  for (Leavings leavings;;) {
    auto ready = co_await stream.wait_readable();  // without a buffer: there may be thousands
    if (!ready) break;
    Bytes chunk(kTlsRecord);
    auto count = co_await stream.read_some(chunk);
    if (!count || *count == 0) break;
    co_await leavings.pass_over(*count);
  }
  stream.close();
}

}  // namespace fumidai::io
