#include "app/lab/key_file.h"

#include <gtest/gtest.h>

#include "base/ssh_key.h"
#include "io/test_directory.h"

namespace fumidai::app {
namespace {

class TheKeyFile : public testing::Test {
 protected:
  void put(std::string const& text) { ASSERT_TRUE(io::write_file(file, text, 0600)); }

  io::TestDirectory directory;
  io::Path file = directory / "key.pem";
};

TEST_F(TheKeyFile, is_made_once) {
  file = directory / "keys" / "key.pem";
  auto half = public_half_of(file);
  ASSERT_TRUE(half) << half.error().detail;
  auto made = *io::read_file(file);
  EXPECT_EQ(public_half(Secret(made))->line, *half);
  EXPECT_EQ(public_half_of(file).value(), *half);
  EXPECT_EQ(*io::read_file(file), made);
  EXPECT_EQ(io::mode_of(file), 0600);
}

TEST_F(TheKeyFile, that_is_there_alone_is_kept) {
  auto pair = generate_ssh_key(SshKeyType::ed25519);
  put(pair.private_key.reveal());
  EXPECT_EQ(public_half_of(file).value(), pair.public_key.line);
  EXPECT_EQ(*io::read_file(file), pair.private_key.reveal());
}

TEST_F(TheKeyFile, that_holds_no_key_is_kept_too) {
  put("a passphrase, perhaps\n");
  auto refused = public_half_of(file);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail.starts_with(file.string() + " holds no key that can be used: "));
  EXPECT_EQ(*io::read_file(file), "a passphrase, perhaps\n");
}

}  // namespace
}  // namespace fumidai::app
