#include "lab/kernel.h"

#include <chrono>
#include <iostream>

#include "lab/names.h"
#include "lab/probe.h"
#include "lab/test_world.h"
#include "network/walkthrough.h"

namespace fumidai::lab {
namespace {

using network::address;

Changes apply(Kernel& kernel, Plan const& plan) {
  auto begin = std::chrono::steady_clock::now();
  auto changes = kernel.apply(plan);
  if (!changes) ADD_FAILURE() << changes.error().detail;
  std::cerr << "took " << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()
            << "\n";
  return changes ? *changes : Changes();
}

TEST(Kernel, run_twice_does_nothing) {
  FUMIDAI_NEEDS_ROOT();
  EXPECT_TRUE(in_own_world([] {
    Settings settings;
    Kernel kernel(settings);
    EXPECT_TRUE(check_able());
    auto wanted = plan(network::with_nat(network::with_endpoints()), settings);
    auto first = apply(kernel, wanted);
    for (auto& line : first) std::cerr << line << "\n";
    EXPECT_EQ(apply(kernel, wanted), Changes());
    auto down = kernel.down();
    if (!down) ADD_FAILURE() << down.error().detail;
    for (auto& line : *down) std::cerr << line << "\n";
  }));
}

}  // namespace
}  // namespace fumidai::lab
