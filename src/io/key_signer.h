#pragma once

// Who signs the keys that are pushed to instances with a metadata service: a root that the instances trust,
// an intermediate, and a leaf whose signature the scripts of EC2 Instance Connect demand, each with the OCSP
// response that says it is good (ec2-instance-connect.md 2.4 to 2.6). All are RSA. And the other end:
// checking such a chain.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "io/certificate.h"
#include "wire/authorized_keys.h"

namespace fumidai::io {

inline constexpr char const* kSignerRoot = "Fumidai EIC Root";
// The scripts look for the root in /etc/ssl/certs, in the file of its name with underscores, and .pem.
inline constexpr char const* kSignerRootFile = "Fumidai_EIC_Root";

// What lasts, for ten years, and is kept by whoever made it. Both keys are needed as long as it is used: each
// renews the OCSP response of the certificate below it.
struct SignerAuthority {
  CertificateAndKey root, intermediate;
};
// Two RSA keys: a fifth of a second.
SignerAuthority make_signer_authority(Time now);

// "managed-ssh-signer.us-east-1.amazonaws.com", which the scripts put together from the zone and the service
// domain.
std::string signer_name(std::string_view region);

// What instances are told of the signer.
struct SignerPapers {
  std::string chain;  // PEM: leaf, intermediate, root
  std::map<std::string, std::string>
      staples;  // SHA-1 of a certificate in upper-case hex -> base64 of the response
};

// For any thread. The leaf and its key are made here and live as long as the process, 90 days at most; the
// OCSP responses hold for a week and are a day old at most.
class KeySigner {
 public:
  // Error: corrupt, when the authority cannot be read.
  static Result<std::unique_ptr<KeySigner>> make(SignerAuthority const& authority, std::string_view region);
  ~KeySigner();

  std::string const& root_pem() const;
  std::shared_ptr<SignerPapers const> papers(Time now);
  // The record of a key in the file of active keys. Signing one takes a millisecond; the same again is
  // remembered.
  std::string record(wire::ActiveKey const& key, Time now);

 private:
  struct State;
  explicit KeySigner(std::unique_ptr<State> state);
  void renew(Time now);

  std::mutex mutex_;
  std::unique_ptr<State> state_;
};

// The public key (DER, for verify_pss) of a chain's leaf, if the chain leads from it to the root, it has that
// name, and all are valid now. Error: denied, with the reason.
Result<std::string> check_signer_chain(std::string const& chain_pem, std::string const& root_pem,
                                       std::string const& name, Time now);

}  // namespace fumidai::io
