#pragma once

// The keys with which people log in by SSH, in the files that OpenSSH reads, and EC2's fingerprints of them
// (api-surface.md 2.3): of an RSA key that was made, SHA-1 of the private key in PKCS#8; of an imported one,
// MD5 of the public key; of an Ed25519 key, SHA-256 of its blob in base64.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace fumidai {

enum class SshKeyType { rsa, ed25519 };

constexpr std::string_view to_string(SshKeyType type) {
  return type == SshKeyType::rsa ? "rsa" : "ed25519";
}

struct SshPublicKey {
  SshKeyType type;
  std::string line;  // "ssh-ed25519 AAAA…": an entry of authorized_keys, without a comment
  std::string fingerprint;
  int bits = 256;  // of an RSA key's modulus

  std::string openssh_fingerprint() const;  // "SHA256:…", as ssh and sshd write it
};

struct SshKeyPair {
  Secret private_key;       // PEM: RSA in PKCS#1, Ed25519 in OpenSSH's own form
  Secret private_numbers;   // the same as strings of SSH's wire: RSA's d, p, q, 1/q mod p; Ed25519's seed
  SshPublicKey public_key;  // with the fingerprint of a key that was made
};

// RSA has 2048 bits, and takes a tenth of a second.
SshKeyPair generate_ssh_key(SshKeyType type);

// From the text of a .pub file: one key; what its comment says is dropped. Error: malformed; for RSA keys of
// other than 1024, 2048 or 4096 bits as well.
Result<SshPublicKey> parse_ssh_public_key(std::string_view text);

// From the text of a private key's file, as it is made here or by ssh-keygen; the fingerprint is that of an
// imported key. Error: malformed.
Result<SshPublicKey> public_half(Secret const& private_key);

}  // namespace fumidai
