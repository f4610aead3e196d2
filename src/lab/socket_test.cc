#include "lab/socket.h"

#include <netinet/in.h>

#include <set>

#include "lab/space.h"
#include "lab/test_lab.h"

namespace fumidai::lab {
namespace {

Address const kClient = Address::parse("198.51.100.77").value();

int port_of(TestSocket const& socket) {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&from), &size), 0);
  return ntohs(from.sin_port);
}

TEST(SourcePorts, come_again_after_all_others) {
  SourcePorts ports(SourcePorts::kCount - 3);
  std::set<int> seen;
  auto first = ports.next();
  seen.insert(first);
  while (seen.size() < SourcePorts::kCount) ASSERT_TRUE(seen.insert(ports.next()).second);
  EXPECT_EQ(*seen.begin(), 32768);
  EXPECT_EQ(*seen.rbegin(), 60999);
  EXPECT_EQ(ports.next(), first);
}

TEST(Socket, no_two_namespaces_send_from_one_port_of_a_client) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    ASSERT_TRUE(create_space("one"));
    ASSERT_TRUE(create_space("other"));
    SourcePorts ports(0);
    TestSocket first(socket_from("one", kClient, ports)), second(socket_from("other", kClient, ports)),
        third(socket_from("one", kClient, ports));
    EXPECT_EQ(port_of(first), 32768);
    EXPECT_EQ(port_of(second), 32769);
    EXPECT_EQ(port_of(third), 32770);
  });
}

TEST(Socket, a_port_that_is_in_use_is_passed_over) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    ASSERT_TRUE(create_space("one"));
    SourcePorts ports(0), again(0);
    TestSocket first(socket_from("one", kClient, ports)), second(socket_from("one", kClient, again));
    EXPECT_EQ(port_of(first), 32768);
    EXPECT_EQ(port_of(second), 32769);
  });
}

}  // namespace
}  // namespace fumidai::lab
