// The target of openTunnel, which a signature covers but its signer wrote: reading it must not crash, what is
// refused is told in words, and what is accepted means the same when it is written and read again.

#include "input.h"
#include "wire/open_tunnel.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

void read(std::string_view target, TunnelTerms const& terms) {
  auto tunnel = parse_open_tunnel(target, terms);
  if (!tunnel) {
    require(tunnel.error().aws == "InvalidParameter" && !tunnel.error().detail.empty());
    require(tunnel.error().detail.size() < 1000);
    return;
  }
  require(tunnel->port > 0 && tunnel->duration >= std::chrono::seconds(1) &&
          tunnel->duration <= terms.longest);
  auto again = parse_open_tunnel(open_tunnel_target(*tunnel), terms);
  require(again && *again == *tunnel);
}

// A reason fits its frame and is told as it stands.
void close(std::string_view text) {
  auto reason = close_reason(TunnelEnd::policy, text);
  auto told = parse_close(encode_close(reason.code, reason.text));
  require(reason.text.size() <= 123 && told.code == reason.code && told.text == reason.text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto text = as_text({data, size});
  read(text, {});
  read(text, {{22, 3389}, std::chrono::hours(1)});
  close(text);
  return 0;
}
