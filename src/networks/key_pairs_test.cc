#include "networks/key_pairs.h"

#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

class KeyPairs : public RegionTest {
 protected:
  SshPublicKey const key = generate_ssh_key(SshKeyType::ed25519).public_key;
};

TEST_F(KeyPairs, one_is_kept_under_its_name) {
  auto id = add_key_pair(state, "bastion-key", key, kTestTime);
  ASSERT_TRUE(id);
  auto const* held = state.key_pair_named("bastion-key");
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(*held,
            (KeyPair{*id, "bastion-key", "ed25519", key.fingerprint, key.line + " bastion-key", kTestTime}));
  EXPECT_EQ(aws_name(add_key_pair(state, "bastion-key", key, kTestTime)), "InvalidKeyPair.Duplicate");
  EXPECT_EQ(aws_name(add_key_pair(state, "Bastion-key", key, kTestTime)), "");
}

TEST_F(KeyPairs, names_are_one_line_of_plain_characters) {
  for (auto const& name :
       {std::string(), std::string(256, 'a'), std::string(" a"), std::string("a "),
        std::string("a\nssh-ed25519 AAAA"), std::string("a\0b", 3), std::string("schl\xc3\xbcssel")})
    EXPECT_EQ(aws_name(add_key_pair(state, name, key, kTestTime)), "InvalidParameterValue") << name;
  EXPECT_EQ(aws_name(add_key_pair(state, "$(reboot) `id`; rm -rf / | '\"", key, kTestTime)), "");
  EXPECT_EQ(aws_name(add_key_pair(state, std::string(255, 'a'), key, kTestTime)), "");
}

TEST_F(KeyPairs, what_is_no_key_says_so) {
  EXPECT_EQ(aws_name(read_public_key("ssh-dss AAAA")), "InvalidKey.Format");
  EXPECT_EQ(aws_name(read_public_key("")), "InvalidKey.Format");
  EXPECT_EQ(aws_name(read_public_key(key.line + " me@here")), "");
}

TEST_F(KeyPairs, deleting_is_done_also_when_there_is_none) {
  auto id = add_key_pair(state, "one", key, kTestTime)->text();
  ASSERT_TRUE(put_tags(state, id, {{"a", "b"}}));
  EXPECT_EQ(aws_name(delete_key_pair(state, "", "")), "MissingParameter");
  EXPECT_FALSE(*delete_key_pair(state, "two", ""));
  EXPECT_FALSE(*delete_key_pair(state, "", "key-0123456789abcdef0"));
  EXPECT_FALSE(*delete_key_pair(state, "one", "key-0123456789abcdef0"));
  EXPECT_EQ((*delete_key_pair(state, "", id))->text(), id);
  EXPECT_EQ(state.key_pairs.size(), 0u);
  EXPECT_EQ(state.tagged.size(), 0u);
}

}  // namespace
}  // namespace fumidai::networks
