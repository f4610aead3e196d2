#include "networks/example.h"

#include "network/method.h"
#include "networks/connect_endpoints.h"
#include "networks/instances.h"
#include "networks/interface_endpoints.h"
#include "networks/internet_gateways.h"
#include "networks/key_pairs.h"
#include "networks/nat_gateways.h"
#include "networks/route_tables.h"
#include "networks/security_groups.h"
#include "networks/settle.h"
#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

using network::Method;

SshPublicKey new_key() {
  return generate_ssh_key(SshKeyType::ed25519).public_key;
}

class TheExample : public testing::Test {
 protected:
  TheExample() { example = make(); }

  // All of it runs a while later, and agents are where they can be.
  Example make() {
    auto made = make_example(state, wish, now);
    EXPECT_TRUE(made) << sentence(made);
    pass();
    for (auto const& instance : std::vector(state.network.instances.begin(), state.network.instances.end()))
      started(state, instance.id, now);
    if (!made) return {};
    for (auto const& id : {made->by_endpoints, made->by_nat}) {
      auto& instance = *state.network.instances.find(id);
      instance.profile = network::InstanceProfile{"ssm-profile", "ssm-role", true, true};
      instance.agent = {true, true, true};
    }
    return *made;
  }
  void pass() {
    now += std::chrono::seconds(5);
    settle(state, now);
  }
  void terminate(InstanceId const& id) {
    ASSERT_TRUE(terminate_instances(state, {id.text()}, now));
    terminated(state, id, now);
  }
  // What each method lacks; empty when all work.
  std::string obstacles() const {
    std::string all;
    for (auto const& [method, id] : {std::pair(Method::bastion, example.behind_bastion),
                                     std::pair(Method::session_manager_endpoints, example.by_endpoints),
                                     std::pair(Method::session_manager_nat, example.by_nat),
                                     std::pair(Method::connect_endpoint, example.by_tunnel)}) {
      auto assessment = network::assess(state.network, method, {id, wish.person});
      if (!assessment || !assessment->works()) all += assessment ? assessment->text() : sentence(assessment);
    }
    return all;
  }
  // The id of the part that was given this name.
  template <class Part>
  std::string id_of(Table<Part> const& table, std::string const& name) const {
    for (auto const& each : table) {
      auto const& tags = state.tags_of(each.id.text());
      if (tags.contains("Name") && tags.at("Name") == name) return each.id.text();
    }
    ADD_FAILURE() << "there is no " << name;
    return "";
  }

  State state;
  ExampleWish wish{"example", *Address::parse("198.51.100.1"), "ssm-profile", "amazonaws.com", new_key(),
                   new_key()};
  Time now = kTestTime;
  Example example;
};

TEST_F(TheExample, that_is_whole_is_left_as_it_is) {
  EXPECT_EQ(obstacles(), "");
  auto before = state;
  EXPECT_TRUE(make_example(state, wish, now));
  EXPECT_TRUE(state == before);
}

TEST_F(TheExample, has_a_terminated_instance_again) {
  terminate(example.by_nat);
  auto lacking = find_example(state, "example");
  EXPECT_EQ(lacking.error().code, Errc::not_found);
  EXPECT_EQ(lacking.error().detail,
            "The example 'example' lacks by-nat. It is made whole by: fumidai lab up");
  auto before = std::exchange(example, make());
  EXPECT_NE(example.by_nat, before.by_nat);
  EXPECT_EQ(example.bastion, before.bastion);
  EXPECT_EQ(example.by_tunnel, before.by_tunnel);
  EXPECT_EQ(state.network.vpcs.size(), 2U);
  EXPECT_EQ(find_example(state, "example")->by_nat, example.by_nat);
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, does_not_take_an_instance_for_its_own_that_is_about_to_end) {
  ASSERT_TRUE(terminate_instances(state, {example.bastion.text()}, now));
  EXPECT_FALSE(find_example(state, "example"));
  EXPECT_NE(make().bastion, example.bastion);
}

TEST_F(TheExample, has_deleted_gateways_and_endpoints_again) {
  auto& network = state.network;
  ASSERT_TRUE(delete_nat_gateway(state, id_of(network.nat_gateways, "example-nat"), now));
  ASSERT_TRUE(delete_endpoint(state, id_of(network.endpoints, "ssmmessages"), now));
  ASSERT_TRUE(delete_connect_endpoint(state, id_of(network.connect_endpoints, "connect"), now));
  pass();
  ASSERT_NE(obstacles(), "");
  example = make();
  EXPECT_EQ(obstacles(), "");
  EXPECT_EQ(network.elastic_addresses.size(), 1U);
}

TEST_F(TheExample, does_not_wait_for_the_address_of_a_gateway_that_is_being_deleted) {
  ASSERT_TRUE(delete_nat_gateway(state, id_of(state.network.nat_gateways, "example-nat"), now));
  example = make();
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, has_routes_and_rules_again) {
  auto& network = state.network;
  auto table = id_of(network.route_tables, "example-public"),
       group = id_of(network.security_groups, "private-sg");
  ASSERT_TRUE(delete_route(state, table, "0.0.0.0/0"));
  std::vector<std::string> rules;
  for (auto const& rule : network.security_groups.find(network::SecurityGroupId(group))->rules) {
    if (rule.direction == network::Direction::ingress) rules.push_back(rule.id.text());
  }
  ASSERT_TRUE(revoke(state, group, network::Direction::ingress, rules));
  ASSERT_NE(obstacles(), "");
  example = make();
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, takes_an_endpoint_that_somebody_made_in_the_place_of_its_own) {
  auto& network = state.network;
  ASSERT_TRUE(delete_endpoint(state, id_of(network.endpoints, "ssm"), now));
  pass();
  ASSERT_TRUE(create_endpoint(state,
                              {id_of(network.vpcs, "example"),
                               network.full_name("ssm"),
                               {id_of(network.subnets, "example-private")},
                               {id_of(network.security_groups, "vpce-sg")}},
                              now));
  example = make();
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, with_another_key_has_the_instance_again_that_knew_the_old_one) {
  wish.inner = new_key();
  auto before = std::exchange(example, make());
  EXPECT_EQ(example.bastion, before.bastion);
  EXPECT_NE(example.behind_bastion, before.behind_bastion);
  EXPECT_EQ(state.network.instances.find(before.behind_bastion)->state, InstanceState::shutting_down);
  EXPECT_EQ(state.key_pair_named("example-private-key")->public_key,
            line_of(wish.inner, "example-private-key"));
  EXPECT_EQ(state.key_pairs.size(), 2U);
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, whose_key_pair_was_deleted_has_it_again) {
  ASSERT_TRUE(delete_key_pair(state, "example-bastion-key", ""));
  auto before = std::exchange(example, make());
  EXPECT_TRUE(state.key_pair_named("example-bastion-key"));
  EXPECT_EQ(example.bastion, before.bastion) << "which knows that key";
  EXPECT_EQ(example.behind_bastion, before.behind_bastion);
  EXPECT_EQ(obstacles(), "");
}

TEST_F(TheExample, whose_key_pair_was_deleted_has_the_instance_again_with_another_key) {
  ASSERT_TRUE(delete_key_pair(state, "example-bastion-key", ""));
  wish.bastion = new_key();
  auto before = std::exchange(example, make());
  EXPECT_NE(example.bastion, before.bastion);
  EXPECT_EQ(example.behind_bastion, before.behind_bastion);
}

TEST_F(TheExample, leaves_somebody_elses_key_pair) {
  wish.name = "prod";
  auto id = add_key_pair(state, "prod-bastion-key", new_key(), now);
  ASSERT_TRUE(id);
  auto refused = make_example(state, wish, now);
  ASSERT_EQ(aws_name(refused), "InvalidKeyPair.Duplicate");
  EXPECT_EQ(
      refused.error().detail,
      "The example 'prod' cannot be made whole: The key pair 'prod-bastion-key' has another key, and is "
      "not the example's. Change or delete what is in the way, and make it again.");
  EXPECT_EQ(state.key_pair_named("prod-bastion-key")->id, *id);
}

TEST_F(TheExample, leaves_what_was_changed) {
  auto& vpc = *state.network.vpcs.find(network::VpcId(id_of(state.network.vpcs, "example")));
  auto& subnet =
      *state.network.subnets.find(network::SubnetId(id_of(state.network.subnets, "example-public")));
  EXPECT_TRUE(vpc.dns_hostnames);
  EXPECT_TRUE(subnet.maps_public_ip);
  vpc.dns_hostnames = subnet.maps_public_ip = false;
  auto before = state;
  EXPECT_TRUE(make_example(state, wish, now));
  EXPECT_TRUE(state == before);
}

TEST_F(TheExample, has_all_that_it_may_change_for_its_parts) {
  auto of_another = create_vpc(state, "10.9.0.0/16");
  ASSERT_TRUE(of_another);
  auto vpc = id_of(state.network.vpcs, "example");
  auto group = create_security_group(state, {vpc, "by-hand", "made by hand"});
  ASSERT_TRUE(group);
  auto parts = parts_of_example(state, "example");
  for (auto const& id :
       {vpc, group->text(), example.bastion.text(), id_of(state.network.route_tables, "example-public"),
        state.key_pair_named("example-bastion-key")->id.text()})
    EXPECT_EQ(std::ranges::count(parts, id), 1) << id;
  EXPECT_EQ(std::ranges::count(parts, of_another->text()), 0);
  EXPECT_TRUE(parts_of_example(state, "another").empty());
}

TEST_F(TheExample, that_cannot_be_made_whole_says_what_to_do) {
  auto& launch = *state.launches.find(example.bastion);
  launch.protected_from_termination = true;
  wish.bastion = new_key();
  auto refused = make_example(state, wish, now);
  ASSERT_EQ(aws_name(refused), "OperationNotPermitted");
  EXPECT_TRUE(refused.error().detail.starts_with("The example 'example' cannot be made whole: "));
  EXPECT_TRUE(refused.error().detail.ends_with("Change or delete what is in the way, and make it again."));
}

}  // namespace
}  // namespace fumidai::networks
