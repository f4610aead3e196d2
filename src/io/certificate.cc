#include "io/certificate.h"

#include <boost/asio/ip/address.hpp>

#include "io/x509.h"

namespace fumidai::io {

using namespace x509;

namespace {

bool is_address(std::string const& name) {
  boost::system::error_code failure;
  boost::asio::ip::make_address(name, failure);
  return !failure;
}

CertificateAndKey to_text(X509* certificate, EVP_PKEY* key) {
  return {to_pem(certificate), to_pem(key)};
}

}  // namespace

CertificateAndKey make_ca(std::string const& common_name, Time now) {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  auto certificate = unsigned_certificate(common_name, key.get(), now, std::chrono::days(3650));
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  return to_text(certificate.get(), key.get());
}

Result<CertificateAndKey> issue_server_certificate(CertificateAndKey const& ca,
                                                   std::vector<std::string> const& names, Time now) {
  auto issuer = read_certificate(ca.certificate_pem);
  auto issuer_key = read_key(ca.key_pem);
  if (!issuer || !issuer_key || names.empty())
    return Error{Errc::corrupt, "the TLS authority cannot be read"};
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  auto certificate = unsigned_certificate(names[0].substr(0, 64), key.get(), now, std::chrono::days(397));
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
  std::string alternatives;
  for (auto const& name : names)
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  add_extension(certificate.get(), issuer.get(), NID_subject_alt_name, alternatives);
  add_extension(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), issuer.get(), NID_authority_key_identifier, "keyid");
  X509_sign(certificate.get(), issuer_key.get(), EVP_sha256());
  return to_text(certificate.get(), key.get());
}

bool certificate_covers(std::string const& certificate_pem, std::vector<std::string> const& names,
                        Time until) {
  auto certificate = read_certificate(certificate_pem);
  if (!certificate) return false;
  auto moment = static_cast<time_t>(seconds_of(until));
  if (X509_cmp_time(X509_get0_notAfter(certificate.get()), &moment) <= 0) return false;
  for (auto const& name : names) {
    int matches = is_address(name)
                      ? X509_check_ip_asc(certificate.get(), name.c_str(), 0)
                      : X509_check_host(certificate.get(), name.c_str(), name.size(), 0, nullptr);
    if (matches != 1) return false;
  }
  return true;
}

}  // namespace fumidai::io
