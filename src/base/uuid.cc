#include "base/uuid.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"

namespace fumidai {

Uuid Uuid::random() {
  Uuid uuid;
  fill_random(uuid.bytes);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  bool dashes = text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
  if (!dashes) return Error{Errc::malformed, "not a UUID"};
  std::string digits(text);
  std::erase(digits, '-');
  if (digits.size() != 32) return Error{Errc::malformed, "not a UUID"};
  TRY(auto bytes, from_hex(digits));
  Uuid uuid;
  std::copy(bytes.begin(), bytes.end(), uuid.bytes.begin());
  return uuid;
}

std::string Uuid::text() const {
  auto digits = to_hex(bytes);
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

}  // namespace fumidai
