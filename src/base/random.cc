#include "base/random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace fumidai {

void fill_random(MutableByteView bytes) {
  // Without randomness nothing here can be trusted, so there is no error to return.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  fill_random(bytes);
  return bytes;
}

std::uint64_t random_below(std::uint64_t below) {
  // Values of the last, incomplete run of `below` would be drawn more often: draw again.
  auto limit = ~std::uint64_t{0} - ~std::uint64_t{0} % below;
  for (;;) {
    std::uint8_t bytes[8];
    fill_random(bytes);
    auto value = read_u64(bytes);
    if (value < limit) return value % below;
  }
}

std::string random_text(std::size_t count, std::string_view alphabet) {
  std::string text;
  while (text.size() < count) text += alphabet[random_below(alphabet.size())];
  return text;
}

std::string random_hex(std::size_t digits) {
  return to_hex(random_bytes((digits + 1) / 2)).substr(0, digits);
}

Secret random_secret(std::size_t bytes) {
  std::string value(bytes, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(value.data()), value.size()});
  return Secret(std::move(value));
}

}  // namespace fumidai
