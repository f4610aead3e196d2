#include "network/cost.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

constexpr char kSource[] = "https://prices.example/";

// Round figures: what is tested is the sum, not the price.
PriceTable prices() {
  using enum PriceUnit;
  return {"us-east-1",
          "USD",
          {{"instance/t3.micro", {10'000}, hour, kSource, "2026-01-31"},
           {"public-address", {5'000}, hour, kSource, "2026-01-31"},
           {"interface-endpoint", {10'000}, hour, kSource, "2026-01-31"},
           {"interface-endpoint", {10'000}, gigabyte, kSource, "2026-01-31"},
           {"nat-gateway", {45'000}, hour, kSource, "2026-01-31"},
           {"nat-gateway", {45'000}, gigabyte, kSource, "2026-01-31"},
           {"internet", {90'000}, gigabyte, kSource, "2026-01-31"}}};
}

std::vector<std::string> ids(auto const& parts) {
  std::vector<std::string> found;
  for (auto& part : parts) found.push_back(part.id);
  return found;
}

TEST(Cost, each_method_pays_for_the_parts_that_it_uses) {
  struct Case {
    Method method;
    std::vector<std::string> parts;
    char const *monthly, *per_gigabyte;
  };
  Case cases[] = {
      {Method::bastion, {"i-bastion", "203.0.113.10"}, "10.95", "0.09"},
      {Method::session_manager_endpoints,
       {"vpce-ssm", "vpce-ssmmessages", "vpce-ec2messages"},
       "21.90",
       "0.01"},
      {Method::session_manager_nat, {"nat-lab", "eipalloc-nat"}, "36.50", "0.05"},
  };
  auto network = with_nat(with_endpoints());
  for (auto& row : cases) {
    auto found = cost(network, kVpc, row.method, prices(), kBastion);
    EXPECT_EQ(ids(found.lines), row.parts);
    EXPECT_EQ(to_string(found.monthly), row.monthly) << to_string(row.method);
    EXPECT_EQ(to_string(found.per_gigabyte), row.per_gigabyte) << to_string(row.method);
    EXPECT_TRUE(found.unpriced.empty() && found.unverified.empty());
  }
}

TEST(Cost, of_a_method_that_is_not_there_yet_is_that_of_the_fewest_parts_it_needs) {
  auto bare = bare_network();
  auto monthly = [&](Method method) { return to_string(cost(bare, kVpc, method, prices()).monthly); };
  EXPECT_EQ(monthly(Method::bastion), "10.95");
  EXPECT_EQ(monthly(Method::session_manager_endpoints), "14.60");  // ec2messages is not needed
  EXPECT_EQ(monthly(Method::session_manager_nat), "36.50");
  for (auto& line : cost(bare, kVpc, Method::session_manager_nat, prices()).lines)
    EXPECT_TRUE(line.id.empty());
}

TEST(Cost, an_endpoint_is_paid_for_in_each_of_its_zones) {
  auto network = with_endpoints();
  network.interfaces.put(
      {InterfaceId("eni-ssm-b"), kPublic, address("10.0.0.101"), endpoint_id("ssm"), {kEndpointGroup}});
  auto found = cost(network, kVpc, Method::session_manager_endpoints, prices());
  EXPECT_EQ(found.lines.front().count, 2);
  EXPECT_EQ(to_string(found.monthly), "29.20");
}

TEST(Cost, a_missing_price_and_one_without_source_are_named_and_not_guessed) {
  auto table = prices();
  table.rows[4].source.clear();
  std::erase_if(table.rows, [](auto& row) { return row.what == "public-address"; });
  auto found = cost(with_nat(), kVpc, Method::session_manager_nat, table);
  EXPECT_EQ(found.unpriced, std::vector<std::string>{"public-address by the hour"});
  EXPECT_EQ(found.unverified, std::vector<std::string>{"nat-gateway by the hour"});
  EXPECT_EQ(to_string(found.monthly), "32.85");
  EXPECT_FALSE(found.lines.back().monthly);
}

TEST(Cost, nothing_of_the_walkthrough_is_idle) {
  EXPECT_EQ(ids(idle_parts(with_nat(with_endpoints()), prices())), std::vector<std::string>{});
}

TEST(Cost, what_is_left_behind_is_told_with_its_price_and_how_to_remove_it) {
  auto network = with_nat();
  drop_routes(network, kPrivateTable);
  auto idle = idle_parts(network, prices());
  ASSERT_EQ(ids(idle), std::vector<std::string>{"nat-lab"});
  EXPECT_EQ(to_string(*idle[0].monthly), "32.85");
  EXPECT_EQ(idle[0].mend.text(), "aws ec2 delete-nat-gateway --nat-gateway-id nat-lab");

  network.nat_gateways.find(kNat)->state = NatState::deleted;
  network.elastic_addresses.find(AllocationId("eipalloc-nat"))->interface.reset();
  EXPECT_EQ(ids(idle_parts(network, prices())), std::vector<std::string>{"eipalloc-nat"});
}

TEST(Cost, a_nat_gateway_is_idle_when_no_running_instance_is_routed_to_it) {
  auto network = with_nat();
  for (auto& id : {kPrivateInstance, kSessionInstance})
    network.instances.find(id)->state = InstanceState::stopped;
  auto idle = idle_parts(network, prices());
  ASSERT_EQ(ids(idle), std::vector<std::string>{"nat-lab"});
  EXPECT_EQ(idle[0].reason, "no running instance is in a subnet whose route leads to it");
  network.instances.find(kSessionInstance)->state = InstanceState::running;
  EXPECT_EQ(ids(idle_parts(network, prices())), std::vector<std::string>{});
}

TEST(Cost, endpoints_are_idle_when_no_running_instance_reaches_them_by_name) {
  auto all = std::vector<std::string>{"vpce-ec2messages", "vpce-ssm", "vpce-ssmmessages"};
  auto stopped = with_endpoints();
  for (auto& id : {kBastion, kPrivateInstance, kSessionInstance}) {
    stopped.instances.find(id)->state = InstanceState::stopped;
  }
  EXPECT_EQ(ids(idle_parts(stopped, prices())), all);
  auto nameless = with_endpoints();
  nameless.vpcs.find(kVpc)->dns_hostnames = false;
  EXPECT_EQ(ids(idle_parts(nameless, prices())), all);
  auto closed = with_endpoints();
  revoke(closed, kEndpointGroup, Direction::ingress);
  EXPECT_EQ(ids(idle_parts(closed, prices())), all);
}

TEST(Money, rounds_to_the_hundredth) {
  EXPECT_EQ(to_string(Money{4'999}), "0.00");
  EXPECT_EQ(to_string(Money{5'000}), "0.01");
  EXPECT_EQ(to_string(Money{-32'850'000}), "-32.85");
  EXPECT_EQ(to_string(Money{1'000'000'000}), "1000.00");
}

}  // namespace
}  // namespace fumidai::network
