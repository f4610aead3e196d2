#include "io/wait.h"

#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/test_loop.h"
#include "io/worker.h"

namespace fumidai::io {
namespace {

using namespace std::chrono_literals;

awaitable<Result<int>> never(bool& unwound) {
  struct Mark {
    bool& flag;
    ~Mark() { flag = true; }
  } mark{unwound};
  co_await sleep_for(1h);
  co_return 1;
}

TEST(Within, ends_the_work_and_waits_for_it) {
  run_on_loop([](auto) -> awaitable<void> {
    bool unwound = false;
    auto result = co_await within(5ms, never(unwound));
    EXPECT_EQ(result.error().code, Errc::deadline_exceeded);
    EXPECT_TRUE(unwound);
  });
}

awaitable<Result<int>> seven() {
  co_return 7;
}

TEST(Within, returns_what_came_in_time) {
  run_on_loop([](auto) -> awaitable<void> {
    auto result = co_await within(5s, seven());
    EXPECT_EQ(*result, 7);
  });
}

awaitable<void> append_in_turn(Turnstile& turnstile, std::string& text, char letter) {
  auto turn = co_await turnstile.enter();
  text += letter;
  co_await sleep_for(1ms);
  text += letter;
}

TEST(Turnstile, lets_in_one_after_another_in_order) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Turnstile turnstile(executor);
    TaskGroup group(executor, "test");
    std::string text;
    for (char letter : {'a', 'b', 'c'}) group.spawn(append_in_turn(turnstile, text, letter));
    co_await group.join();
    EXPECT_EQ(text, "aabbcc");
    EXPECT_FALSE(turnstile.is_busy());
  });
}

awaitable<void> hold(Turnstile& turnstile, Signal& release) {
  auto turn = co_await turnstile.enter();
  co_await release.wait();
}

TEST(Turnstile, one_who_gives_up_does_not_block_the_next) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Turnstile turnstile(executor);
    Signal release(executor);
    TaskGroup holder(executor, "holder"), quitter(executor, "quitter"), next(executor, "next");
    std::string text;
    holder.spawn(hold(turnstile, release));
    co_await sleep_for(1ms);
    quitter.spawn(append_in_turn(turnstile, text, 'q'));
    co_await sleep_for(1ms);
    next.spawn(append_in_turn(turnstile, text, 'n'));
    quitter.cancel();
    co_await quitter.join();
    release.notify();
    co_await next.join();
    co_await holder.join();
    EXPECT_EQ(text, "nn");
  });
}

TEST(TaskGroup, cancel_ends_every_child_and_join_waits) {
  run_on_loop([](auto executor) -> awaitable<void> {
    TaskGroup group(executor, "test");
    int ended = 0;
    auto child = [](int& count) -> awaitable<void> {
      struct Mark {
        int& number;
        ~Mark() { number++; }
      } mark{count};
      co_await sleep_for(1h);
    };
    for (int i = 0; i < 5; i++) group.spawn(child(ended));
    co_await sleep_for(1ms);
    EXPECT_EQ(group.size(), 5u);
    group.cancel();
    co_await group.join();
    EXPECT_EQ(ended, 5);
  });
}

TEST(Signal, wakes_those_who_wait_and_keeps_its_deadline) {
  run_on_loop([](auto executor) -> awaitable<void> {
    Signal signal(executor);
    TaskGroup group(executor, "test");
    int woken = 0;
    auto waiter = [](Signal& to, int& count) -> awaitable<void> {
      co_await to.wait();
      count++;
    };
    for (int i = 0; i < 3; i++) group.spawn(waiter(signal, woken));
    co_await sleep_for(1ms);
    signal.notify();
    co_await group.join();
    EXPECT_EQ(woken, 3);
    auto before = SteadyClock::now();
    co_await signal.wait_until(before + 5ms);
    EXPECT_GE(SteadyClock::now(), before + 5ms);
  });
}

TEST(Worker, returns_results_to_the_loop_that_asked) {
  run_on_loop([](auto) -> awaitable<void> {
    Worker worker("test", 2);
    auto here = std::this_thread::get_id();
    auto there = co_await worker.run([] { return std::this_thread::get_id(); });
    EXPECT_NE(here, there);
    EXPECT_EQ(std::this_thread::get_id(), here);
  });
}

// A loop that waits by results alone, and ends only because the next wait throws.
awaitable<void> joins_and_goes_on(int& rounds) {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    TaskGroup group(executor, "inner");
    group.spawn([]() -> awaitable<void> { co_return; }());
    co_await group.join();
    rounds++;
    Signal never(executor);
    co_await never.wait();
  }
}

TEST(TaskGroup, a_join_does_not_make_its_caller_immortal) {
  run_on_loop([](auto executor) -> awaitable<void> {
    int rounds = 0;
    TaskGroup group(executor, "outer");
    group.spawn(joins_and_goes_on(rounds));
    co_await sleep_for(20ms);
    group.cancel();
    co_await group.join();
    EXPECT_LE(rounds, 2);
  });
}

}  // namespace
}  // namespace fumidai::io
