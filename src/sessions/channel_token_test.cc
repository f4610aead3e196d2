#include "sessions/channel_token.h"

#include <gtest/gtest.h>

namespace fumidai::sessions {
namespace {

constexpr auto kNow = Time(std::chrono::milliseconds(1'800'000'000'000));
Secret const kKey{"0123456789abcdef0123456789abcdef"};

TEST(ChannelToken, says_what_it_was_made_for) {
  auto text = make_channel_token(kKey, "process", ChannelRole::agent, "alice-1", kNow);
  auto token = open_channel_token(kKey, text.reveal());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->process, "process");
  EXPECT_EQ(token->role, ChannelRole::agent);
  EXPECT_EQ(token->subject, "alice-1");
  EXPECT_EQ(token->issued_at, kNow);
}

TEST(ChannelToken, ends_after_its_lifetime) {
  auto text = make_channel_token(kKey, "process", ChannelRole::client, "alice-1", kNow);
  auto token = open_channel_token(kKey, text.reveal());
  ASSERT_TRUE(token);
  EXPECT_FALSE(token->is_expired(kNow + ChannelToken::kLifetime));
  EXPECT_TRUE(token->is_expired(kNow + ChannelToken::kLifetime + std::chrono::milliseconds(1)));
}

TEST(ChannelToken, no_two_are_the_same) {
  auto one = make_channel_token(kKey, "process", ChannelRole::client, "alice-1", kNow);
  auto other = make_channel_token(kKey, "process", ChannelRole::client, "alice-1", kNow);
  EXPECT_NE(open_channel_token(kKey, one.reveal())->nonce, open_channel_token(kKey, other.reveal())->nonce);
}

TEST(ChannelToken, of_another_deployment_is_none) {
  auto text = make_channel_token(kKey, "process", ChannelRole::client, "alice-1", kNow);
  EXPECT_FALSE(open_channel_token(Secret("fedcba9876543210fedcba9876543210"), text.reveal()));
}

TEST(ChannelToken, with_any_character_changed_is_none) {
  auto text = make_channel_token(kKey, "process", ChannelRole::control, "mi-1", kNow).reveal();
  for (std::size_t i = 0; i < text.size(); i++) {
    auto altered = text;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    // The last character of base64 may hold bits that mean nothing.
    if (i + 3 < text.size()) EXPECT_FALSE(open_channel_token(kKey, altered)) << i;
  }
  for (std::size_t length = 0; length < text.size(); length++)
    EXPECT_FALSE(open_channel_token(kKey, text.substr(0, length))) << length;
  EXPECT_FALSE(open_channel_token(kKey, "no base64 at all"));
}

}  // namespace
}  // namespace fumidai::sessions
