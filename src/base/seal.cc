#include "base/seal.h"

#include <openssl/evp.h>

#include <cassert>
#include <memory>

#include "base/random.h"

namespace fumidai {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kNonce = 12, kTag = 16, kOverhead = 1 + kNonce + kTag;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

unsigned char* raw(std::string& text, std::size_t at) {
  return reinterpret_cast<unsigned char*>(text.data() + at);
}
unsigned char const* raw(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}

}  // namespace

std::string seal(Secret const& key, std::string_view plain, std::string_view context) {
  assert(key.reveal().size() == 32);
  std::string sealed(kOverhead + plain.size(), '\0');
  sealed[0] = kVersion;
  fill_random({raw(sealed, 1), kNonce});
  Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  [[maybe_unused]] bool ok =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key.reveal()), raw(sealed, 1)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, raw(context), static_cast<int>(context.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), raw(sealed, 1 + kNonce), &length, raw(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), raw(sealed, 1 + kNonce + plain.size()), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, raw(sealed, 1 + kNonce + plain.size())) ==
          1;
  assert(ok);
  return sealed;
}

Result<Secret> open_sealed(Secret const& key, std::string_view sealed, std::string_view context) {
  assert(key.reveal().size() == 32);
  auto refused = Error{Errc::corrupt, "a sealed value does not open: another secret, or altered data"};
  if (sealed.size() < kOverhead || sealed[0] != kVersion) return refused;
  auto body = sealed.substr(1 + kNonce, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTag));
  std::string plain(body.size() + 1, '\0');
  Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  bool ok = EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key.reveal()),
                               raw(sealed.substr(1))) == 1 &&
            EVP_DecryptUpdate(cipher.get(), nullptr, &length, raw(context),
                              static_cast<int>(context.size())) == 1 &&
            EVP_DecryptUpdate(cipher.get(), raw(plain, 0), &length, raw(body),
                              static_cast<int>(body.size())) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
            EVP_DecryptFinal_ex(cipher.get(), raw(plain, body.size()), &length) == 1;
  plain.resize(body.size());
  Secret opened(std::move(plain));
  if (!ok) return refused;
  return opened;
}

}  // namespace fumidai
