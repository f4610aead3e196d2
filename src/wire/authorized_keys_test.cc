#include "wire/authorized_keys.h"

#include <gtest/gtest.h>

namespace fumidai::wire {
namespace {

constexpr Time kNow(std::chrono::milliseconds(1'800'000'000'500));
InstanceId const kInstance("i-0123456789abcdef0");
// Made with ssh-keygen.
std::string const kEd = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV2qduH7YekWco7dBXBTSsW7VSNzPTv/Q9fuy1JfQ1B";
std::string const kEcdsa =
    "ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYM"
    "jNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";
std::string const kRsa1024 =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDSCTCOb2CjBegShylg2Gq15e3S5H52B1dzc7lOA903UoM9mcx1Gk"
    "jZNBacGomJfNrD3xJpQBO8rbtgUNk1v9c/zggalkw3OegMe10YMsQU6zSuujyB3CensRBwIw3O047Iyv6SfLGfYEAA"
    "l+KLWkmBFEkzeMAXQS8JZnNmHgrZ1Q==";
std::string const kCertificateBlob =
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIGm7ERetuOgpbR31FzDAy7Mh+s3LNo4CCBVE3e"
    "TnyjJFAAAAINnzbti2UawyuigFjKsdAdXnlYt+pqtZqK2elQPPnfGEAAAAAAAAAAAAAAABAAAAAmlkAAAADAAAAAhl"
    "YzItdXNlcgAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm"
    "1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5"
    "AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACC+Nvvc9YmaILulTOKxJK"
    "Hrwg05I1o1Z37mjbm+N6V8oQAAAFMAAAALc3NoLWVkMjU1MTkAAABANaVqgqsbq+cb3pLk6v3fegrbckLcaygL4BSr"
    "whfjEI+tpsTigUBHNWAmf78oQ3Z0YChpnSwwR1iBKg+H5j9sBQ==";

ActiveKey record(Time expires = kNow + std::chrono::seconds(60)) {
  return {expires, kInstance, "arn:aws:iam::123456789012:user/hana", "6a1b", kEd};
}
Bytes const kSignature(256, 0x5a);

TEST(PushedKey, is_one_line_of_a_kind_that_the_scripts_take) {
  ASSERT_EQ(kEd.size(), 80u);  // the CLI's, without a comment
  for (auto const& text : {kEd, kEd + "\n", kEd + " hana@example.com\r\n", kEd + "  \n\n"}) {
    auto key = check_pushed_key(text);
    ASSERT_TRUE(key) << key.error().detail;
    EXPECT_EQ(key->line, kEd);
  }
  EXPECT_TRUE(check_pushed_key(generate_ssh_key(SshKeyType::rsa).public_key.line));
}

TEST(PushedKey, is_refused_with_a_reason_otherwise) {
  auto as_rsa = "ssh-rsa" + kEd.substr(11);
  for (auto const& text :
       {std::string(), kEd.substr(0, 79), std::string(100, 'a'), kEcdsa, kRsa1024, as_rsa + "  #   ",
        " " + kEd, kEd + "\nssh-ed25519 AAAA", kEd + " a\rb", kEd + std::string(" a\0b", 4),
        "command=\"id\" " + kEd, "no-pty " + kEd, "ssh-ed25519-cert-v01@openssh.com" + kEd.substr(11),
        "ssh-ed25519-cert-v01@openssh.com " + kCertificateBlob, "ssh-ed25519 " + kCertificateBlob,
        kEd + std::string(4096, ' '), "#Timestamp=9\n" + kEd, kEd.substr(0, 76) + "!!!!"}) {
    auto key = check_pushed_key(text);
    ASSERT_FALSE(key) << text.substr(0, 100);
    EXPECT_EQ(key.error().code, Errc::invalid);
    EXPECT_FALSE(key.error().detail.empty());
  }
}

TEST(OsUser, is_a_name_that_makes_no_path_and_no_line) {
  for (auto name : {"a", "_", "ec2-user", "hana@example.com", "first.last", "host$", "7up", "1_", "12-3",
                    "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_TRUE(is_os_user(name)) << name;
  for (auto name : {"", "-a", ".a", "$", "$a", "a b", "a/b", "..", "../etc", "a\n", "a$b", "123", "1", "1$",
                    "ä", "abcdefghijklmnopqrstuvwxyz0123456", "abcdefghijklmnopqrstuvwxyz01234@"})
    EXPECT_FALSE(is_os_user(name)) << name;
}

TEST(ActiveKeys, are_written_as_the_scripts_read_them) {
  auto text = write_active_key(record(), kSignature);
  EXPECT_TRUE(
      text.starts_with("#Timestamp=1800000060\n#Instance=i-0123456789abcdef0\n"
                       "#Caller=arn:aws:iam::123456789012:user/hana\n#Request=6a1b\n" +
                       kEd + "\n"));
  EXPECT_TRUE(text.ends_with("=\n\n"));
  auto read = parse_active_keys(text + write_active_key(record(), kSignature));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  auto const& first = read->front();
  EXPECT_EQ(first.signed_text, record().signed_text());
  EXPECT_EQ(first.signature, kSignature);
  EXPECT_EQ(first.key.key, kEd);
  EXPECT_EQ(first.key.caller, record().caller);
  EXPECT_EQ(first.key.request, "6a1b");
}

TEST(ActiveKeys, keep_unknown_lines_in_what_is_signed) {
  auto read = parse_active_keys("#Timestamp=1800000060\n#Shape=round\n#Instance=i-1\n" + kEd + " c\nAAAA\n");
  ASSERT_TRUE(read && read->size() == 1);
  EXPECT_EQ(read->front().signed_text, "#Timestamp=1800000060\n#Shape=round\n#Instance=i-1\n" + kEd + " c\n");
}

TEST(ActiveKeys, that_are_broken_hide_no_others) {
  auto good = write_active_key(record(), kSignature);
  for (auto const& broken :
       {std::string("nonsense\nmore\n\n"), "#Instance=i-1\n" + kEd + "\nAAAA\n\n",
        "#Timestamp=1\n" + kEd + "\nAAAA\n\n", "#Timestamp=x\n#Instance=i-1\n" + kEd + "\nAAAA\n\n",
        "#Timestamp=1\n#Instance=i-1\n" + kEd + "\n\n", "#Timestamp=1\n#Instance=i-1\n" + kEd + "\n!\n\n",
        std::string("#Timestamp=1\n#Instance=i-1\n\n"), std::string("\n\n\n")}) {
    auto read = parse_active_keys(broken + good);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 1u) << broken;
  }
}

TEST(ActiveKeys, cut_anywhere_are_not_misread) {
  auto text = write_active_key(record(), kSignature);
  for (std::size_t size = 0; size < text.size(); size++) {
    auto read = parse_active_keys(std::string_view(text).substr(0, size));
    ASSERT_TRUE(read);
    for (auto const& each : *read) EXPECT_EQ(each.key.key, kEd);
  }
  EXPECT_FALSE(parse_active_keys(std::string(kMostActiveKeysText + 1, '\n')));
}

TEST(ActiveKeys, are_usable_for_their_instance_and_time_and_key) {
  auto key = record();
  auto sha = parse_ssh_public_key(kEd)->openssh_fingerprint();
  EXPECT_TRUE(sha.starts_with("SHA256:") && sha.size() == 50) << sha;
  EXPECT_TRUE(is_usable(key, kInstance, "", kNow));
  EXPECT_TRUE(is_usable(key, kInstance, sha, kNow + std::chrono::seconds(59)));
  EXPECT_FALSE(is_usable(key, kInstance, "", kNow + std::chrono::seconds(60)));
  EXPECT_FALSE(is_usable(key, InstanceId("i-0123456789abcdef1"), "", kNow));
  EXPECT_FALSE(is_usable(key, kInstance, "SHA256:other", kNow));
  key.key = "ssh-ed25519 AAAA";
  EXPECT_FALSE(is_usable(key, kInstance, "", kNow));
}

TEST(KeysAnswer, is_read_as_it_was_written) {
  std::vector<std::string> keys{kEd, kEd + "x"};
  EXPECT_EQ(*parse_keys_answer(write_keys_answer(keys)), keys);
  EXPECT_TRUE(parse_keys_answer(write_keys_answer(std::vector<std::string>()))->empty());
  auto refused = parse_keys_answer(write_keys_answer(Error{Errc::closed, "the plane\nis away"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  for (auto text : {"", "ok", "ok\nssh-ed25519 AA", "nope\n", "OK\n"})
    EXPECT_FALSE(parse_keys_answer(text)) << text;
}

}  // namespace
}  // namespace fumidai::wire
