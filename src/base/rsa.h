#pragma once

// The RSA keys with which registered agents sign (session-manager.md 4.2): 2048 bits, PSS, SHA-256, salt of
// 32 bytes.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace fumidai {

struct RsaKeyPair {
  Secret private_key;      // PKCS#1 DER
  std::string public_key;  // SubjectPublicKeyInfo DER
};

RsaKeyPair generate_rsa_key();

Result<Bytes> sign_pss(Secret const& private_key, std::string_view message);
// False for a wrong signature and for a key that is none.
bool verify_pss(std::string_view public_key, std::string_view message, ByteView signature);

// Accepts RSA keys of 2048 to 4096 bits.
Result<void> check_rsa_public_key(std::string_view public_key);

}  // namespace fumidai
