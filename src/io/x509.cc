#include "io/x509.h"

#include <cassert>

#include "base/random.h"

namespace fumidai::io::x509 {

namespace {

template <class Write>
std::string written(Write write) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  auto length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

Owned<BIO> reader(std::string const& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
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
  auto seconds = seconds_of(now);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds - 3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds + std::chrono::seconds(valid).count());
  auto* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<unsigned char const*>(common_name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void add_extension(X509* certificate, X509* issuer, int kind, std::string const& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  assert(extension && "an extension of our own making");
  X509_add_ext(certificate, extension.get(), -1);
}

std::string to_pem(X509* certificate) {
  return written([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

Secret to_pem(EVP_PKEY* key) {
  return Secret(
      written([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); }));
}

Owned<X509> read_certificate(std::string const& pem) {
  return Owned<X509>(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
}

Owned<EVP_PKEY> read_key(Secret const& pem) {
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(reader(pem.reveal()).get(), nullptr, nullptr, nullptr));
}

std::vector<Owned<X509>> read_certificates(std::string const& pem, std::size_t most) {
  std::vector<Owned<X509>> all;
  auto bio = reader(pem);
  while (all.size() < most) {
    Owned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    all.push_back(std::move(next));
  }
  return all;
}

}  // namespace fumidai::io::x509
