#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cassert>
#include <memory>

namespace fumidai {

namespace {

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Digest sha256(ByteView bytes) {
  // Fetching the algorithm costs more than hashing a kilobyte, so both it and the context are kept.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local std::unique_ptr<EVP_MD_CTX, ContextDeleter> const context(EVP_MD_CTX_new());
  Digest digest;
  unsigned length = 0;
  [[maybe_unused]] bool ok = EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                             EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                             EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  assert(ok && length == digest.size());
  return digest;
}

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256(text));
}

Digest hmac_sha256(ByteView key, ByteView message) {
  Digest digest;
  unsigned length = 0;
  // HMAC() takes a null key for "the key of last time"; an empty key must stay an empty key.
  static constexpr std::uint8_t kNothing = 0;
  auto const* key_bytes = key.empty() ? &kNothing : key.data();
  [[maybe_unused]] auto* done = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), message.data(),
                                     message.size(), digest.data(), &length);
  assert(done != nullptr && length == digest.size());
  return digest;
}

Secret derive_key(Secret const& master, std::string_view purpose, std::size_t length) {
  assert(length <= 255 * 32);
  static constexpr Digest kNoSalt{};
  auto pseudo_random_key = hmac_sha256(kNoSalt, master.reveal());
  std::string key;
  Digest block{};
  for (std::uint8_t counter = 1; key.size() < length; counter++) {
    std::string input;
    if (counter > 1) input += as_text(block);
    input += purpose;
    input += static_cast<char>(counter);
    block = hmac_sha256(pseudo_random_key, input);
    key += as_text(block);
  }
  key.resize(length);
  return Secret(std::move(key));
}

std::array<std::uint8_t, 20> sha1_for_websocket(std::string_view text) {
  std::array<std::uint8_t, 20> digest;
  SHA1(reinterpret_cast<unsigned char const*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace fumidai
