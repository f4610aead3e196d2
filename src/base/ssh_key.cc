#include "base/ssh_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cassert>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/ssh_string.h"

namespace fumidai {

namespace {

template <auto release>
struct Deleter {
  void operator()(auto* held) const { release(held); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;

constexpr std::string_view kRsaName = "ssh-rsa", kEdName = "ssh-ed25519";
constexpr std::string_view kRsaLabel = "RSA PRIVATE KEY", kOpenSshLabel = "OPENSSH PRIVATE KEY";
constexpr std::string_view kOpenSshMagic("openssh-key-v1\0", 15);
constexpr std::size_t kEdSize = 32;

// The text is wiped by the Secret that it becomes part of; this buffer, here.
template <class Encode>
std::string der_of(Encode encode) {
  unsigned char* out = nullptr;
  auto length = encode(&out);
  assert(length > 0);
  std::string text(reinterpret_cast<char*>(out), static_cast<std::size_t>(length));
  OPENSSL_clear_free(out, static_cast<std::size_t>(length));
  return text;
}

std::string pem(std::string_view label, std::string_view bytes, std::size_t columns) {
  auto text = to_base64(as_bytes(bytes));
  auto file = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < text.size(); at += columns) file += text.substr(at, columns) + "\n";
  return file + "-----END " + std::string(label) + "-----\n";
}

std::string with_colons(EVP_MD const* digest, std::string_view bytes) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash, &length, digest, nullptr);
  auto hex = to_hex({hash, length});
  for (std::size_t at = hex.size() - 2; at > 0; at -= 2) hex.insert(at, ":");
  return hex;
}

// A positive number: the first bit is a sign, so one that is set gets a zero before it.
void put_number(std::string& out, BIGNUM const* number) {
  auto length = BN_num_bits(number) / 8 + 1;
  put_ssh_string(out, std::string(static_cast<std::size_t>(length), '\0'));
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data() + out.size()) - length, length);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  Result<std::uint32_t> number() {
    if (rest_.size() < 4) return Error{Errc::malformed, "it ends too early"};
    auto number = read_u32(as_bytes(rest_).data());
    rest_.remove_prefix(4);
    return number;
  }
  Result<std::string_view> next() {
    TRY(auto length, number());
    if (length > rest_.size()) return Error{Errc::malformed, "it ends too early"};
    auto text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }
  bool is_done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

Number number_of(EVP_PKEY const* key, char const* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  assert(number);
  return Number(number);
}

std::string rsa_blob(EVP_PKEY const* key) {
  std::string blob;
  put_ssh_string(blob, kRsaName);
  put_number(blob, number_of(key, OSSL_PKEY_PARAM_RSA_E).get());
  put_number(blob, number_of(key, OSSL_PKEY_PARAM_RSA_N).get());
  return blob;
}

std::string ed_blob(std::string_view point) {
  std::string blob;
  put_ssh_string(blob, kEdName);
  put_ssh_string(blob, point);
  return blob;
}

std::string line_of(std::string_view name, std::string_view blob) {
  return std::string(name) + " " + to_base64(as_bytes(blob));
}

SshPublicKey ed_public_key(std::string const& blob) {
  return {SshKeyType::ed25519, line_of(kEdName, blob), to_base64(sha256(blob))};
}

Secret rsa_numbers(EVP_PKEY const* key) {
  std::string numbers;
  numbers.reserve(1024);  // in one place, so that no copy is left behind
  for (auto name : {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
                    OSSL_PKEY_PARAM_RSA_COEFFICIENT1})
    put_number(numbers, number_of(key, name).get());
  return Secret(std::move(numbers));
}

SshKeyPair generate_rsa() {
  Key key(EVP_RSA_gen(2048));
  assert(key);
  Secret pkcs1(der_of([&](auto** out) { return i2d_PrivateKey(key.get(), out); }));
  Pkcs8 info(EVP_PKEY2PKCS8(key.get()));
  Secret pkcs8(der_of([&](auto** out) { return i2d_PKCS8_PRIV_KEY_INFO(info.get(), out); }));
  return {Secret(pem(kRsaLabel, pkcs1.reveal(), 64)),
          rsa_numbers(key.get()),
          {SshKeyType::rsa, line_of(kRsaName, rsa_blob(key.get())), with_colons(EVP_sha1(), pkcs8.reveal()),
           2048}};
}

// OpenSSH's PROTOCOL.key, without a passphrase.
Secret ed_private_file(std::string const& blob, std::string_view point, Secret const& seed) {
  std::string secret_part;
  auto check = random_bytes(4);
  secret_part.reserve(256);  // in one place, so that no copy is left behind
  for (int i = 0; i < 2; i++) secret_part += as_text(check);
  put_ssh_string(secret_part, kEdName);
  put_ssh_string(secret_part, point);
  put_ssh_string(secret_part, seed.reveal() + std::string(point));
  put_ssh_string(secret_part, "");  // no comment
  for (char pad = 1; secret_part.size() % 8 != 0; pad++) secret_part += pad;
  std::string file(kOpenSshMagic);
  put_ssh_string(file, "none");
  put_ssh_string(file, "none");
  put_ssh_string(file, "");
  file += std::string("\0\0\0\1", 4);
  put_ssh_string(file, blob);
  put_ssh_string(file, secret_part);
  return Secret(pem(kOpenSshLabel, file, 70));
}

Secret ed_numbers(Secret const& seed) {
  std::string numbers;
  put_ssh_string(numbers, seed.reveal());
  return Secret(std::move(numbers));
}

SshKeyPair generate_ed() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  assert(key);
  std::string point(kEdSize, '\0'), seed(kEdSize, '\0');
  std::size_t length = kEdSize;
  EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(point.data()), &length);
  EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()), &length);
  auto blob = ed_blob(point);
  Secret secret_seed(std::move(seed));
  return {ed_private_file(blob, point, secret_seed), ed_numbers(secret_seed), ed_public_key(blob)};
}

Key rsa_key(std::string_view e, std::string_view n) {
  auto number = [](std::string_view bytes) {
    return Number(BN_bin2bn(as_bytes(bytes).data(), static_cast<int>(bytes.size()), nullptr));
  };
  auto exponent = number(e), modulus = number(n);
  std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) == 1)
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
  return Key(key);
}

// Odd, and not negative.
bool is_odd(std::string_view number) {
  return !number.empty() && static_cast<unsigned char>(number.front()) < 0x80 && (number.back() & 1) == 1;
}

Result<SshPublicKey> parse_rsa(Reader& reader) {
  TRY(auto e, reader.next());
  TRY(auto n, reader.next());
  constexpr std::size_t kMostBytes = 4096 / 8 + 1;
  bool fits = is_odd(e) && is_odd(n) && e.size() <= 8 && n.size() <= kMostBytes && e != "\1";
  auto key = fits ? rsa_key(e, n) : nullptr;
  auto bits = key ? EVP_PKEY_get_bits(key.get()) : 0;
  if (bits != 1024 && bits != 2048 && bits != 4096)
    return Error{Errc::malformed, "an RSA key has 1024, 2048 or 4096 bits"};
  auto der = der_of([&](auto** out) { return i2d_PUBKEY(key.get(), out); });
  return SshPublicKey{SshKeyType::rsa, line_of(kRsaName, rsa_blob(key.get())), with_colons(EVP_md5(), der),
                      bits};
}

Result<SshPublicKey> parse_ed(Reader& reader) {
  TRY(auto point, reader.next());
  if (point.size() != kEdSize) return Error{Errc::malformed, "an Ed25519 key has 32 bytes"};
  return ed_public_key(ed_blob(point));
}

Result<SshPublicKey> parse_blob(std::string_view blob) {
  Reader reader(blob);
  TRY(auto name, reader.next());
  if (name != kRsaName && name != kEdName)
    return Error{Errc::malformed, "it is neither an ssh-rsa nor an ssh-ed25519 key"};
  TRY(auto key, name == kRsaName ? parse_rsa(reader) : parse_ed(reader));
  if (!reader.is_done()) return Error{Errc::malformed, "there is more in it than a key"};
  return key;
}

// What `pem` wrote. Nothing, for another label or what is no PEM.
std::optional<Secret> bytes_of_pem(std::string_view file, std::string_view label) {
  auto first = "-----BEGIN " + std::string(label) + "-----\n";
  auto last = "\n-----END " + std::string(label) + "-----";
  if (!file.starts_with(first) || !file.ends_with(last)) return std::nullopt;
  std::string text(file.substr(first.size(), file.size() - first.size() - last.size()));
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  Secret lines(std::move(text));
  auto bytes = from_base64(lines.reveal());
  if (!bytes) return std::nullopt;
  return Secret(std::string(as_text(*bytes)));
}

// The public half is there in clear, also where the other has a passphrase.
Result<SshPublicKey> public_half_of_openssh(std::string_view file) {
  if (!file.starts_with(kOpenSshMagic)) return Error{Errc::malformed, "it is no private key of OpenSSH"};
  Reader reader(file.substr(kOpenSshMagic.size()));
  for (int i = 0; i < 3; i++) CHECK(reader.next());  // cipher, key derivation, its options
  TRY(auto count, reader.number());
  if (count != 1) return Error{Errc::malformed, "it is more than one key"};
  TRY(auto blob, reader.next());
  return parse_blob(blob);
}

Result<SshPublicKey> public_half_of_rsa(std::string_view file) {
  auto const* at = as_bytes(file).data();
  Key key(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(file.size())));
  if (!key) return Error{Errc::malformed, "it is no RSA key"};
  return parse_blob(rsa_blob(key.get()));
}

}  // namespace

std::string SshPublicKey::openssh_fingerprint() const {
  auto blob = from_base64(std::string_view(line).substr(line.find(' ') + 1));
  assert(blob && "a key that was made or parsed here");
  auto digest = to_base64(sha256(*blob));
  return "SHA256:" + digest.substr(0, digest.find('='));  // without padding
}

SshKeyPair generate_ssh_key(SshKeyType type) {
  return type == SshKeyType::rsa ? generate_rsa() : generate_ed();
}

Result<SshPublicKey> parse_ssh_public_key(std::string_view text) {
  auto line = trimmed(text);
  if (line.find('\n') != line.npos) return Error{Errc::malformed, "it is more than one line"};
  auto name = line.substr(0, line.find(' '));
  auto rest = trimmed(line.substr(name.size()));
  TRY(auto blob, from_base64(rest.substr(0, rest.find_first_of(" \t"))));
  TRY(auto key, parse_blob(as_text(blob)));
  if (!key.line.starts_with(std::string(name) + " "))
    return Error{Errc::malformed, "it is another kind of key than it says"};
  return key;
}

Result<SshPublicKey> public_half(Secret const& private_key) {
  auto text = trimmed(private_key.reveal());
  if (auto file = bytes_of_pem(text, kOpenSshLabel)) return public_half_of_openssh(file->reveal());
  if (auto file = bytes_of_pem(text, kRsaLabel)) return public_half_of_rsa(file->reveal());
  return Error{Errc::malformed, "it is neither an RSA key in PKCS#1 nor a private key of OpenSSH"};
}

}  // namespace fumidai
