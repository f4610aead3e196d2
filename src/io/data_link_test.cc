#include "io/data_link.h"

#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/test_loop.h"
#include "wire/session_payloads.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;
using wire::PayloadType;

// Two links joined in memory. Each connection is a fresh pair of streams; the test breaks them.
class Pair {
 public:
  explicit Pair(asio::any_io_executor executor, DataLinkOptions options = {},
                std::deque<Error> in_the_way = {})
      : obstacles(std::move(in_the_way)),
        executor_(executor),
        tasks_(executor, "links"),
        agent(
            executor, agent_options(options), clock_, [this] { return dial(0); },
            [this](wire::AgentMessage const& message) { controls.emplace_back(message.type); }),
        client(
            executor, quick(options), clock_, [this] { return dial(1); },
            [this](wire::AgentMessage const& message) { controls.emplace_back(message.type); }) {
    client.on_connection = [this](bool connected, std::string const& why) {
      events.push_back(connected ? "connected" : "lost: " + why);
    };
    tasks_.spawn(keep(agent, agent_end));
    tasks_.spawn(keep(client, client_end));
  }

  void break_connection() {
    for (auto& socket : sockets_) {
      if (socket) socket->close_now();
    }
  }

  awaitable<void> stop() {
    client.close();
    agent.close();
    co_await tasks_.join();
  }

  // What the next attempts to connect run into.
  std::deque<Error> obstacles;
  int attempts = 0;
  std::vector<std::string> controls, events;
  std::optional<Result<void>> agent_end, client_end;
  std::shared_ptr<WebSocket> const& agent_socket() const { return sockets_[0]; }

 private:
  static DataLinkOptions quick(DataLinkOptions options) {
    options.first_retry = 2ms;
    options.most_retry = 10ms;
    return options;
  }
  static DataLinkOptions agent_options(DataLinkOptions options) {
    options.channel.is_agent = true;
    return quick(options);
  }

  awaitable<void> keep(DataLink& link, std::optional<Result<void>>& end) {
    auto ended = co_await link.run();
    end = ended;
  }

  // The one that comes first makes both ends, and the other finds its own waiting.
  awaitable<Result<std::shared_ptr<WebSocket>>> dial(int side) {
    if (side == 1) attempts++;
    if (side == 1 && !obstacles.empty()) {
      auto error = obstacles.front();
      obstacles.pop_front();
      co_return error;
    }
    if (!ready_[side]) {
      auto [left, right] = memory_streams(executor_, 64 * 1024);
      ready_[0] = std::make_shared<WebSocket>(executor_, std::move(left), wire::Side::server, 1 << 20);
      ready_[1] = std::make_shared<WebSocket>(executor_, std::move(right), wire::Side::client, 1 << 20);
      if (sockets_[1 - side]) sockets_[1 - side]->close_now();
    }
    sockets_[side] = std::exchange(ready_[side], nullptr);
    co_return sockets_[side];
  }

  SystemClock clock_;
  asio::any_io_executor executor_;
  TaskGroup tasks_;
  std::shared_ptr<WebSocket> ready_[2], sockets_[2];

 public:
  DataLink agent, client;
};

awaitable<std::string> receive(DataLink& link, std::size_t wanted) {
  std::string text;
  while (text.size() < wanted) {
    auto delivery = co_await link.receive_until(SteadyClock::now() + 3s);
    if (!delivery || !*delivery) break;
    text += as_text((*delivery)->payload);
  }
  co_return text;
}

TEST(DataLink, carries_payloads_both_ways_and_messages_beside_them) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.client.send(PayloadType::output, as_bytes("hello"));
    auto got = co_await receive(pair.agent, 5);
    EXPECT_EQ(got, "hello");
    co_await pair.agent.send(PayloadType::std_err, as_bytes("world"));
    auto delivery = co_await pair.client.receive();
    EXPECT_EQ(delivery->type, PayloadType::std_err);
    pair.agent.post(wire::make_message(wire::message_type::session_notice, "{}", SystemClock().now()));
    auto drained = co_await pair.agent.drain(1s);
    EXPECT_TRUE(drained);
    while (pair.controls.empty()) co_await sleep_for(1ms);
    EXPECT_EQ(pair.controls[0], wire::message_type::session_notice);
    co_await pair.stop();
    EXPECT_TRUE(*pair.client_end);
  });
}

TEST(DataLink, what_a_wide_channel_owes_is_acknowledged_soon) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    pair.agent.widen({.is_agent = true});
    pair.client.widen({});
    co_await pair.client.send(PayloadType::output, as_bytes("a key press"));
    auto drained = co_await pair.client.drain(150ms);  // sooner than it would be sent again
    EXPECT_TRUE(drained);
    auto got = co_await receive(pair.agent, 1);
    EXPECT_EQ(got, "a key press");
    co_await pair.stop();
  });
}

// A relay between them lost what was on its way: here nobody takes it. A pause stops the timers.
TEST(DataLink, what_is_not_acknowledged_goes_again_when_the_other_end_has_returned) {
  run_on_loop([](auto executor) -> awaitable<void> {
    auto [near, far] = memory_streams(executor, 64 * 1024);
    auto socket = std::make_shared<WebSocket>(executor, std::move(near), wire::Side::client, 1 << 20);
    WebSocket relay(executor, std::move(far), wire::Side::server, 1 << 20);
    auto dial = [&]() -> awaitable<Result<std::shared_ptr<WebSocket>>> { co_return socket; };
    SystemClock clock;
    DataLink link(executor, {}, clock, dial, [](wire::AgentMessage const&) {});
    TaskGroup tasks(executor, "link");
    auto keep = [&]() -> awaitable<void> { co_await link.run(); };
    tasks.spawn(keep());
    co_await link.send(PayloadType::output, as_bytes("hello"));
    auto first = co_await relay.read();
    auto lost = first ? std::string(as_text(first->payload)) : "";
    auto say = [&](std::string_view type) -> awaitable<void> {
      auto message = wire::make_message(type, "{}", clock.now());
      co_await relay.write(wire::Opcode::binary, message);
    };
    co_await say(wire::message_type::pause_publication);
    co_await sleep_for(10ms);
    auto silence = co_await within(500ms, relay.read());
    EXPECT_FALSE(silence);
    co_await say(wire::message_type::peer_returned);
    auto again = co_await within(5s, relay.read());
    EXPECT_TRUE(again && as_text(again->payload) == lost);
    link.close();
    co_await tasks.join();
  });
}

awaitable<void> send_numbers(DataLink& link, int count) {
  for (int i = 0; i < count; i++) {
    auto text = std::to_string(1'000'000 + i) + "\n";
    co_await link.send(PayloadType::output, as_bytes(text));
  }
}

TEST(DataLink, connections_that_break_lose_and_repeat_nothing) {
  run_on_loop([](auto executor) -> awaitable<void> {
    DataLinkOptions options;
    options.channel.send_window = 4096;
    Pair pair(executor, options);
    constexpr int kCount = 1000;
    TaskGroup tasks(executor, "senders");
    tasks.spawn(send_numbers(pair.client, kCount));
    std::string got, expected;
    for (int i = 0; i < kCount; i++) expected += std::to_string(1'000'000 + i) + "\n";
    for (int part = 0; part < 10; part++) {
      auto wanted = expected.size() / 10;
      auto text = co_await receive(pair.agent, wanted);
      got += text;
      pair.break_connection();
    }
    auto rest = co_await receive(pair.agent, expected.size() - std::min(expected.size(), got.size()));
    got += rest;
    EXPECT_TRUE(got == expected) << got.size() << " of " << expected.size() << " bytes";
    EXPECT_GE(std::count(pair.events.begin(), pair.events.end(), "connected"), 5);
    tasks.cancel();
    co_await tasks.join();
    co_await pair.stop();
  });
}

awaitable<void> send_long_ones(DataLink& link, int count) {
  for (int i = 0; i < count; i++) {
    auto payload = std::to_string(i) + ":";
    payload.resize(48 * 1024, '.');
    co_await link.send(PayloadType::output, as_bytes(payload));
  }
}

TEST(DataLink, nor_do_those_that_have_much_under_way) {
  run_on_loop([](auto executor) -> awaitable<void> {
    wire::SpareRoom near_spare(8 << 20), far_spare(8 << 20);
    DataLinkOptions options;
    Pair pair(executor, options);
    wire::DataChannelOptions wide;
    wide.spare = &near_spare;
    pair.client.widen(wide);
    wide.is_agent = true;
    wide.spare = &far_spare;
    pair.agent.widen(wide);
    constexpr int kCount = 400;
    TaskGroup tasks(executor, "senders");
    tasks.spawn(send_long_ones(pair.client, kCount));
    int got = 0;
    for (; got < kCount; got++) {
      auto delivery = co_await pair.agent.receive_until(SteadyClock::now() + 3s);
      bool is_next =
          delivery && *delivery && as_text((*delivery)->payload).starts_with(std::to_string(got) + ":");
      if (!is_next) break;
      if (got % 40 == 20) pair.break_connection();
    }
    EXPECT_EQ(got, kCount);
    EXPECT_GE(std::count(pair.events.begin(), pair.events.end(), "connected"), 5);
    tasks.cancel();
    co_await tasks.join();
    co_await pair.stop();
  });
}

TEST(DataLink, tries_again_after_what_may_pass) {
  run_on_loop([](auto executor) -> awaitable<void> {
    std::deque<Error> passing{
        {Errc::unavailable, "down"}, {Errc::deadline_exceeded, "slow"}, {Errc::closed, "shut"}};
    Pair pair(executor, {}, passing);
    co_await pair.client.send(PayloadType::output, as_bytes("x"));
    auto got = co_await receive(pair.agent, 1);
    EXPECT_EQ(got, "x");
    EXPECT_EQ(pair.attempts, 4);
    co_await pair.stop();
  });
}

TEST(DataLink, ends_when_the_session_is_over_or_refused) {
  for (auto code : {Errc::not_found, Errc::denied}) {
    run_on_loop([code](auto executor) -> awaitable<void> {
      Error refusal{code, "no"};
      Pair pair(executor, {}, {refusal});
      auto delivery = co_await pair.client.receive();
      EXPECT_EQ(delivery.error().code, Errc::closed);
      auto sent = co_await pair.client.send(PayloadType::output, as_bytes("x"));
      EXPECT_EQ(sent.error().code, Errc::closed);
      co_await pair.stop();
      EXPECT_EQ(pair.client_end->error().code, code);
      EXPECT_EQ(pair.attempts, 1);
    });
  }
}

TEST(DataLink, gives_up_after_an_outage_that_lasts_too_long) {
  run_on_loop([](auto executor) -> awaitable<void> {
    std::deque<Error> away(1000, Error{Errc::unavailable, "refused"});
    Pair pair(executor, {.most_outage = 50ms}, away);
    auto begun = SteadyClock::now();
    auto got = co_await pair.client.receive();
    EXPECT_EQ(got.error().code, Errc::closed);
    EXPECT_GE(SteadyClock::now() - begun, 50ms);
    co_await pair.stop();
    EXPECT_EQ(pair.client_end->error().detail, "refused");
  });
}

TEST(DataLink, a_link_whose_place_was_taken_does_not_take_it_back) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.client.send(PayloadType::output, as_bytes("x"));
    auto got = co_await receive(pair.agent, 1);
    EXPECT_EQ(got, "x");
    auto socket = pair.agent_socket();
    co_await socket->close(wire::close_code::replaced, "a newer connection");
    while (!pair.client_end) co_await sleep_for(1ms);
    EXPECT_EQ(pair.client_end->error().code, Errc::conflict);
    EXPECT_TRUE(pair.client.is_closed());
    EXPECT_EQ(pair.attempts, 1);
    co_await pair.stop();
  });
}

TEST(DataLink, a_reader_that_stands_still_stops_the_sender) {
  run_on_loop([](auto executor) -> awaitable<void> {
    DataLinkOptions options;
    options.channel.send_window = 16 * 1024;
    options.channel.receive_window = 32 * 1024;
    Pair pair(executor, options);
    std::size_t sent = 0;
    auto pour = [](DataLink& link, std::size_t& total) -> awaitable<void> {
      Bytes chunk(1024, 'x');
      for (;;) {
        auto done = co_await link.send(PayloadType::output, chunk);
        if (!done) co_return;
        total += chunk.size();
      }
    };
    TaskGroup tasks(executor, "pour");
    tasks.spawn(pour(pair.client, sent));
    co_await sleep_for(100ms);
    EXPECT_GE(sent, 32u * 1024);
    EXPECT_LE(sent, 64u * 1024) << "both windows, and no more";
    auto stood_at = sent;
    auto got = co_await receive(pair.agent, 200'000);
    EXPECT_GE(got.size(), 200'000u);
    EXPECT_GT(sent, stood_at);
    co_await pair.stop();
    co_await tasks.join();
  });
}

// As around `cat`: whoever takes nothing until it has sent waits for acknowledgements behind what it does not
// take.
TEST(DataLink, an_end_that_takes_nothing_still_hears_its_acknowledgements) {
  run_on_loop([](auto executor) -> awaitable<void> {
    DataLinkOptions options;
    options.channel.send_window = 2048;
    options.channel.receive_window = 4096;
    Pair pair(executor, options);
    TaskGroup tasks(executor, "both");
    tasks.spawn(send_numbers(pair.client, 200));
    co_await sleep_for(50ms);  // now the agent's store is full
    bool has_sent = false;
    auto send = [](DataLink& link, bool& done) -> awaitable<void> {
      co_await send_numbers(link, 200);
      done = true;
    };
    tasks.spawn(send(pair.agent, has_sent));
    auto got = co_await receive(pair.client, 200 * 8);
    EXPECT_EQ(got.size(), 200u * 8);
    auto taken = co_await receive(pair.agent, 200 * 8);
    EXPECT_EQ(taken.size(), 200u * 8);
    EXPECT_TRUE(has_sent);
    co_await pair.stop();
    co_await tasks.join();
  });
}

TEST(DataLink, waits_for_a_payload_no_longer_than_asked) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    auto begun = SteadyClock::now();
    auto nothing = co_await pair.client.receive_until(begun + 30ms);
    EXPECT_TRUE(nothing && !*nothing);
    EXPECT_GE(SteadyClock::now() - begun, 30ms);
    co_await pair.stop();
  });
}

TEST(DataLink, a_pause_holds_what_is_sent_until_it_is_lifted) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.client.send(PayloadType::output, as_bytes("a"));
    co_await receive(pair.agent, 1);
    auto now = SystemClock().now();
    pair.agent.post(wire::make_message(wire::message_type::pause_publication, "", now));
    co_await pair.agent.drain(100ms);
    co_await sleep_for(10ms);
    TaskGroup tasks(executor, "sender");
    tasks.spawn(send_numbers(pair.client, 1));
    auto paused = co_await pair.agent.receive_until(SteadyClock::now() + 50ms);
    EXPECT_TRUE(paused && !*paused);
    pair.agent.post(wire::make_message(wire::message_type::start_publication, "", now));
    auto got = co_await receive(pair.agent, 8);
    EXPECT_EQ(got, "1000000\n");
    EXPECT_TRUE(pair.controls.empty()) << "the owner need not know";
    co_await tasks.join();
    co_await pair.stop();
  });
}

TEST(DataLink, silence_of_the_other_side_counts_as_loss) {
  run_on_loop([](auto executor) -> awaitable<void> {
    SystemClock clock;
    std::vector<std::unique_ptr<Stream>> silent;
    int attempts = 0;
    DataLinkOptions options;
    options.ping_every = 20ms;
    options.dead_after = 50ms;
    options.first_retry = 1ms;
    auto connect = [&]() -> awaitable<Result<std::shared_ptr<WebSocket>>> {
      if (++attempts > 1) co_return Error{Errc::not_found, "enough"};
      auto [ours, theirs] = memory_streams(executor, 64 * 1024);
      silent.push_back(std::move(theirs));
      co_return std::make_shared<WebSocket>(executor, std::move(ours), wire::Side::client, 1 << 20);
    };
    DataLink link(executor, options, clock, connect, [](wire::AgentMessage const&) {});
    std::string why;
    link.on_connection = [&](bool connected, std::string const& reason) {
      if (!connected) why = reason;
    };
    auto ended = co_await link.run();
    EXPECT_EQ(ended.error().code, Errc::not_found);
    EXPECT_NE(why.find("nothing was heard"), std::string::npos) << why;
  });
}

// Bytes that are no message, and a message whose digest is wrong, cost the peer its connection.
TEST(DataLink, nonsense_ends_the_connection_and_not_the_session) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Pair pair(executor);
    co_await pair.client.send(PayloadType::output, as_bytes("a"));
    co_await receive(pair.agent, 1);
    auto socket = pair.agent_socket();
    co_await socket->write(wire::Opcode::binary, as_bytes("nonsense"));
    while (pair.events.size() < 3) co_await sleep_for(1ms);
    EXPECT_TRUE(pair.events[1].starts_with("lost: ")) << pair.events[1];
    EXPECT_EQ(pair.events[2], "connected");
    co_await pair.agent.send(PayloadType::output, as_bytes("still here"));
    auto got = co_await receive(pair.client, 10);
    EXPECT_EQ(got, "still here");
    co_await pair.stop();
  });
}

}  // namespace
}  // namespace fumidai::io
