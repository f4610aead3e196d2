#include "base/secret.h"

#include <openssl/crypto.h>

namespace fumidai {

bool Secret::equals(std::string_view other) const {
  return equal_in_constant_time(value_, other);
}

void Secret::wipe() noexcept {
  if (!value_.empty()) OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace fumidai
