#include "app/lab/program.h"

#include <gtest/gtest.h>

namespace fumidai::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Result<Finished> shell(std::string script, std::chrono::seconds limit) {
  return run_program({"/bin/sh", "-c", std::move(script)}, limit);
}

TEST(Program, is_told_by_what_it_printed_and_how_it_ended) {
  auto done = shell("echo out; echo err >&2; exit 3", 10s);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, "out\n");
  EXPECT_EQ(done->error, "err\n");
  EXPECT_EQ(done->status, 3);
  EXPECT_FALSE(run_program({"/nowhere"}, 10s));
}

TEST(Program, may_print_more_than_is_kept) {
  auto done = shell("head -c 1000000 /dev/zero; echo end >&2", 10s);
  ASSERT_TRUE(done);
  EXPECT_GE(done->output.size(), 64U * 1024);
  EXPECT_LT(done->output.size(), 128U * 1024);
  EXPECT_EQ(done->error, "end\n");
}

// As ssh does with its ProxyCommand, and as one does that closes its outputs and goes on.
TEST(Program, ends_in_time_with_all_that_it_started) {
  for (auto const* script :
       {"echo first; sleep 60", "echo first; sleep 60 & wait", "echo first; sleep 60 &",
        "echo first; setsid sleep 8 & wait", "echo first; exec >&- 2>&-; sleep 60; sleep 60"}) {
    SCOPED_TRACE(script);
    auto began = Clock::now();
    auto done = shell(script, 1s);
    EXPECT_LT(Clock::now() - began, 5s);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->output, "first\n");
  }
}

}  // namespace
}  // namespace fumidai::app
