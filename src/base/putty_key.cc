#include "base/putty_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cassert>

#include "base/bytes.h"
#include "base/ssh_string.h"

namespace fumidai {

namespace {

constexpr std::string_view kEncryption = "none", kMacPurpose = "putty-private-key-file-mac-key";
constexpr std::size_t kColumns = 64;
constexpr std::size_t kRoom = 8192;  // in one place, so that no copy of a secret is left behind

void put_lines(std::string& file, std::string_view field, std::string_view base64) {
  file += field;
  file += "-Lines: " + std::to_string((base64.size() + kColumns - 1) / kColumns) + "\n";
  for (std::size_t at = 0; at < base64.size(); at += kColumns) {
    file += base64.substr(at, kColumns);
    file += '\n';
  }
}

// HMAC-SHA-1; its key would have the passphrase after the purpose.
std::string mac_of(std::string_view name, std::string_view comment, std::string_view blob,
                   Secret const& numbers) {
  std::string text;
  text.reserve(kRoom);
  for (auto part : {name, kEncryption, comment, blob, std::string_view(numbers.reveal())})
    put_ssh_string(text, part);
  Secret covered(std::move(text));
  unsigned char key[EVP_MAX_MD_SIZE], mac[EVP_MAX_MD_SIZE];
  unsigned key_length = 0, length = 0;
  EVP_Digest(kMacPurpose.data(), kMacPurpose.size(), key, &key_length, EVP_sha1(), nullptr);
  auto bytes = as_bytes(covered.reveal());
  HMAC(EVP_sha1(), key, static_cast<int>(key_length), bytes.data(), bytes.size(), mac, &length);
  return to_hex({mac, length});
}

}  // namespace

Secret putty_file(SshKeyPair const& pair, std::string_view comment) {
  std::string_view line = pair.public_key.line;
  auto name = line.substr(0, line.find(' ')), blob_text = line.substr(name.size() + 1);
  auto blob = from_base64(blob_text);
  assert(blob && "a key that was made or parsed here");
  Secret numbers(to_base64(as_bytes(pair.private_numbers.reveal())));
  std::string file;
  file.reserve(kRoom);
  file.append("PuTTY-User-Key-File-2: ").append(name);
  file.append("\nEncryption: ").append(kEncryption);
  file.append("\nComment: ").append(comment).append("\n");
  put_lines(file, "Public", blob_text);
  put_lines(file, "Private", numbers.reveal());
  file += "Private-MAC: " + mac_of(name, comment, as_text(*blob), pair.private_numbers) + "\n";
  return Secret(std::move(file));
}

}  // namespace fumidai
