#pragma once

// For tests that need root: a process with network, mounts and process ids of its own, so that nothing on the
// machine can clash with it, and nothing of it outlives it.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace fumidai::lab {

// A failure inside is one of the test.
template <class Work>
void in_own_world(Work const& work) {
  auto run = [&](auto const& inside) {
    std::fflush(nullptr);
    auto child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      bool good = inside();
      std::fflush(nullptr);
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  };
  auto first_process = [&] {
    bool own = ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("proc", "/proc", "proc", 0, nullptr) == 0 &&
               ::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0;
    EXPECT_TRUE(own) << "no mounts of our own";
    try {
      if (own) work();
    } catch (std::exception const& failure) {  // must not reach the loop of tests, which is another process's
      ADD_FAILURE() << failure.what();
    }
    return !::testing::Test::HasFailure();
  };
  auto own = [&] { return ::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) == 0 && run(first_process); };
  EXPECT_TRUE(run(own)) << "failed in its own world";
}

}  // namespace fumidai::lab

#define FUMIDAI_NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root"
