#include "app/lab/signing.h"

namespace fumidai::app {

namespace {

constexpr char const *kRoot = "eic-root-certificate", *kRootKey = "eic-root-key",
                     *kIntermediate = "eic-intermediate-certificate",
                     *kIntermediateKey = "eic-intermediate-key";

Result<std::optional<io::CertificateAndKey>> find(store::Transaction& transaction,
                                                  identity::Deployment const& deployment,
                                                  char const* certificate_name, char const* key_name) {
  TRY(auto certificate, identity::find_sealed_key(transaction, deployment, certificate_name));
  TRY(auto key, identity::find_sealed_key(transaction, deployment, key_name));
  if (!certificate || !key) return std::optional<io::CertificateAndKey>();
  return std::optional(io::CertificateAndKey{certificate->reveal(), *std::move(key)});
}

Result<void> put(store::Transaction& transaction, identity::Deployment const& deployment,
                 char const* certificate_name, char const* key_name, io::CertificateAndKey const& what) {
  CHECK(identity::put_sealed_key(transaction, deployment, certificate_name, Secret(what.certificate_pem)));
  return identity::put_sealed_key(transaction, deployment, key_name, what.key_pem);
}

}  // namespace

Result<io::SignerAuthority> signer_authority(store::Transaction& transaction,
                                             identity::Deployment const& deployment, Time now) {
  TRY(auto root, find(transaction, deployment, kRoot, kRootKey));
  TRY(auto intermediate, find(transaction, deployment, kIntermediate, kIntermediateKey));
  if (root && intermediate) return io::SignerAuthority{*std::move(root), *std::move(intermediate)};
  auto made = io::make_signer_authority(now);
  CHECK(put(transaction, deployment, kRoot, kRootKey, made.root));
  CHECK(put(transaction, deployment, kIntermediate, kIntermediateKey, made.intermediate));
  return made;
}

}  // namespace fumidai::app
