#include "inventory/pushed_keys.h"

#include <gtest/gtest.h>

#include "store/sqlite_database.h"

namespace fumidai::inventory {
namespace {

using namespace std::chrono_literals;
using store::Transaction;

InstanceId const kHost("i-0123456789abcdef0"), kOther("mi-0123456789abcdef0");

class PushedKeys : public testing::Test {
 protected:
  Result<void> push(std::string key, std::string user = "ec2-user", InstanceId host = kHost) {
    return database->write_now([&](Transaction& transaction) {
      return push_key(transaction, {host, user, key, "arn:aws:iam::1:user/hana", "r-" + key}, clock.now());
    });
  }
  template <class... Of>
  std::string live(Of const&... of) {
    std::string names;
    auto done = database->write_now([&](Transaction& transaction) -> Result<void> {
      TRY(auto keys, live_keys(transaction, of..., clock.now()));
      for (auto const& key : keys) names += (names.empty() ? "" : " ") + key.user + ":" + key.key;
      return success();
    });
    EXPECT_TRUE(done);
    return names;
  }
  std::int64_t rows() {
    std::int64_t count = -1;
    EXPECT_TRUE(database->write_now([&](Transaction& transaction) -> Result<void> {
      TRY(auto row, transaction.first("select count(*) from pushed_keys"));
      count = row->integer(0);
      return success();
    }));
    return count;
  }

  FixedClock clock{from_millis(1'800'000'000'000)};
  std::unique_ptr<store::Database> database = std::move(*store::open_sqlite(":memory:"));
};

TEST_F(PushedKeys, live_for_a_minute) {
  ASSERT_TRUE(push("a"));
  clock.advance(55s);
  EXPECT_EQ(live(kHost, std::string("ec2-user")), "ec2-user:a");
  clock.advance(5s);
  EXPECT_EQ(live(kHost, std::string("ec2-user")), "");
  clock.advance(1s);
  EXPECT_EQ(live(kHost), "");
}

TEST_F(PushedKeys, begin_anew_when_they_are_pushed_again) {
  ASSERT_TRUE(push("a"));
  clock.advance(40s);
  ASSERT_TRUE(push("b"));
  ASSERT_TRUE(push("a"));
  EXPECT_EQ(live(kHost), "ec2-user:a ec2-user:b");
  clock.advance(30s);
  EXPECT_EQ(live(kHost), "ec2-user:a ec2-user:b");
  EXPECT_EQ(rows(), 2);
}

TEST_F(PushedKeys, are_for_one_user_of_one_instance) {
  ASSERT_TRUE(push("a"));
  ASSERT_TRUE(push("a", "root"));
  ASSERT_TRUE(push("b", "ec2-user", kOther));
  EXPECT_EQ(live(kHost, std::string("ec2-user")), "ec2-user:a");
  EXPECT_EQ(live(kHost, std::string("nobody")), "");
  EXPECT_EQ(live(kHost), "ec2-user:a root:a");
  EXPECT_EQ(live(kOther), "ec2-user:b");
}

TEST_F(PushedKeys, are_limited_and_removed_when_they_are_over) {
  for (int i = 0; i < kMostPushedKeys; i++) ASSERT_TRUE(push("k" + std::to_string(i)));
  auto refused = push("one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().aws, "ThrottlingException");
  EXPECT_TRUE(push("k7"));
  EXPECT_TRUE(push("a", "ec2-user", kOther));
  clock.advance(60s);
  EXPECT_TRUE(push("one more"));
  EXPECT_EQ(rows(), 1);
}

}  // namespace
}  // namespace fumidai::inventory
