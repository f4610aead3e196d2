#include "wire/test_ends.h"

namespace fumidai::wire {
namespace {

using namespace std::chrono_literals;
using Instant = DataChannel::Instant;

class WideEnds : public Ends {
 protected:
  static constexpr std::size_t kSpare = 300'000;

  WideEnds() {
    sender.widen({.is_agent = true, .send_window = 1000, .spare = &spare});
    receiver.widen(
        {.send_window = 1000, .receive_window = 150'000, .acknowledge_below = 1000, .spare = &far_spare});
  }
  // What the sender has under way when it sends all that it may.
  std::size_t fill() {
    while (sender.can_send()) sender.send(PayloadType::output, as_bytes(std::string(100, 'x')));
    return sender.unacknowledged_bytes();
  }
  // A millisecond: what is under way arrives, is taken and acknowledged.
  void flow() {
    now += 1ms;
    carry(sender, receiver);
    while (receiver.take_delivery()) continue;
    receiver.acknowledge_owed();
    carry(receiver, sender);
  }

  SpareRoom spare{kSpare}, far_spare{kSpare};  // of two processes
  DataChannel sender{{.is_agent = true, .spare = &spare}, clock};
  DataChannel receiver{{.spare = &far_spare}, clock};
};

TEST_F(WideEnds, one_acknowledgement_stands_for_several_messages) {
  for (int i = 0; i < 2; i++) sender.send(PayloadType::output, as_bytes(std::string(100, 'x')));
  carry(sender, receiver);
  auto acknowledgement = receiver.take_output(now);
  ASSERT_TRUE(acknowledgement);
  EXPECT_FALSE(receiver.has_output());
  EXPECT_TRUE(sender.receive(*AgentMessage::parse(*acknowledgement), now));
  EXPECT_TRUE(sender.all_acknowledged());
}

TEST_F(WideEnds, one_that_is_not_asked_for_is_owed) {
  sender.send(PayloadType::output, as_bytes("a key press"));
  carry(sender, receiver);
  EXPECT_FALSE(receiver.has_output());
  EXPECT_TRUE(receiver.owes_acknowledgement());
  receiver.acknowledge_owed();
  EXPECT_FALSE(receiver.owes_acknowledgement());
  carry(receiver, sender);
  EXPECT_TRUE(sender.all_acknowledged());
  sender.send(PayloadType::flag, as_bytes("over"));
  carry(sender, receiver);
  EXPECT_EQ(acknowledgements_in(receiver, now), 1) << "the end is always asked about";
}

TEST_F(WideEnds, the_window_follows_what_flows) {
  EXPECT_LT(fill(), 1300u);
  for (int i = 0; i < 100; i++) {
    flow();
    fill();
  }
  EXPECT_GT(fill(), 1000u + kSpare - 5000) << "all that nobody else has";
  EXPECT_LT(spare.left(), 5000u);
  for (int i = 0; i < 40; i++) {
    flow();
    if (i % 2 == 0) sender.send(PayloadType::output, as_bytes("slow"));
  }
  EXPECT_EQ(spare.left(), kSpare);
  EXPECT_LT(fill(), 1300u);
}

TEST_F(WideEnds, what_has_flowed_and_stands_still_leaves_the_room_to_others) {
  for (int i = 0; i < 100; i++) {
    fill();
    flow();
  }
  EXPECT_EQ(spare.left(), kSpare);
}

TEST_F(WideEnds, what_stands_still_has_no_more_than_its_window) {
  auto under_way = fill();
  carry(sender, receiver);
  now += 1h;
  carry(receiver, sender);
  EXPECT_LT(fill(), 2 * under_way);
  carry(sender, receiver);
  carry(receiver, sender);
  EXPECT_FALSE(sender.can_send()) << "nobody takes what came";
}

TEST_F(WideEnds, whatever_is_under_way_finds_room_while_the_consumer_lags) {
  for (std::int64_t i = 0; i < 1500; i++) {
    auto message = stream_message(i, std::string(100, 'x'), message_type::output_stream_data);
    EXPECT_TRUE(receiver.wants_input());
    EXPECT_TRUE(receiver.receive(*AgentMessage::parse(message), now));
  }
  EXPECT_LE(acknowledgements_in(receiver, now), 2) << "what waits is acknowledged when it is taken";
  int taken = 0;
  while (receiver.take_delivery()) taken++;
  EXPECT_EQ(taken, 1500);
  EXPECT_EQ(far_spare.left(), kSpare);
}

TEST_F(WideEnds, behind_a_gap_there_is_room_for_all_that_is_under_way) {
  auto give = [&](std::int64_t number) {
    auto message = stream_message(number, std::string(100, 'x'), message_type::output_stream_data);
    EXPECT_TRUE(receiver.receive(*AgentMessage::parse(message), now));
  };
  for (std::int64_t i = 1; i < 1500; i++) give(i);
  EXPECT_EQ(acknowledgements_in(receiver, now), 1499) << "all are kept";
  give(0);
  EXPECT_EQ(acknowledgements_in(receiver, now), 1) << "at once: the sender may have more to repeat";
  int taken = 0;
  while (receiver.take_delivery()) taken++;
  EXPECT_EQ(taken, 1500);
}

TEST_F(WideEnds, many_small_messages_are_no_more_than_a_relay_follows) {
  for (int i = 0; i < 1000; i++) {
    fill();
    flow();
  }
  std::size_t sent = 0;
  for (; sender.can_send(); sent++) sender.send(PayloadType::output, as_bytes("x"));
  EXPECT_LE(sent, 4096u);
}

// The receiver came back by another connection; the sender's stayed.
TEST_F(WideEnds, what_is_lost_together_is_repeated_together) {
  for (int i = 0; i < 100; i++) {
    fill();
    flow();
  }
  fill();
  while (sender.take_output(now)) continue;  // all of it lost
  int rounds = 0;
  for (; !sender.all_acknowledged() && rounds < 100; rounds++) {
    if (sender.next_tick() != Instant::max()) now = std::max(now, sender.next_tick());
    sender.tick(now);
    flow();
  }
  EXPECT_LT(rounds, 10) << "more than a thousand messages";
}

TEST_F(WideEnds, a_repeat_is_answered_with_all_that_came) {
  for (int i = 0; i < 3; i++) sender.send(PayloadType::output, as_bytes(std::string(100, 'x')));
  carry(sender, receiver);
  while (receiver.take_output(now)) continue;  // lost
  receiver.acknowledge_owed();
  while (receiver.take_output(now)) continue;
  now = sender.next_tick();
  sender.tick(now);
  auto again = sender.take_output(now);
  ASSERT_TRUE(again);
  EXPECT_TRUE(receiver.receive(*AgentMessage::parse(*again), now));
  carry(receiver, sender);
  EXPECT_TRUE(sender.all_acknowledged());
}

TEST_F(WideEnds, without_spare_room_the_windows_are_what_they_were) {
  SpareRoom::Share other(&spare), another(&far_spare);
  for (auto* share : {&other, &another}) share->resize(kSpare);
  for (int i = 0; i < 100; i++) {
    fill();
    flow();
  }
  EXPECT_LT(fill(), 1300u);
  for (std::int64_t i = 0; receiver.wants_input(); i++) {
    ASSERT_LT(i, 1000);
    carry(sender, receiver);
    sender.send(PayloadType::output, as_bytes(std::string(100, 'x')));
  }
}

}  // namespace
}  // namespace fumidai::wire
