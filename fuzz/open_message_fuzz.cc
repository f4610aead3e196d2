// The first text of a channel, from somebody who is not proven yet: reading it must not crash, and what was
// read means the same when it is written and read again.

#include "input.h"
#include "wire/session_payloads.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

template <Shape T>
void read(std::string_view text) {
  auto open = from_json_text<T>(text);
  if (!open) {
    require(open.error().code == Errc::malformed && !open.error().detail.empty());
    return;
  }
  auto written = to_json_text(*open);
  auto again = from_json_text<T>(written);
  require(again && to_json_text(*again) == written);
  require(again->token_value.equals(open->token_value.reveal()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto text = as_text({data, size});
  read<OpenControlChannel>(text);
  read<OpenDataChannel>(text);
  return 0;
}
