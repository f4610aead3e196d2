#pragma once

// The TLS authority of a deployment: one CA, and the server certificates that it issues.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace fumidai::io {

struct CertificateAndKey {
  std::string certificate_pem;
  Secret key_pem;
};

// A self-signed P-256 CA that may sign server certificates only, valid for ten years.
CertificateAndKey make_ca(std::string const& common_name, Time now);

// A server certificate for names and addresses, valid for 397 days. Error: corrupt, when the CA cannot be
// read.
Result<CertificateAndKey> issue_server_certificate(CertificateAndKey const& ca,
                                                   std::vector<std::string> const& names, Time now);

// Whether a certificate covers all these names at `until`.
bool certificate_covers(std::string const& certificate_pem, std::vector<std::string> const& names,
                        Time until);

}  // namespace fumidai::io
