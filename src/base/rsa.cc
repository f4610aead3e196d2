#include "base/rsa.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cassert>
#include <memory>

namespace fumidai {

namespace {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

unsigned char const* raw(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}

bool use_pss(EVP_PKEY_CTX* parameters) {
  return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()) == 1;
}

Key read_public_key(std::string_view der) {
  auto const* at = raw(der);
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  bool whole = key && at == raw(der) + der.size() && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
  return whole ? std::move(key) : nullptr;
}

}  // namespace

RsaKeyPair generate_rsa_key() {
  Key key(EVP_RSA_gen(2048));
  assert(key);
  auto der = [&](auto encode) {
    unsigned char* out = nullptr;
    auto length = encode(key.get(), &out);
    std::string text(reinterpret_cast<char*>(out), static_cast<std::size_t>(length));
    OPENSSL_clear_free(out, static_cast<std::size_t>(length));
    return text;
  };
  return {Secret(der(i2d_PrivateKey)), der(i2d_PUBKEY)};
}

Result<Bytes> sign_pss(Secret const& private_key, std::string_view message) {
  auto const* at = raw(private_key.reveal());
  Key key(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(private_key.reveal().size())));
  if (!key) return Error{Errc::corrupt, "the private key cannot be read"};
  Context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  std::size_t length = 0;
  bool ok = EVP_DigestSignInit(context.get(), &parameters, EVP_sha256(), nullptr, key.get()) == 1 &&
            use_pss(parameters) &&
            EVP_DigestSign(context.get(), nullptr, &length, raw(message), message.size()) == 1;
  Bytes signature(length);
  ok = ok && EVP_DigestSign(context.get(), signature.data(), &length, raw(message), message.size()) == 1;
  if (!ok) return Error{Errc::corrupt, "the private key cannot sign"};
  signature.resize(length);
  return signature;
}

bool verify_pss(std::string_view public_key, std::string_view message, ByteView signature) {
  auto key = read_public_key(public_key);
  if (!key) return false;
  Context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  return EVP_DigestVerifyInit(context.get(), &parameters, EVP_sha256(), nullptr, key.get()) == 1 &&
         use_pss(parameters) &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), raw(message), message.size()) ==
             1;
}

Result<void> check_rsa_public_key(std::string_view public_key) {
  auto key = read_public_key(public_key);
  if (!key) return Error{Errc::malformed, "not an RSA public key in DER form"};
  auto bits = EVP_PKEY_get_bits(key.get());
  if (bits < 2048 || bits > 4096)
    return Error{Errc::invalid, "an RSA key of " + std::to_string(bits) + " bits; 2048 to 4096 are accepted"};
  return success();
}

}  // namespace fumidai
