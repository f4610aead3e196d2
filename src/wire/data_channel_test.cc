#include "wire/data_channel.h"

#include <random>

#include "wire/test_ends.h"

namespace fumidai::wire {
namespace {

using namespace std::chrono_literals;
using Instant = DataChannel::Instant;

// A transport between two ends that loses, delays, reorders, duplicates and breaks. Time is a number.
class Simulation {
 public:
  struct Faults {
    double loss, duplication, reordering, reconnect;
    bool is_wide;
  };

  Simulation(unsigned seed, Faults faults, std::size_t total)
      : random_(seed), faults_(faults), agent_(agent_options(), clock_), client_(client_options(), clock_) {
    if (faults.is_wide) {
      agent_.widen(agent_options());
      client_.widen(client_options());
    }
    for (std::size_t i = 0; i < total; i++) source_.push_back(static_cast<std::uint8_t>(random_()));
    ends_[0] = {&agent_, {}, 0, {}};
    ends_[1] = {&client_, {}, 0, {}};
  }

  // True when both directions arrived whole and in order before the time was over.
  bool run() {
    for (int step = 0; step < 400'000; step++) {
      if (finished()) return true;
      if (chance(faults_.reconnect)) reconnect();
      for (int i = 0; i < 2; i++) pump(ends_[i], wire_[i], wire_[1 - i]);
      now_ += 1ms;
      clock_.advance(1ms);
    }
    return false;
  }

  bool nothing_was_altered() const {
    for (auto const& end : ends_) {
      if (!std::equal(end.got.begin(), end.got.end(), source_.begin())) return false;
    }
    return true;
  }

 private:
  struct End {
    DataChannel* channel;
    Bytes got;
    std::size_t sent;
    Instant asleep_until;
  };
  struct InFlight {
    Instant arrives;
    Bytes bytes;
  };

  bool chance(double probability) { return std::uniform_real_distribution<>()(random_) < probability; }

  bool finished() const {
    for (auto const& end : ends_) {
      if (end.got.size() != source_.size() || !end.channel->all_acknowledged()) return false;
    }
    return true;
  }

  DataChannelOptions agent_options() {
    return {.is_agent = true, .send_window = 4096, .receive_window = 8192, .spare = &spares_[0]};
  }
  DataChannelOptions client_options() {
    return {.send_window = 4096, .receive_window = 8192, .acknowledge_below = 3000, .spare = &spares_[1]};
  }

  // Of one end or of both; what is under way is lost.
  void reconnect() {
    wire_[0].clear();
    wire_[1].clear();
    auto which = random_() % 3;
    if (which != 0) agent_.reconnected();
    if (which != 1) client_.reconnected();
  }

  void pump(End& end, std::vector<InFlight>& out, std::vector<InFlight>& in) {
    while (end.sent < source_.size() && end.channel->can_send()) {
      auto size = std::min<std::size_t>(source_.size() - end.sent, 1 + random_() % 700);
      end.channel->send(PayloadType::output, ByteView(source_).subspan(end.sent, size));
      end.sent += size;
    }
    while (auto message = end.channel->take_output(now_)) {
      if (chance(faults_.loss)) continue;
      int copies = chance(faults_.duplication) ? 2 : 1;
      for (int i = 0; i < copies; i++) {
        auto delay = 1ms + std::chrono::milliseconds(chance(faults_.reordering) ? random_() % 50 : 1);
        out.push_back({now_ + delay, *message});
      }
    }
    for (auto at = in.begin(); at != in.end();) {
      if (at->arrives > now_ || !end.channel->wants_input()) {
        ++at;
        continue;
      }
      auto message = AgentMessage::parse(at->bytes);
      EXPECT_TRUE(*end.channel->receive(*message, now_));
      at = in.erase(at);
    }
    // A consumer that falls asleep at times: back-pressure must hold without losing anything.
    if (chance(0.01)) end.asleep_until = now_ + 40ms;
    if (now_ >= end.asleep_until) {
      while (auto delivery = end.channel->take_delivery()) {
        end.got.insert(end.got.end(), delivery->payload.begin(), delivery->payload.end());
      }
    }
    if (end.channel->owes_acknowledgement() && chance(0.1)) end.channel->acknowledge_owed();
    if (end.channel->next_tick() <= now_) end.channel->tick(now_);
  }

  std::mt19937 random_;
  Faults faults_;
  FixedClock clock_{from_millis(1'700'000'000'000)};
  SpareRoom spares_[2]{SpareRoom(200'000), SpareRoom(200'000)};
  DataChannel agent_, client_;
  Bytes source_;
  End ends_[2];
  std::vector<InFlight> wire_[2];
  Instant now_{1h};
};

TEST(DataChannel, no_byte_is_lost_or_repeated_whatever_the_network_does) {
  for (unsigned seed = 0; seed < 2000; seed++) {
    Simulation::Faults faults{.loss = (seed % 4) * 0.05,
                              .duplication = (seed % 3) * 0.1,
                              .reordering = (seed % 5) * 0.1,
                              .reconnect = (seed % 7) * 0.002,
                              .is_wide = seed % 2 == 1};
    Simulation simulation(seed, faults, 3000 + seed % 9000);
    ASSERT_TRUE(simulation.run()) << "seed " << seed << " did not finish";
    ASSERT_TRUE(simulation.nothing_was_altered()) << "seed " << seed;
  }
}

TEST_F(Ends, payloads_arrive_in_order_and_are_acknowledged) {
  agent.send(PayloadType::output, as_bytes("one"));
  agent.send(PayloadType::std_err, as_bytes("two"));
  carry(agent, client);
  EXPECT_EQ(text(client.take_delivery()), "one");
  auto second = client.take_delivery();
  EXPECT_EQ(second->type, PayloadType::std_err);
  EXPECT_FALSE(agent.all_acknowledged());
  carry(client, agent);
  EXPECT_TRUE(agent.all_acknowledged());
}

TEST_F(Ends, a_repeat_is_acknowledged_again_and_not_delivered_again) {
  auto message = stream_message(0, "once");
  for (int i = 0; i < 3; i++) EXPECT_TRUE(agent.receive(*AgentMessage::parse(message), now));
  EXPECT_EQ(text(agent.take_delivery()), "once");
  EXPECT_FALSE(agent.has_delivery());
  EXPECT_EQ(acknowledgements_in(agent, now), 3);
}

TEST_F(Ends, the_window_closes_and_acknowledgements_open_it) {
  while (agent.can_send()) agent.send(PayloadType::output, as_bytes(std::string(100, 'x')));
  EXPECT_LE(agent.unacknowledged_bytes(), 1000u + 228u);
  carry(agent, client);
  carry(client, agent);
  EXPECT_TRUE(agent.can_send());
}

TEST_F(Ends, a_flood_is_neither_stored_nor_acknowledged_beyond_the_window) {
  for (int i = 0; i < 1000; i++)
    EXPECT_TRUE(agent.receive(*AgentMessage::parse(stream_message(i, std::string(100, 'x'))), now));
  EXPECT_FALSE(agent.wants_input());
  auto acknowledged = acknowledgements_in(agent, now);
  int delivered = 0;
  while (agent.take_delivery()) delivered++;
  EXPECT_EQ(acknowledged, delivered);
  EXPECT_LE(delivered, 2000 / 228 + 1);
}

TEST_F(Ends, what_a_lagging_consumer_leaves_is_kept_and_acknowledged_when_it_is_taken) {
  DataChannel lagging{{.is_agent = true, .receive_window = 2000, .acknowledge_below = 500}, clock};
  auto send = [&](std::int64_t sequence) {
    auto message = stream_message(sequence, std::string(100, 'x'));
    EXPECT_TRUE(lagging.receive(*AgentMessage::parse(message), now));
  };
  for (int i = 0; i < 6; i++) send(i);
  EXPECT_EQ(acknowledgements_in(lagging, now), 3);
  send(2);
  send(4);
  EXPECT_EQ(acknowledgements_in(lagging, now), 1) << "a repeat of what is withheld gets no answer";
  for (int i = 0; i < 3; i++) EXPECT_TRUE(lagging.take_delivery());
  EXPECT_EQ(acknowledgements_in(lagging, now), 0);
  EXPECT_TRUE(lagging.take_delivery());
  EXPECT_EQ(acknowledgements_in(lagging, now), 3);
  send(4);
  EXPECT_EQ(acknowledgements_in(lagging, now), 1);
}

// A peer without a window keeps the store full: it hears of each message that is taken.
TEST_F(Ends, what_is_taken_is_acknowledged_however_much_waits_behind_it) {
  DataChannel lagging{{.is_agent = true, .receive_window = 2000, .acknowledge_below = 500}, clock};
  std::int64_t sequence = 0;
  auto send = [&] {
    auto message = stream_message(sequence++, std::string(100, 'x'));
    EXPECT_TRUE(lagging.receive(*AgentMessage::parse(message), now));
  };
  while (lagging.wants_input()) send();
  auto waiting = acknowledgements_in(lagging, now);
  for (int i = 0; i < waiting; i++) {
    EXPECT_TRUE(lagging.take_delivery());
    send();
  }
  EXPECT_EQ(acknowledgements_in(lagging, now), 0);
  for (int i = 0; i < 100; i++) {
    EXPECT_TRUE(lagging.take_delivery());
    send();
    EXPECT_EQ(acknowledgements_in(lagging, now), 1);
  }
}

TEST_F(Ends, early_messages_never_keep_out_the_one_that_is_waited_for) {
  for (int i = 1; i < 1000; i++)
    EXPECT_TRUE(agent.receive(*AgentMessage::parse(stream_message(i, std::string(100, 'x'))), now));
  EXPECT_TRUE(agent.wants_input());
  EXPECT_TRUE(agent.receive(*AgentMessage::parse(stream_message(0, "first")), now));
  EXPECT_EQ(text(agent.take_delivery()), "first");
  EXPECT_TRUE(agent.has_delivery());
}

TEST_F(Ends, absurd_sequence_numbers_are_ignored) {
  for (std::int64_t sequence : {std::int64_t{20'000}, std::int64_t{1} << 62, std::int64_t{-5}}) {
    EXPECT_TRUE(agent.receive(*AgentMessage::parse(stream_message(sequence, "x")), now));
    EXPECT_FALSE(agent.has_delivery());
  }
  Acknowledge ack;
  for (std::int64_t sequence : {std::int64_t{0}, std::int64_t{99}, std::int64_t{-1}}) {
    ack.acknowledged_message_sequence_number = sequence;
    auto bytes = make_message(message_type::acknowledge, to_json_text(ack), clock.now());
    EXPECT_TRUE(agent.receive(*AgentMessage::parse(bytes), now));
  }
}

TEST_F(Ends, an_acknowledgement_that_overtakes_the_write_counts) {
  agent.send(PayloadType::output, as_bytes("quick"));
  auto message = agent.take_output(now);
  EXPECT_TRUE(client.receive(*AgentMessage::parse(*message), now));
  carry(client, agent);
  EXPECT_TRUE(agent.all_acknowledged());
  EXPECT_EQ(agent.next_tick(), Instant::max());
  EXPECT_EQ(text(client.take_delivery()), "quick");
}

TEST_F(Ends, the_oldest_is_sent_again_ever_more_slowly) {
  agent.send(PayloadType::output, as_bytes("lost"));
  EXPECT_TRUE(agent.take_output(now));
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 5; i++) {
    auto due = agent.next_tick();
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(due - now).count());
    now = due;
    agent.tick(now);
    EXPECT_TRUE(agent.take_output(now));
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{200, 400, 800, 1000, 1000}));
}

TEST_F(Ends, a_wrong_digest_is_an_error) {
  auto bytes = stream_message(0, "payload");
  bytes.back() ^= 1;
  EXPECT_FALSE(agent.receive(*AgentMessage::parse(bytes), now));
}

TEST_F(Ends, digests_are_left_out_only_where_both_ends_agreed) {
  agent.omit_digests();
  agent.send(PayloadType::output, as_bytes("bare"));
  auto bare = agent.take_output(now);
  EXPECT_FALSE(AgentMessage::parse(*bare)->has_digest());
  EXPECT_FALSE(client.receive(*AgentMessage::parse(*bare), now));
  client.accept_no_digests();
  EXPECT_TRUE(client.receive(*AgentMessage::parse(*bare), now));
  EXPECT_EQ(text(client.take_delivery()), "bare");
  // What has one is checked all the same.
  auto wrong = stream_message(1, "payload", message_type::output_stream_data);
  wrong.back() ^= 1;
  EXPECT_FALSE(client.receive(*AgentMessage::parse(wrong), now));
}

TEST_F(Ends, other_messages_are_left_to_the_owner) {
  auto closed = make_message(message_type::channel_closed, "{}", clock.now());
  EXPECT_FALSE(*agent.receive(*AgentMessage::parse(closed), now));
  auto own_kind = stream_message(0, "x", message_type::output_stream_data);
  EXPECT_FALSE(*agent.receive(*AgentMessage::parse(own_kind), now));
  auto bad_ack = make_message(message_type::acknowledge, "not json", clock.now());
  EXPECT_FALSE(agent.receive(*AgentMessage::parse(bad_ack), now));
}

}  // namespace
}  // namespace fumidai::wire
