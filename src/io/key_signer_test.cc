#include "io/key_signer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>

#include "base/rsa.h"
#include "io/test_directory.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;

constexpr char const* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B";

// What a program printed; its words are ours.
std::string run(std::string const& command) {
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char chunk[4096];
  for (std::size_t count; (count = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;) text.append(chunk, count);
  int status = ::pclose(pipe);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "(failed) " + text;
}

std::vector<std::string> certificates_of(std::string const& chain) {
  std::vector<std::string> all;
  std::string const end = "-----END CERTIFICATE-----\n";
  for (std::size_t at = 0, next; (next = chain.find(end, at)) != chain.npos; at = next + end.size())
    all.push_back(chain.substr(at, next + end.size() - at));
  return all;
}

class KeySignerTest : public testing::Test {
 protected:
  wire::ActiveKey key() const {
    return {now + 60s, InstanceId("i-0123456789abcdef0"), "arn:aws:iam::1:user/hana", "6a1b", kKey};
  }
  // Whether our own command would take the record.
  Result<void> accepts(std::string const& record, std::string const& chain, Time when,
                       std::string const& name = signer_name("us-east-1")) {
    TRY(auto public_key, check_signer_chain(chain, signer->root_pem(), name, when));
    TRY(auto keys, wire::parse_active_keys(record));
    if (keys.size() != 1 || !verify_pss(public_key, keys[0].signed_text, keys[0].signature))
      return Error{Errc::denied, "the signature is not the signer's"};
    return success();
  }

  // The openssl program goes by the machine's clock.
  Time const now = SystemClock().now();
  SignerAuthority const authority = make_signer_authority(now);
  std::unique_ptr<KeySigner> signer = *KeySigner::make(authority, "us-east-1");
};

TEST_F(KeySignerTest, satisfies_the_openssl_program_as_the_scripts_call_it) {
  TestDirectory directory;
  auto papers = signer->papers(now);
  auto certificates = certificates_of(papers->chain);
  ASSERT_EQ(certificates.size(), 3u);
  auto at = [&](std::string const& name) { return (directory / name).string(); };
  for (std::size_t i = 0; i < 3; i++)
    ASSERT_TRUE(write_file(at("cert" + std::to_string(i)), certificates[i]));
  ASSERT_TRUE(write_file(at("trust"), certificates[1] + signer->root_pem()));
  EXPECT_EQ(
      run("openssl verify -x509_strict -CApath /etc/ssl/certs -CAfile " + at("trust") + " " + at("cert0")),
      at("cert0") + ": OK\n");
  EXPECT_EQ(run("openssl x509 -noout -subject -in " + at("cert0")),
            "subject=CN = managed-ssh-signer.us-east-1.amazonaws.com\n");
  EXPECT_EQ(run("openssl x509 -noout -subject -in " + at("cert2")), "subject=CN = Fumidai EIC Root\n");
  for (int i = 0; i < 2; i++) {
    auto certificate = at("cert" + std::to_string(i)), issuer = at("cert" + std::to_string(i + 1));
    auto print = run("openssl x509 -noout -fingerprint -sha1 -in " + certificate);
    std::string name;
    for (char c : print.substr(print.find('=') + 1))
      if (c != ':' && c != '\n') name += c;
    ASSERT_TRUE(papers->staples.contains(name)) << name;
    ASSERT_TRUE(write_file(at(name), as_text(*from_base64(papers->staples.at(name)))));
    auto verdict = run("(openssl ocsp -no_nonce -issuer " + issuer + " -cert " + certificate + " -VAfile " +
                       issuer + " -respin " + at(name) + " 2>/dev/null)");
    EXPECT_TRUE(verdict.starts_with(certificate + ": good")) << verdict;
  }
}

TEST_F(KeySignerTest, signs_records_as_the_openssl_program_verifies_them) {
  TestDirectory directory;
  auto at = [&](std::string const& name) { return (directory / name).string(); };
  auto keys = wire::parse_active_keys(signer->record(key(), now));
  ASSERT_TRUE(keys && keys->size() == 1);
  ASSERT_TRUE(write_file(at("chain"), signer->papers(now)->chain));
  ASSERT_TRUE(write_file(at("signed"), keys->front().signed_text));
  ASSERT_TRUE(write_file(at("signature"), as_text(keys->front().signature)));
  run("openssl x509 -pubkey -noout <" + at("chain") + " >" + at("public"));
  EXPECT_EQ(run("openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify " +
                at("public") + " -signature " + at("signature") + " " + at("signed")),
            "Verified OK\n");
}

TEST_F(KeySignerTest, is_trusted_by_its_root_its_name_and_its_time) {
  auto record = signer->record(key(), now);
  auto chain = signer->papers(now)->chain;
  EXPECT_TRUE(accepts(record, chain, now));
  EXPECT_FALSE(accepts(record, chain, now, signer_name("us-west-2")));
  EXPECT_FALSE(accepts(record, chain, now + std::chrono::days(91)));
  EXPECT_FALSE(accepts(record, chain.substr(0, chain.find("-----END")), now));
  EXPECT_FALSE(accepts(record, "", now));
  auto altered = record;
  altered[altered.find("hana")] = 'H';
  EXPECT_FALSE(accepts(altered, chain, now));
  // Another deployment's, although its names are the same.
  auto stranger = *KeySigner::make(make_signer_authority(now), "us-east-1");
  EXPECT_FALSE(accepts(stranger->record(key(), now), stranger->papers(now)->chain, now));
  EXPECT_FALSE(accepts(stranger->record(key(), now), chain, now));
}

TEST_F(KeySignerTest, renews_what_ends_and_nothing_else) {
  auto first = signer->papers(now);
  EXPECT_EQ(signer->papers(now + 23h), first);
  auto record = signer->record(key(), now);
  EXPECT_EQ(signer->record(key(), now + 1s), record);
  auto tomorrow = signer->papers(now + 25h);
  EXPECT_NE(tomorrow->staples, first->staples);
  EXPECT_EQ(signer->papers(now + 25h - 10s), tomorrow) << "a clock that was set back a little";
  EXPECT_EQ(tomorrow->chain, first->chain);
  auto later = now + std::chrono::days(61);
  auto renewed = signer->papers(later);
  EXPECT_NE(renewed->chain, first->chain);
  EXPECT_TRUE(accepts(signer->record(key(), later), renewed->chain, later));
  EXPECT_FALSE(accepts(record, renewed->chain, later));
}

TEST_F(KeySignerTest, goes_on_with_the_authority_that_was_kept) {
  auto again = *KeySigner::make(authority, "us-east-1");
  EXPECT_EQ(again->root_pem(), signer->root_pem());
  EXPECT_TRUE(accepts(again->record(key(), now), again->papers(now)->chain, now));
  auto broken = authority;
  broken.intermediate.key_pem = Secret("none");
  EXPECT_EQ(KeySigner::make(broken, "us-east-1").error().code, Errc::corrupt);
}

}  // namespace
}  // namespace fumidai::io
