#include "client/tunnel.h"

#include <gtest/gtest.h>

#include "io/test_loop.h"

namespace fumidai::client {
namespace {

using namespace std::chrono_literals;

// Its copies fail once it is `broken`, as if there were no memory for them.
struct Teller {
  explicit Teller(bool const& is_broken) : broken(is_broken) {}
  Teller(Teller const& other) : broken(other.broken) {
    if (broken) throw std::bad_alloc();
  }
  void operator()(std::string const& sentence) const { ADD_FAILURE() << sentence; }

  bool const& broken;
};

TEST(Tunnel, what_breaks_while_it_is_opened_is_no_way_without_an_answer) {
  Profile profile{"http://127.0.0.1:1", "us-east-1", {}, {}};
  auto plane = Plane::make(profile);
  ASSERT_TRUE(plane);
  bool broken = false;
  Tell tell = Teller(broken);
  broken = true;
  auto begun = io::SteadyClock::now();
  auto open = [&](asio::any_io_executor) -> awaitable<void> {
    TunnelTarget target{"mi-0123456789abcdef0", "", {}, true};
    co_await open_tunnel(*plane, std::move(target), 22, 1h, std::move(tell), time_to_tell());
  };
  EXPECT_THROW(io::run_on_loop(open), std::bad_alloc);
  EXPECT_LT(io::SteadyClock::now() - begun, 1s);
}

}  // namespace
}  // namespace fumidai::client
