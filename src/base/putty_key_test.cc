#include "base/putty_key.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "base/random.h"

namespace fumidai {
namespace {

constexpr char const* kPuttygen = "/usr/bin/puttygen";

// Made with ssh-keygen; the file with puttygen 0.78, --ppk-param version=2.
constexpr std::string_view kLine =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKJy0xwkvO7d86ib+WXDvWYvyV3PNFjBWz5WMgmWzZRf";
constexpr std::string_view kNumbers = "AAAAIIaAeEig79Mp37ykFLZc9UpuD6j8H/B0/EK830HxgwQY";
constexpr std::string_view kFile =
    "PuTTY-User-Key-File-2: ssh-ed25519\n"
    "Encryption: none\n"
    "Comment: my key\n"
    "Public-Lines: 2\n"
    "AAAAC3NzaC1lZDI1NTE5AAAAIKJy0xwkvO7d86ib+WXDvWYvyV3PNFjBWz5WMgmW\n"
    "zZRf\n"
    "Private-Lines: 1\n"
    "AAAAIIaAeEig79Mp37ykFLZc9UpuD6j8H/B0/EK830HxgwQY\n"
    "Private-MAC: 91db31e1a0af2f64ee548cfde65e853e6b15aaad\n";

TEST(PuttyKey, the_file_is_the_one_that_puttygen_writes) {
  SshKeyPair pair{Secret(), Secret(std::string(as_text(*from_base64(kNumbers)))),
                  *parse_ssh_public_key(kLine)};
  EXPECT_EQ(putty_file(pair, "my key").reveal(), kFile);
}

TEST(PuttyKey, lines_are_counted) {
  auto file = putty_file(generate_ssh_key(SshKeyType::rsa), "a");
  auto lines = split(file.reveal(), '\n');
  ASSERT_EQ(lines.size(), 3 + 1 + 6 + 1 + 14 + 1 + 1u);
  EXPECT_EQ(lines[0], "PuTTY-User-Key-File-2: ssh-rsa");
  EXPECT_EQ(lines[3], "Public-Lines: 6");
  EXPECT_EQ(lines[10], "Private-Lines: 14");
  EXPECT_EQ(lines[25].size(), std::string_view("Private-MAC: ").size() + 40);
  EXPECT_EQ(lines.back(), "");
  for (auto line : lines) EXPECT_LE(line.size(), 64u);
}

class PuttygenTest : public testing::TestWithParam<SshKeyType> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kPuttygen)) GTEST_SKIP() << "skipped: no puttygen here";
    std::ofstream(path) << putty_file(pair, "my key").reveal();
  }
  void TearDown() override { std::filesystem::remove(path); }

  std::string converted(std::string const& kind) const {
    auto command = std::string(kPuttygen) + " " + path + " -O " + kind + " -o /dev/stdout 2>&1";
    auto* pipe = ::popen(command.c_str(), "r");
    std::string text;
    char chunk[4096];
    for (std::size_t count; (count = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;)
      text.append(chunk, count);
    return ::pclose(pipe) == 0 ? text : "(failed) " + text;
  }

  std::string const path = testing::TempDir() + "fumidai-test-" + random_hex(16) + ".ppk";
  SshKeyPair const pair = generate_ssh_key(GetParam());
};

std::string inside(std::string const& pem) {
  std::string text;
  for (auto line : split(pem, '\n')) {
    if (!line.starts_with("-----")) text += line;
  }
  auto bytes = from_base64(text);
  return bytes ? std::string(as_text(*bytes)) : "(no PEM) " + pem;
}

// OpenSSH's form has a random number in it, and a comment.
TEST_P(PuttygenTest, has_the_same_key_back) {
  EXPECT_EQ(converted("public-openssh"), pair.public_key.line + " my key\n");
  auto back = converted("private-openssh");
  if (GetParam() == SshKeyType::rsa) {
    EXPECT_EQ(inside(back), inside(pair.private_key.reveal()));
    return;
  }
  auto seed = pair.private_numbers.reveal().substr(4);
  EXPECT_NE(inside(back).find(seed), std::string::npos) << back;
  EXPECT_NE(inside(pair.private_key.reveal()).find(seed), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(EachType, PuttygenTest, testing::Values(SshKeyType::rsa, SshKeyType::ed25519),
                         [](auto const& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace fumidai
