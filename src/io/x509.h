#pragma once

// Making and reading X.509 certificates with OpenSSL: what the authorities of a deployment share
// (io/certificate.h, io/key_signer.h). A certificate or a key that was just made is never null.

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace fumidai::io::x509 {

struct Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(OCSP_BASICRESP* response) const { OCSP_BASICRESP_free(response); }
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_CERTID* id) const { OCSP_CERTID_free(id); }
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

std::int64_t seconds_of(Time time);

// With a random serial number and that subject, valid from an hour ago; without an issuer and extensions.
Owned<X509> unsigned_certificate(std::string const& common_name, EVP_PKEY* key, Time now,
                                 std::chrono::days valid);

// `value` in the words of OpenSSL's configuration: "critical,CA:TRUE".
void add_extension(X509* certificate, X509* issuer, int kind, std::string const& value);

std::string to_pem(X509* certificate);
Secret to_pem(EVP_PKEY* key);

// Null for what is none.
Owned<X509> read_certificate(std::string const& pem);
Owned<EVP_PKEY> read_key(Secret const& pem);
// All that there are, `most` at most; up to the first that is none.
std::vector<Owned<X509>> read_certificates(std::string const& pem, std::size_t most);

}  // namespace fumidai::io::x509
