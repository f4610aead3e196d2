#include "io/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <cassert>
#include <memory>

#include "base/random.h"

namespace fumidai::io {

namespace {

struct Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

bool is_address(std::string const& name) {
  boost::system::error_code failure;
  boost::asio::ip::make_address(name, failure);
  return !failure;
}

void add_extension(X509* certificate, X509* issuer, int kind, std::string const& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  assert(extension && "an extension of our own making");
  X509_add_ext(certificate, extension.get(), -1);
}

Owned<X509> unsigned_certificate(std::string const& common_name, EVP_PKEY* key, Time now,
                                 std::chrono::days valid) {
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  auto serial = random_bytes(16);
  serial[0] &= 0x7f;
  ASN1_INTEGER* number = ASN1_INTEGER_new();
  BIGNUM* big = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(big, number);
  X509_set_serialNumber(certificate.get(), number);
  ASN1_INTEGER_free(number);
  BN_free(big);
  auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds - 3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds + std::chrono::seconds(valid).count());
  auto* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char const*>(common_name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

template <class Write>
std::string to_pem(Write write) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  auto length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

CertificateAndKey to_text(X509* certificate, EVP_PKEY* key) {
  return {to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); }), Secret(to_pem([&](BIO* bio) {
            PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
          }))};
}

Owned<X509> read_certificate(std::string const& pem) {
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Owned<EVP_PKEY> read_key(Secret const& pem) {
  Owned<BIO> bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
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
  auto moment =
      static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(until).time_since_epoch().count());
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
