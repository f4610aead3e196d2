// The file of active keys, as a metadata service that is not ours may give it to our command, and a key, as a
// caller pushes it: reading neither may crash; what was read is written as it is read, and a key stays one
// line.

#include "input.h"
#include "wire/authorized_keys.h"

namespace {

using namespace fumidai;
using fuzz::require;

void check_file(std::string_view text) {
  auto keys = wire::parse_active_keys(text);
  if (!keys) return;
  for (auto const& each : *keys) {
    require(!each.key.instance.empty() && !each.signature.empty() && each.key.key.starts_with("ssh"));
    require(each.signed_text.ends_with(each.key.key + "\n"));
    static_cast<void>(wire::is_usable(each.key, each.key.instance, "", each.key.expires));
    if (each.signed_text.find_first_of(std::string_view("\r\0", 2)) != std::string::npos) continue;
    auto again = wire::parse_active_keys(wire::write_active_key(each.key, each.signature));
    require(again && again->size() == 1 && again->front().key.key == each.key.key &&
            again->front().key.caller == each.key.caller && again->front().signature == each.signature);
  }
}

void check_key(std::string_view text) {
  auto key = wire::check_pushed_key(text);
  if (!key) return;
  require(key->line.find_first_of(std::string_view("\r\n\0\"", 4)) == std::string::npos);
  require(wire::check_pushed_key(key->line)->line == key->line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto text = as_text({data, size});
  check_file(text);
  check_key(text);
  static_cast<void>(wire::parse_keys_answer(text));
  require(!wire::is_os_user(text) || text.find_first_of(std::string_view("/ \r\n\0", 5)) == text.npos);
  return 0;
}
