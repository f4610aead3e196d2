#include "io/key_signer.h"

#include <openssl/rsa.h>

#include "base/rsa.h"
#include "io/x509.h"

namespace fumidai::io {

using namespace x509;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::days kAuthorityLife{3650}, kLeafLife{90}, kLeafRenewedBefore{30}, kStapleLife{7},
    kStapleRenewedAfter{1};
constexpr std::chrono::seconds kBackdated{3600}, kStapleBackdated{60};  // for clocks that differ
constexpr std::size_t kMostRemembered = 1000;
constexpr std::size_t kLongestChain = 8;

// It signs the OCSP responses of what it issued as well.
constexpr char const* kIssuerUsage = "critical,keyCertSign,cRLSign,digitalSignature";

struct Issued {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
};

Owned<EVP_PKEY> rsa_key() {
  return Owned<EVP_PKEY>(EVP_RSA_gen(2048));
}

// By `issuer`, or by itself when there is none. The profile is what `openssl verify -x509_strict` accepts.
Issued issue(Issued const* issuer, std::string const& name, std::string const& constraints, char const* usage,
             std::chrono::days life, Time now) {
  auto key = rsa_key();
  auto certificate = unsigned_certificate(name, key.get(), now, life);
  auto* by = issuer != nullptr ? issuer->certificate.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(by));
  add_extension(certificate.get(), by, NID_basic_constraints, "critical," + constraints);
  add_extension(certificate.get(), by, NID_key_usage, usage);
  add_extension(certificate.get(), by, NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), by, NID_authority_key_identifier, "keyid:always");
  X509_sign(certificate.get(), issuer != nullptr ? issuer->key.get() : key.get(), EVP_sha256());
  return {std::move(certificate), std::move(key)};
}

template <class Encode>
Bytes der_of(Encode encode) {
  unsigned char* out = nullptr;
  auto length = encode(&out);
  Bytes bytes(out, out + length);
  OPENSSL_free(out);
  return bytes;
}

std::string fingerprint(X509 const* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  X509_digest(certificate, EVP_sha1(), digest, &length);
  auto hex = to_hex({digest, length});
  for (auto& c : hex) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return hex;
}

// That a certificate is good, in its issuer's words.
std::string staple(X509* certificate, Issued const& issuer, Time now) {
  Owned<OCSP_BASICRESP> basic(OCSP_BASICRESP_new());
  Owned<OCSP_CERTID> id(OCSP_cert_to_id(EVP_sha1(), certificate, issuer.certificate.get()));
  Owned<ASN1_TIME> from(ASN1_TIME_adj(nullptr, seconds_of(now - kStapleBackdated), 0, 0)),
      until(ASN1_TIME_adj(nullptr, seconds_of(now + kStapleLife), 0, 0));
  OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, from.get(), until.get());
  OCSP_basic_sign(basic.get(), issuer.certificate.get(), issuer.key.get(), EVP_sha256(), nullptr,
                  OCSP_NOCERTS);
  Owned<OCSP_RESPONSE> response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  return to_base64(der_of([&](auto** out) { return i2d_OCSP_RESPONSE(response.get(), out); }));
}

Issued read(CertificateAndKey const& text) {
  return {read_certificate(text.certificate_pem), read_key(text.key_pem)};
}

Error refused(std::string why) {
  return {Errc::denied, std::move(why)};
}

std::string common_name(X509 const* certificate) {
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

}  // namespace

SignerAuthority make_signer_authority(Time now) {
  auto root = issue(nullptr, kSignerRoot, "CA:TRUE", kIssuerUsage, kAuthorityLife, now);
  auto intermediate =
      issue(&root, "Fumidai EIC Intermediate", "CA:TRUE,pathlen:0", kIssuerUsage, kAuthorityLife, now);
  auto text = [](Issued const& of) {
    return CertificateAndKey{to_pem(of.certificate.get()), to_pem(of.key.get())};
  };
  return {text(root), text(intermediate)};
}

std::string signer_name(std::string_view region) {
  return "managed-ssh-signer." + std::string(region) + ".amazonaws.com";
}

struct KeySigner::State {
  Issued root, intermediate, leaf;
  std::string name, root_pem;
  Secret leaf_key;  // PKCS#1 DER
  Time leaf_ends{}, stapled_at{};
  std::shared_ptr<SignerPapers const> papers;
  std::unordered_map<std::string, std::string> records;  // by what is signed
};

KeySigner::KeySigner(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeySigner::~KeySigner() = default;

Result<std::unique_ptr<KeySigner>> KeySigner::make(SignerAuthority const& authority,
                                                   std::string_view region) {
  auto state = std::make_unique<State>();
  state->root = read(authority.root);
  state->intermediate = read(authority.intermediate);
  for (auto const* each : {&state->root, &state->intermediate})
    if (!each->certificate || !each->key)
      return Error{Errc::corrupt, "the authority that signs pushed keys cannot be read"};
  state->name = signer_name(region);
  state->root_pem = to_pem(state->root.certificate.get());
  return std::unique_ptr<KeySigner>(new KeySigner(std::move(state)));
}

std::string const& KeySigner::root_pem() const {
  return state_->root_pem;
}

// A clock that went far back renews as well: what was made before is not valid yet.
void KeySigner::renew(Time now) {
  auto& state = *state_;
  if (now > state.leaf_ends - kLeafRenewedBefore || now + kBackdated < state.leaf_ends - kLeafLife) {
    state.leaf =
        issue(&state.intermediate, state.name, "CA:FALSE", "critical,digitalSignature", kLeafLife, now);
    auto der = der_of([&](auto** out) { return i2d_PrivateKey(state.leaf.key.get(), out); });
    state.leaf_key = Secret(std::string(as_text(der)));
    OPENSSL_cleanse(der.data(), der.size());
    state.leaf_ends = now + kLeafLife;
    state.records.clear();
  } else if (now < state.stapled_at + kStapleRenewedAfter && now + kStapleBackdated >= state.stapled_at) {
    return;
  }
  auto papers = std::make_shared<SignerPapers>();
  for (auto const* each : {&state.leaf, &state.intermediate, &state.root})
    papers->chain += to_pem(each->certificate.get());
  auto* leaf = state.leaf.certificate.get();
  auto* intermediate = state.intermediate.certificate.get();
  papers->staples = {{fingerprint(leaf), staple(leaf, state.intermediate, now)},
                     {fingerprint(intermediate), staple(intermediate, state.root, now)}};
  state.papers = std::move(papers);
  state.stapled_at = now;
}

std::shared_ptr<SignerPapers const> KeySigner::papers(Time now) {
  std::lock_guard guard(mutex_);
  renew(now);
  return state_->papers;
}

std::string KeySigner::record(wire::ActiveKey const& key, Time now) {
  std::lock_guard guard(mutex_);
  renew(now);
  auto text = key.signed_text();
  auto known = state_->records.find(text);
  if (known != state_->records.end()) return known->second;
  if (state_->records.size() >= kMostRemembered) state_->records.clear();
  auto signature = sign_pss(state_->leaf_key, text).value();
  return state_->records.emplace(std::move(text), wire::write_active_key(key, signature)).first->second;
}

Result<std::string> check_signer_chain(std::string const& chain_pem, std::string const& root_pem,
                                       std::string const& name, Time now) {
  auto chain = read_certificates(chain_pem, kLongestChain);
  auto root = read_certificate(root_pem);
  if (chain.empty()) return refused("the signer's certificate cannot be read");
  if (!root) return refused("the root that this machine trusts cannot be read");
  auto* leaf = chain.front().get();
  if (common_name(leaf) != name)
    return refused("the signer is '" + escaped(common_name(leaf), 128) + "' and not " + name);
  Owned<X509_STORE> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  for (auto const& each : chain) sk_X509_push(between.get(), each.get());
  Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf, between.get());
  auto* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(seconds_of(now)));
  if (X509_verify_cert(context.get()) != 1)
    return refused(std::string("the signer's chain does not lead to the root: ") +
                   X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0) return refused("the signer may sign nothing");
  auto der = der_of([&](auto** out) { return i2d_PUBKEY(X509_get0_pubkey(leaf), out); });
  return std::string(as_text(der));
}

}  // namespace fumidai::io
