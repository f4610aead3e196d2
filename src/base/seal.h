#pragma once

// Authenticated encryption for what is stored or handed out: keys in the database, session tokens.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace fumidai {

// AES-256-GCM under a 32-byte key. `context` says what the text is and where it belongs ("access-key AKIA…");
// it is not stored, and opening under another context fails, so that one sealed value cannot stand in for
// another. Form: version byte, 12-byte nonce, ciphertext, 16-byte tag. A random nonce limits one key to some
// 2^32 seals.
std::string seal(Secret const& key, std::string_view plain, std::string_view context);
Result<Secret> open_sealed(Secret const& key, std::string_view sealed, std::string_view context);

}  // namespace fumidai
