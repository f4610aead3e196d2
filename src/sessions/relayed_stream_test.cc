#include "sessions/relayed_stream.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace fumidai::sessions {
namespace {

using Verdict = RelayedStream::Verdict;

Digest digest_of(std::string_view payload) {
  return sha256(as_bytes(payload));
}

TEST(RelayedStream, forwards_what_is_new_in_whatever_order_it_comes) {
  RelayedStream stream;
  EXPECT_EQ(stream.on_data(0, digest_of("a")), Verdict::forward);
  EXPECT_EQ(stream.on_data(2, digest_of("c")), Verdict::forward);
  EXPECT_EQ(stream.on_data(1, digest_of("b")), Verdict::forward);
}

TEST(RelayedStream, tells_repeats_from_what_the_receiver_has) {
  RelayedStream stream;
  stream.on_data(0, digest_of("a"));
  EXPECT_EQ(stream.on_data(0, digest_of("a")), Verdict::repeat);
  stream.on_acknowledge(0);
  EXPECT_EQ(stream.on_data(0, digest_of("a")), Verdict::answer);
}

TEST(RelayedStream, an_acknowledgement_counts_for_its_own_number_only) {
  RelayedStream stream;
  for (int i = 0; i < 3; i++) stream.on_data(i, digest_of("x"));
  stream.on_acknowledge(1);
  EXPECT_EQ(stream.on_data(0, digest_of("x")), Verdict::repeat);
  EXPECT_EQ(stream.on_data(1, digest_of("x")), Verdict::answer);
  EXPECT_EQ(stream.on_data(2, digest_of("x")), Verdict::repeat);
}

TEST(RelayedStream, an_acknowledgement_may_count_for_all_before_it) {
  RelayedStream stream;
  for (int i = 0; i < 4; i++) stream.on_data(i, digest_of("x"));
  stream.on_acknowledge(2, true);
  for (int i = 0; i < 3; i++) EXPECT_EQ(stream.on_data(i, digest_of("x")), Verdict::answer);
  EXPECT_EQ(stream.on_data(3, digest_of("x")), Verdict::repeat);
}

TEST(RelayedStream, but_never_for_what_is_still_to_come) {
  RelayedStream stream;
  stream.on_data(0, digest_of("x"));
  stream.on_acknowledge(2, true);
  EXPECT_EQ(stream.on_data(0, digest_of("x")), Verdict::repeat);
  EXPECT_EQ(stream.on_data(2, digest_of("x")), Verdict::forward);
}

// The receiver had them from the time before, and says so when the sender begins to repeat.
TEST(RelayedStream, what_never_passed_here_holds_nothing_up) {
  RelayedStream stream;
  stream.resume();
  stream.on_data(7, digest_of("x"));
  for (int i : {11, 12}) stream.on_data(i, digest_of("x"));
  stream.on_acknowledge(12, true);
  EXPECT_EQ(stream.on_data(9, digest_of("x")), Verdict::answer);
  for (int i = 13; i < 13 + 2 * RelayedStream::kMostAhead; i++) {
    ASSERT_EQ(stream.on_data(i, digest_of("x")), Verdict::forward) << i;
    stream.on_acknowledge(i, true);
  }
}

TEST(RelayedStream, also_for_what_came_before_and_after_a_restart) {
  RelayedStream stream;
  stream.resume();
  stream.on_data(7, digest_of("x"));
  for (int i : {4, 5}) stream.on_data(i, digest_of("x"));
  stream.on_acknowledge(5, true);
  EXPECT_EQ(stream.on_data(4, digest_of("x")), Verdict::answer);
  EXPECT_EQ(stream.on_data(7, digest_of("x")), Verdict::repeat);
  stream.on_acknowledge(7, true);
  EXPECT_EQ(stream.on_data(7, digest_of("x")), Verdict::answer);
}

TEST(RelayedStream, one_number_carries_one_payload) {
  RelayedStream stream;
  stream.on_data(0, digest_of("rm -r /tmp/x"));
  EXPECT_EQ(stream.on_data(0, digest_of("rm -r /")), Verdict::altered);
}

TEST(RelayedStream, the_same_bytes_as_another_type_are_another_message) {
  RelayedStream stream;
  EXPECT_EQ(stream.on_data(0, digest_of("80x24"), 1), Verdict::forward);
  EXPECT_EQ(stream.on_data(0, digest_of("80x24"), 3), Verdict::altered);
}

TEST(RelayedStream, also_after_it_was_acknowledged_while_an_older_one_is_missing) {
  RelayedStream stream;
  stream.on_data(0, digest_of("a"));
  stream.on_data(1, digest_of("b"));
  stream.on_acknowledge(1);
  EXPECT_EQ(stream.on_data(1, digest_of("another")), Verdict::altered);
}

TEST(RelayedStream, ignores_numbers_that_cannot_be) {
  RelayedStream stream;
  stream.on_data(0, digest_of("a"));
  EXPECT_EQ(stream.on_data(-1, digest_of("x")), Verdict::ignore);
  EXPECT_EQ(stream.on_data(RelayedStream::kMostAhead + 1, digest_of("x")), Verdict::ignore);
  EXPECT_EQ(stream.on_data(std::numeric_limits<std::int64_t>::max(), digest_of("x")), Verdict::ignore);
}

TEST(RelayedStream, acknowledgements_of_what_never_came_change_nothing) {
  RelayedStream stream;
  stream.on_acknowledge(5);
  stream.on_acknowledge(-7);
  EXPECT_EQ(stream.on_data(0, digest_of("a")), Verdict::forward);
  stream.on_acknowledge(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(stream.on_data(0, digest_of("a")), Verdict::repeat);
}

TEST(RelayedStream, goes_on_in_the_middle_of_a_stream_after_a_restart) {
  RelayedStream stream;
  stream.resume();
  EXPECT_EQ(stream.on_data(70'000, digest_of("a")), Verdict::forward);
  EXPECT_EQ(stream.on_data(70'001, digest_of("b")), Verdict::forward);
  EXPECT_EQ(stream.on_data(70'000, digest_of("a")), Verdict::repeat);
}

TEST(RelayedStream, a_new_stream_begins_at_its_beginning) {
  RelayedStream stream;
  EXPECT_EQ(stream.on_data(1'000'000'000, digest_of("x")), Verdict::ignore);
  EXPECT_EQ(stream.on_data(7, digest_of("a")), Verdict::forward);
  EXPECT_EQ(stream.on_data(7, digest_of("b")), Verdict::altered);
}

TEST(RelayedStream, what_was_sent_before_a_restart_is_watched_as_well) {
  RelayedStream stream;
  stream.resume();
  stream.on_data(70'000, digest_of("a"));
  EXPECT_EQ(stream.on_data(69'990, digest_of("b")), Verdict::forward);
  EXPECT_EQ(stream.on_data(69'990, digest_of("b")), Verdict::repeat);
  stream.on_acknowledge(69'990);
  EXPECT_EQ(stream.on_data(69'990, digest_of("b")), Verdict::answer);
  EXPECT_EQ(stream.on_data(69'991, digest_of("c")), Verdict::forward);
  EXPECT_EQ(stream.on_data(69'991, digest_of("another")), Verdict::altered);
  for (std::int64_t i = 0; i < RelayedStream::kMostAhead; i++) stream.on_data(i, digest_of("x"));
  EXPECT_EQ(stream.on_data(60'000, digest_of("x")), Verdict::ignore) << "memory is bounded";
}

TEST(RelayedStream, what_was_acknowledged_with_all_before_it_makes_room_for_more) {
  RelayedStream stream;
  stream.resume();
  std::int64_t const first = 2 * RelayedStream::kMostAhead;
  stream.on_data(first, digest_of("x"));
  for (std::int64_t i = 0; i < RelayedStream::kMostAhead; i++) stream.on_data(i, digest_of("x"));
  EXPECT_EQ(stream.on_data(first - 1, digest_of("x")), Verdict::ignore);
  stream.on_acknowledge(RelayedStream::kMostAhead - 2, true);
  EXPECT_EQ(stream.on_data(5, digest_of("x")), Verdict::answer);
  EXPECT_EQ(stream.on_data(RelayedStream::kMostAhead - 1, digest_of("x")), Verdict::repeat);
  EXPECT_EQ(stream.on_data(RelayedStream::kMostAhead - 1, digest_of("another")), Verdict::altered);
  EXPECT_EQ(stream.on_data(first - 1, digest_of("x")), Verdict::forward);
  stream.on_acknowledge(first - 2, false);
  EXPECT_EQ(stream.on_data(first - 1, digest_of("x")), Verdict::repeat);
}

TEST(RelayedStream, follows_a_long_stream) {
  RelayedStream stream;
  for (std::int64_t i = 0; i < 100'000; i++) {
    ASSERT_EQ(stream.on_data(i, digest_of(std::to_string(i))), Verdict::forward);
    stream.on_acknowledge(i);
  }
  EXPECT_EQ(stream.on_data(99'999, digest_of("99999")), Verdict::answer);
  EXPECT_EQ(stream.on_data(5, digest_of("5")), Verdict::answer);
}

}  // namespace
}  // namespace fumidai::sessions
