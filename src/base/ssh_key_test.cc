#include "base/ssh_key.h"

#include <gtest/gtest.h>

namespace fumidai {
namespace {

// Made with ssh-keygen; the fingerprints with ssh-keygen and openssl.
constexpr std::string_view kEd =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B";
constexpr std::string_view kEdFingerprint = "gQyHVBh2uSTENNOhuZabbImaos3hgjfTjSLOUG/Rl8A=";
constexpr std::string_view kRsa =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDSCTCOb2CjBegShylg2Gq15e3S5H52B1dzc7lOA903UoM9mcx1Gk"
    "jZNBacGomJfNrD3xJpQBO8rbtgUNk1v9c/zggalkw3OegMe10YMsQU6zSuujyB3CensRBwIw3O047Iyv6SfLGfYEAA"
    "l+KLWkmBFEkzeMAXQS8JZnNmHgrZ1Q==";
constexpr std::string_view kRsaFingerprint = "9e:a8:db:97:75:9e:2f:5b:21:ab:3d:5a:06:60:50:d4";

TEST(SshKey, fingerprints_are_those_of_ec2) {
  auto ed = parse_ssh_public_key(std::string(kEd) + " alice@example.com\n");
  ASSERT_TRUE(ed) << ed.error().detail;
  EXPECT_EQ(ed->type, SshKeyType::ed25519);
  EXPECT_EQ(ed->line, kEd);
  EXPECT_EQ(ed->fingerprint, kEdFingerprint);
  auto rsa = parse_ssh_public_key("\r\n" + std::string(kRsa) + "\n");
  ASSERT_TRUE(rsa) << rsa.error().detail;
  EXPECT_EQ(rsa->type, SshKeyType::rsa);
  EXPECT_EQ(rsa->line, kRsa);
  EXPECT_EQ(rsa->fingerprint, kRsaFingerprint);
}

TEST(SshKey, what_is_no_key) {
  auto ed = std::string(kEd);
  for (auto const& text :
       {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 !"), ed + "\n" + ed,
        "command=\"id\" " + ed, "ssh-rsa" + ed.substr(11), ed.substr(0, ed.size() - 8),
        "ssh-dss" + ed.substr(11), ed + "AAAA", std::string("-----BEGIN OPENSSH PRIVATE KEY-----"),
        std::string("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA/w=="), std::string(100'000, 'a')})
    EXPECT_FALSE(parse_ssh_public_key(text)) << text.substr(0, 200);
}

TEST(SshKey, the_comment_is_no_part_of_it) {
  auto key = parse_ssh_public_key(std::string(kEd) + " `reboot` \x1b[0m");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->line, kEd);
}

TEST(SshKey, what_is_made_can_be_imported) {
  for (auto type : {SshKeyType::rsa, SshKeyType::ed25519}) {
    auto made = generate_ssh_key(type);
    auto read = parse_ssh_public_key(made.public_key.line);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->type, type);
    EXPECT_EQ(read->line, made.public_key.line);
    bool same = read->fingerprint == made.public_key.fingerprint;
    EXPECT_EQ(same, type == SshKeyType::ed25519);  // RSA: of the private key, or of the public one
    auto begin = type == SshKeyType::rsa ? "-----BEGIN RSA PRIVATE KEY-----\n"
                                         : "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    EXPECT_TRUE(made.private_key.reveal().starts_with(begin));
    EXPECT_NE(generate_ssh_key(type).public_key.line, made.public_key.line);
  }
}

TEST(SshKey, a_private_key_has_its_public_half) {
  for (auto type : {SshKeyType::rsa, SshKeyType::ed25519}) {
    auto made = generate_ssh_key(type);
    auto half = public_half(made.private_key);
    ASSERT_TRUE(half) << half.error().detail;
    EXPECT_EQ(half->type, type);
    EXPECT_EQ(half->line, made.public_key.line);
    auto file = made.private_key.reveal();
    for (auto const& broken : {file.substr(0, file.size() / 2), file.substr(40), "x" + file,
                               std::string(file).replace(file.find('\n') + 1, 8, "AAAAAAAA")})
      EXPECT_FALSE(public_half(Secret(broken))) << broken;
    EXPECT_FALSE(public_half(Secret(made.public_key.line)));
  }
  EXPECT_FALSE(public_half(Secret()));
}

}  // namespace
}  // namespace fumidai
