// How long does it take to make the networks of so many interfaces real, and to see that nothing is to be
// done? In five VPCs, each interface with a namespace, a link and two security groups. Needs root.
//   build/release/lab_reconcile [INTERFACES...]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "lab/kernel.h"
#include "own_world.h"

namespace {

using namespace fumidai;
using Clock = std::chrono::steady_clock;

constexpr int kVpcs = 5;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Cidr block(std::string const& text) {
  return Cidr::parse(text).value();
}

std::string numbered(char const* kind, int number) {
  char text[32];
  std::snprintf(text, sizeof text, "%s-%017d", kind, number);
  return text;
}

// SSH from anywhere, everything out.
network::SecurityGroup group(std::string const& id, network::VpcId const& vpc) {
  using namespace network;
  SecurityGroup made{SecurityGroupId(id), vpc, id, ""};
  made.rules.push_back(
      {SecurityRuleId(id + "in"), Direction::ingress, Protocol::tcp, {22, 22}, block("0.0.0.0/0")});
  made.rules.push_back(
      {SecurityRuleId(id + "out"), Direction::egress, Protocol::all, {}, block("0.0.0.0/0")});
  return made;
}

void add_vpc(network::Network& network, int number) {
  network::VpcId vpc(numbered("vpc", number));
  network.vpcs.put({vpc, block("10.0.0.0/16"), true, true});
  network.subnets.put(
      {network::SubnetId(numbered("subnet", number)), vpc, block("10.0.0.0/24"), "us-east-1a"});
  network.route_tables.put({network::RouteTableId(numbered("rtb", number)), vpc,
                            network::TableAssociationId(numbered("rtbassoc", number))});
  for (auto part : {"sga", "sgb"}) network.security_groups.put(group(numbered(part, number), vpc));
}

network::Network of_interfaces(int count) {
  network::Network network;
  for (int number = 0; number < kVpcs; number++) add_vpc(network, number);
  for (int number = 0; number < count; number++) {
    network::InterfaceId interface(numbered("eni", number));
    InstanceId instance(numbered("i", number));
    int vpc = number % kVpcs;
    auto address = Address::parse("10.0.0." + std::to_string(10 + number / kVpcs)).value();
    network.instances.put({instance, interface, network::InstanceState::running, "t3.micro", ""});
    network.interfaces.put(
        {interface,
         network::SubnetId(numbered("subnet", vpc)),
         address,
         instance,
         {network::SecurityGroupId(numbered("sga", vpc)), network::SecurityGroupId(numbered("sgb", vpc))}});
  }
  return network;
}

Result<void> measure(int interfaces) {
  lab::Settings settings{.label = "bench"};
  lab::Kernel kernel(settings);
  auto timed = [&](auto const& work, std::size_t& changes) -> Result<double> {
    auto begin = Clock::now();
    TRY(auto done, work());
    changes = done.size();
    return ms_since(begin);
  };
  auto network = of_interfaces(interfaces);
  auto apply = [&] { return kernel.apply(lab::plan(network, settings)); };
  std::size_t made = 0, again = 0, changed = 0, removed = 0;
  TRY(auto first, timed(apply, made));
  TRY(auto idle, timed(apply, again));
  network.security_groups.find(network::SecurityGroupId(numbered("sga", 0)))->rules.pop_back();
  TRY(auto one, timed(apply, changed));
  auto down = [&] { return kernel.down(); };
  TRY(auto gone, timed(down, removed));
  std::printf(
      "  %4d interfaces: made in %7.1f ms (%zu changes), nothing to do %6.1f ms (%zu), a rule changed %6.1f "
      "ms (%zu), removed in %7.1f ms\n",
      interfaces, first, made, idle, again, one, changed, gone);
  return success();
}

int run(std::vector<int> const& counts) {
  if (auto able = lab::check_able({.label = "bench"}); !able) {
    std::printf("skipped: %s\n", able.error().detail.c_str());
    return 0;
  }
  std::printf("lab_reconcile, in %d VPCs:\n", kVpcs);
  for (int interfaces : counts) {
    if (auto done = measure(interfaces); !done) {
      std::printf("failed: %s\n", done.error().detail.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> counts;
  for (int i = 1; i < argc; i++) counts.push_back(std::atoi(argv[i]));
  if (counts.empty()) counts = {10, 50, 200};
  return bench::in_own_world([&] { return run(counts); });
}
