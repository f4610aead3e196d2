#include "lab/kernel.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <tuple>

#include "base/random.h"
#include "io/file.h"
#include "lab/netlink.h"
#include "lab/router_plan.h"
#include "lab/ruleset.h"
#include "lab/test_lab.h"

namespace fumidai::lab {
namespace {

using namespace network;

constexpr Flow kHttps{Protocol::tcp, 443};

Netlink netlink_of(std::string const& space) {
  return Netlink::open(SpaceHandle::open(space).value()).value();
}

// All that an outsider can see of labs: namespaces, links, files.
std::set<std::string> traces() {
  std::set<std::string> names;
  for (auto directory : {"/run/netns", "/run"}) {
    for (auto& entry : std::filesystem::directory_iterator(directory)) names.insert(entry.path());
  }
  auto machine = netlink_of("");
  for (auto& link : machine.links().value()) names.insert(link.name);
  return names;
}

int processes() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;  // orphans fall to the first process, which we are
  int count = 0;
  for (auto& entry : std::filesystem::directory_iterator("/proc")) {
    count += std::isdigit(entry.path().filename().string().front()) != 0;
  }
  return count;
}

// A part of each kind.
Plan small_plan() {
  auto network = bare_network();
  add_group(network, kSessionGroup);
  add_instance(network, kSessionInstance, kSessionPort, kPrivate, "10.0.1.20", kSessionGroup);
  return plan(network, {});
}

TEST(Kernel, run_twice_does_nothing) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    EXPECT_TRUE(check_able(lab.settings));
    auto network = with_nat(with_endpoints());
    EXPECT_GT(lab.become(network).size(), 100);
    EXPECT_EQ(lab.become(network), Changes());
    Kernel another(lab.settings);  // as after a restart
    EXPECT_EQ(another.apply(plan(network, lab.settings)).value(), Changes());
  });
}

// The name server reads its files as another user.
TEST(Kernel, names_resolve_whatever_the_umask_is) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    ::umask(077);
    TestLab lab;
    auto network = with_nat();
    lab.become(network);
    EXPECT_EQ(lab.resolve(kSessionPort, "www.example.com"), "198.51.100.80");
  });
}

TEST(Kernel, a_lab_is_refused_where_another_has_its_addresses) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    lab.become(bare_network());
    EXPECT_TRUE(check_able(lab.settings)) << "it may go on";
    auto another = check_able({.label = "second", .host = kOffice});
    EXPECT_EQ(another.error().code, Errc::conflict);
    EXPECT_NE(another.error().detail.find("fumidai lab down --label lab"), std::string::npos)
        << another.error().detail;
  });
}

TEST(Kernel, what_goes_in_the_network_goes_in_the_kernel) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    lab.become(with_nat(with_endpoints()));
    lab.become(bare_network());
    EXPECT_EQ(spaces_with("fumidai-").value(),
              (std::vector<std::string>{"fumidai-lab-internet", "fumidai-lab-vpc-lab"}));
    auto router = netlink_of("fumidai-lab-vpc-lab");
    EXPECT_EQ(router.links().value().size(), 2);
    EXPECT_EQ(lab.become(bare_network()), Changes());
  });
}

TEST(Kernel, what_is_taken_away_by_hand_comes_back) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = with_nat();
    lab.become(network);
    auto router = router_space(lab.settings, kVpc);
    auto space = SpaceHandle::open(router);
    auto wanted = Firewall::listed(*space);
    auto find_route = [](Netlink& netlink) {
      auto routes = netlink.routes().value();
      return *std::ranges::find(routes, link_name(kSessionPort), &KernelRoute::link);
    };
    std::vector<std::pair<char const*, std::function<Result<void>()>>> injuries{
        {"router's end of a link", [&] { return netlink_of(router).remove_link(link_name(kSessionPort)); }},
        {"uplink", [&] { return netlink_of(router).remove_link(std::string(kUplink)); }},
        {"the machine's link", [&] { return netlink_of("").remove_link(host_link(lab.settings)); }},
        {"route",
         [&] {
           auto netlink = netlink_of(router);
           return netlink.change(false, find_route(netlink));
         }},
        {"rule",
         [&] {
           return netlink_of(router).change(false,
                                            KernelRule{link_name(kSessionPort), kernel_table(kPrivateTable)});
         }},
        {"address",
         [&] {
           return netlink_of(lab.space_of(kSessionPort))
               .change(false, LinkAddress{"eth0", {address("10.0.1.20"), 24}});
         }},
        {"nft table", [&] { return Firewall::replace(*space, ""); }},
        {"nft rules", [&] { return Firewall::replace(*space, internet_ruleset()); }},
        {"namespace", [&] { return remove_space(lab.space_of(kSessionPort)); }},
        {"router", [&] { return remove_space(router); }},
    };
    for (auto& [what, injure] : injuries) {
      SCOPED_TRACE(what);
      auto injured = injure();
      if (!injured) ADD_FAILURE() << injured.error().detail;
      EXPECT_NE(lab.become(network), Changes());
      EXPECT_EQ(lab.become(network), Changes());
      EXPECT_TRUE(lab.agree(network, kSessionPort, lab.settings.web, kHttps));
      EXPECT_TRUE(lab.agree(network, kOffice, kBastionPort, {Protocol::tcp, 22}));
      EXPECT_EQ(lab.resolve(kSessionPort, "www.example.com"), "198.51.100.80");
    }
    EXPECT_EQ(Firewall::listed(SpaceHandle::open(router).value()).value(), *wanted);
  });
}

TEST(Kernel, a_name_server_that_dies_comes_back_and_a_stranger_with_its_number_lives) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    lab.become(walkthrough());
    auto file = lab.settings.directory() + "/fumidai-lab-vpc-lab.pid";
    auto pid = std::stoi(io::read_file(file).value());
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);  // in this world we are the init that it fell to
    ASSERT_TRUE(io::write_file(file, std::to_string(::getpid())));
    EXPECT_EQ(lab.become(walkthrough()), Changes{"+ name server of fumidai-lab-vpc-lab"});
    EXPECT_EQ(lab.resolve(kSessionPort, "www.example.com"), "198.51.100.80");
    EXPECT_EQ(lab.become(walkthrough()), Changes());
  });
}

TEST(Kernel, a_crash_after_any_step_is_mended_by_the_next_run) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    auto wanted = small_plan();
    Kernel kernel((Settings()));
    auto up = kernel.apply(wanted).value().size(), down = kernel.down().value().size();
    for (std::size_t n = 0; n < up; n++) {
      SCOPED_TRACE(n);
      kernel.stop_after(n);
      EXPECT_EQ(kernel.apply(wanted).error().code, Errc::closed);
      kernel.stop_after({});
      EXPECT_EQ(kernel.apply(wanted).value().size(), up - n);
      EXPECT_EQ(kernel.apply(wanted).value(), Changes());
      kernel.stop_after(n % down);
      EXPECT_EQ(kernel.down().error().code, Errc::closed);
      kernel.stop_after({});
      EXPECT_TRUE(kernel.down());
    }
  });
}

TEST(Kernel, a_kill_at_any_time_is_mended_by_the_next_run) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    auto wanted = small_plan();
    Kernel kernel((Settings()));
    for (int round = 0; round < 20; round++) {
      SCOPED_TRACE(round);
      auto child = ::fork();
      if (child == 0) {
        for (;;) std::ignore = kernel.apply(wanted), std::ignore = kernel.down();
      }
      ::usleep(static_cast<useconds_t>(random_below(200'000)));
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      auto mended = kernel.apply(wanted);
      if (!mended) ADD_FAILURE() << mended.error().detail;
      EXPECT_EQ(kernel.apply(wanted).value(), Changes());
    }
    EXPECT_TRUE(kernel.down());
  });
}

TEST(Kernel, a_vpc_that_cannot_be_made_keeps_no_other_from_its_place) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    auto network = bare_network();
    add_group(network, kSessionGroup);
    add_instance(network, kSessionInstance, kSessionPort, kPrivate, "10.0.1.20", kSessionGroup);
    VpcId odd("vpc-odd");
    SubnetId subnet("subnet-odd");
    InterfaceId port("eni-odd");
    network.vpcs.put({odd, block("224.0.0.0/16")});  // no router can have an address of these
    network.subnets.put({subnet, odd, block("224.0.0.0/24")});
    network.route_tables.put({RouteTableId("rtb-odd"), odd, TableAssociationId("rtbassoc-odd")});
    add_instance(network, InstanceId("i-odd"), port, subnet, "224.0.0.10", kSessionGroup);
    TestLab lab;
    EXPECT_FALSE(lab.kernel.failed());
    EXPECT_FALSE(lab.kernel.apply(plan(network, lab.settings)));
    ASSERT_TRUE(lab.kernel.failed());
    EXPECT_TRUE(lab.kernel.failed()->contains(interface_space(lab.settings, port)));
    EXPECT_FALSE(lab.kernel.failed()->contains(interface_space(lab.settings, kSessionPort)));
    EXPECT_FALSE(lab.kernel.failed()->contains(router_space(lab.settings, kVpc)));
    network.instances.erase(InstanceId("i-odd"));
    network.interfaces.erase(port);
    lab.become(network);
    EXPECT_TRUE(lab.kernel.failed()->empty());
  });
}

TEST(Kernel, a_file_without_a_namespace_is_mended) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    Settings settings;
    std::filesystem::create_directory("/run/netns");
    ASSERT_TRUE(io::write_file("/run/netns/fumidai-lab-internet", ""));
    ASSERT_TRUE(io::write_file("/run/netns/fumidai-lab-eni-old", ""));
    Kernel kernel(settings);
    EXPECT_TRUE(kernel.apply(plan(Network(), settings)));
    EXPECT_EQ(spaces_with("").value(), std::vector<std::string>{"fumidai-lab-internet"});
    EXPECT_TRUE(kernel.down());
  });
}

TEST(Kernel, down_leaves_nothing_and_touches_nothing_of_others) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    ASSERT_TRUE(create_space("someone"));
    auto machine = netlink_of("");
    ASSERT_TRUE(machine.add_pair("theirs", "eth9", SpaceHandle::open("someone").value()));
    Settings other{.label = "lab2",
                   .host = address("192.0.2.1"),
                   .host_peer = address("192.0.2.2"),
                   .plane = address("192.0.2.10"),
                   .dns = address("192.0.2.53"),
                   .web = address("192.0.2.80"),
                   .public_pool = block("192.0.2.128/25")};
    Kernel neighbour(other);
    ASSERT_TRUE(neighbour.apply(plan(bare_network(), other)));
    auto before = traces();
    auto count = processes();
    {
      TestLab lab;
      lab.become(with_nat(with_endpoints()));
      EXPECT_NE(traces(), before);
      auto router = netlink_of("fumidai-lab-vpc-lab");
      ASSERT_TRUE(router.set_up("lo"));
    }
    EXPECT_EQ(traces(), before);
    EXPECT_EQ(neighbour.apply(plan(bare_network(), other)).value(), Changes());
    EXPECT_EQ(processes(), count);
    EXPECT_TRUE(neighbour.down());
  });
}

TEST(Kernel, an_address_that_the_machine_uses_otherwise_is_a_conflict) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    Kernel first(Settings{.label = "one"}), second(Settings{.label = "two"});
    ASSERT_TRUE(first.apply(plan(Network(), Settings{.label = "one"})));
    EXPECT_EQ(second.apply(plan(Network(), Settings{.label = "two"})).error().code, Errc::conflict);
    EXPECT_EQ(first.apply(plan(Network(), Settings{.label = "one"})).value(), Changes());
    EXPECT_TRUE(second.down());
    EXPECT_TRUE(first.down());
  });
}

TEST(Kernel, a_label_that_does_not_fit_is_refused_before_anything_is_changed) {
  for (auto label : {"", "eightchr", "a-b", "../x", "LAB"}) {
    Settings settings{.label = label};
    EXPECT_EQ(check(settings).error().code, Errc::invalid) << label;
    EXPECT_EQ(Kernel(settings).apply(Plan()).error().code, Errc::invalid);
  }
}

TEST(Kernel, fifty_interfaces_in_five_vpcs_take_seconds) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    Network network;
    for (int v = 0; v < 5; v++) {
      auto n = std::to_string(v);
      VpcId vpc("vpc-" + n);
      SubnetId subnet("subnet-" + n);
      SecurityGroupId group("sg-" + n);
      network.vpcs.put({vpc, block("10.0.0.0/16")});
      network.subnets.put({subnet, vpc, block("10.0.1.0/24"), "us-east-1a"});
      network.route_tables.put({RouteTableId("rtb-" + n), vpc, TableAssociationId("rtbassoc-" + n)});
      add_group(network, group, vpc);
      allow_tcp(network, group, Direction::ingress, 22, group);
      for (int i = 0; i < 10; i++) {
        auto name = n + "0" + std::to_string(i);
        add_instance(network, InstanceId("i-" + name), InterfaceId("eni-" + name), subnet,
                     "10.0.1." + std::to_string(10 + i), group);
      }
    }
    Kernel kernel((Settings()));
    auto timed = [&](char const* what, auto work) {
      auto begin = std::chrono::steady_clock::now();
      auto done = work();
      if (!done) ADD_FAILURE() << done.error().detail;
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      std::printf("%s: %.2f s, %zu steps\n", what, took.count(), done->size());
      EXPECT_LT(took.count(), 15);
    };
    auto wanted = plan(network, Settings());
    timed("up", [&] { return kernel.apply(wanted); });
    timed("again", [&] { return kernel.apply(wanted); });
    network.security_groups.find(SecurityGroupId("sg-0"))->rules.clear();
    timed("a rule less", [&] { return kernel.apply(plan(network, Settings())); });
    timed("down", [&] { return kernel.down(); });
  });
}

}  // namespace
}  // namespace fumidai::lab
