#include "networks/instances.h"

#include "base/bytes.h"
#include "networks/elastic_addresses.h"
#include "networks/images.h"
#include "networks/key_pairs.h"
#include "networks/security_groups.h"
#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

using enum InstanceState;
using namespace std::chrono_literals;

class Instances : public RegionTest {
 protected:
  Instances() {
    EXPECT_TRUE(add_key_pair(state, "key", generate_ssh_key(SshKeyType::ed25519).public_key, kTestTime));
    group = create_security_group(state, {vpc, "group", "of instances"})->text();
    far = create_security_group(state, {other_vpc, "group", "of instances"})->text();
  }

  NewInstances one() const {
    NewInstances wanted;
    wanted.image = image;
    wanted.subnet = subnet;
    wanted.groups = {group};
    return wanted;
  }
  InstanceId run(NewInstances const& wanted) {
    auto ids = run_instances(state, wanted, kTestTime);
    EXPECT_TRUE(ids) << ids.error().detail;
    return ids ? ids->at(0) : InstanceId();
  }
  InstanceId run() { return run(one()); }
  InstanceId launched() {
    auto id = run();
    networks::started(state, id, kTestTime);
    return id;
  }

  network::Instance const& instance(InstanceId const& id) const { return *state.network.instances.find(id); }
  Launch const& launch(InstanceId const& id) const { return *state.launches.find(id); }
  network::NetworkInterface const& interface(InstanceId const& id) const {
    return *state.network.interfaces.find(instance(id).interface);
  }

  std::string group, far;
  std::string const image{images()[0].id}, nowhere = "i-0123456789abcdef0";
};

TEST_F(Instances, a_new_one_is_pending_with_an_interface) {
  auto wanted = one();
  wanted.key_name = "key";
  wanted.profile = "ssm-profile";
  wanted.user_data = "IyEvYmluL3No";
  auto id = run(wanted);
  EXPECT_EQ(instance(id).state, pending);
  EXPECT_EQ(instance(id).type, "t3.micro");
  EXPECT_EQ(instance(id).key_name, "key");
  EXPECT_EQ(instance(id).profile->name, "ssm-profile");
  EXPECT_TRUE(launch(id).profile_association.starts_with("iip-assoc-"));
  EXPECT_TRUE(launch(id).reservation.starts_with("r-"));
  EXPECT_EQ(launch(id).launched_at, kTestTime);
  EXPECT_EQ(interface(id).private_address.text(), "10.0.1.4");
  EXPECT_EQ(interface(id).owner, network::InterfaceOwner(id));
  EXPECT_EQ(interface(id).groups, std::vector{network::SecurityGroupId(group)});
  EXPECT_FALSE(interface(id).auto_public_address);
  EXPECT_EQ(interface(run()).private_address.text(), "10.0.1.5");
}

TEST_F(Instances, the_key_of_a_launch_stays_whatever_becomes_of_its_pair) {
  auto wanted = one();
  wanted.key_name = "key";
  auto id = run(wanted);
  auto key = state.key_pair_named("key")->public_key;
  ASSERT_TRUE(delete_key_pair(state, "key", {}));
  EXPECT_EQ(state.public_key_of(instance(id)), key);
  ASSERT_TRUE(add_key_pair(state, "key", generate_ssh_key(SshKeyType::ed25519).public_key, kTestTime));
  EXPECT_EQ(state.public_key_of(instance(id)), key);
  // As it was stored before launches kept it.
  state.launches.find(id)->public_key = {};
  EXPECT_EQ(state.public_key_of(instance(id)), state.key_pair_named("key")->public_key);
  EXPECT_EQ(state.public_key_of(instance(run())), "");
}

TEST_F(Instances, a_public_address_is_asked_for_or_comes_with_the_subnet) {
  auto wanted = one();
  wanted.public_address = true;
  EXPECT_EQ(interface(run(wanted)).auto_public_address->text(), "203.0.113.10");
  state.network.subnets.find(network::SubnetId(subnet))->maps_public_ip = true;
  EXPECT_EQ(interface(run()).auto_public_address->text(), "203.0.113.11");
  wanted.public_address = false;
  EXPECT_FALSE(interface(run(wanted)).auto_public_address);
}

TEST_F(Instances, what_cannot_be_launched) {
  auto taken = one();
  taken.private_address = "10.0.1.77";
  run(taken);
  auto small = create_subnet(state, {vpc, "10.0.9.0/28", "us-east-1a"})->text();
  for (int i = 0; i < 11; i++) {
    auto wanted = one();
    wanted.subnet = small;
    run(wanted);
  }
  struct {
    void (*change)(NewInstances&, std::string const& far);
    char const* error;
    std::string why;
  } const cases[] = {
      {[](auto& run, auto&) { run.image = "image"; }, "InvalidAMIID.Malformed", "image"},
      {[](auto& run, auto&) { run.image = "ami-0123456789abcdef0"; }, "InvalidAMIID.NotFound",
       "does not exist"},
      {[](auto& run, auto&) { run.type = "t9.huge"; }, "InvalidInstanceType", "[t9.huge]"},
      {[](auto& run, auto&) { run.subnet = ""; }, "VPCIdNotSpecified", "--subnet-id"},
      {[](auto& run, auto&) { run.subnet = "subnet-0123456789abcdef0"; }, "InvalidSubnetID.NotFound", ""},
      {[](auto& run, auto&) { run.key_name = "keys"; }, "InvalidKeyPair.NotFound",
       "The key pair 'keys' does not exist"},
      {[](auto& run, auto&) { run.groups = {"sg-0123456789abcdef0"}; }, "InvalidGroup.NotFound", ""},
      {[](auto& run, auto& other) { run.groups = {other}; }, "InvalidParameter",
       "Security group " + far + " and subnet " + subnet + " belong to different networks."},
      {[](auto& run, auto&) { run.private_address = "10.0.1.77"; }, "InvalidIPAddress.InUse", ""},
      {[](auto& run, auto&) { run.private_address = "10.0.2.77"; }, "InvalidParameterValue", "range"},
      {[](auto& run, auto&) { run.private_address = "10.0.1.3"; }, "InvalidParameterValue", "reserved"},
      {[](auto& run, auto&) { run.private_address = "here"; }, "InvalidParameterValue", "here"},
      {[](auto& run, auto&) { run.private_address = "10.0.1.78", run.most = 2; },
       "InvalidParameterCombination", "one instance only"},
      {[](auto& run, auto&) { run.user_data = "?"; }, "InvalidParameterValue",
       "Invalid BASE64 encoding of user data."},
      {[](auto& run, auto&) { run.user_data = to_base64(Bytes(16385)); }, "InvalidParameterValue",
       "User data is limited to 16384 bytes"},
      {[](auto& run, auto&) { run.user_data = to_base64(Bytes(16384)); }, "", ""},
      {[](auto& run, auto&) { run.metadata.hop_limit = 65; }, "InvalidParameterValue", "65"},
      {[](auto& run, auto&) { run.metadata.hop_limit = 0; }, "InvalidParameterValue", "(0)"},
      {[](auto& run, auto&) { run.least = 0; }, "InvalidParameterValue", "MinCount"},
      {[](auto& run, auto&) { run.least = 2; }, "InvalidParameterValue", "MaxCount"},
      {[](auto& run, auto&) { run.least = run.most = 101; }, "InstanceLimitExceeded", "100"},
  };
  for (auto const& [change, error, why] : cases) {
    auto wanted = one();
    change(wanted, far);
    auto before = state;
    auto outcome = run_instances(state, wanted, kTestTime);
    EXPECT_EQ(aws_name(outcome), error) << sentence(outcome);
    EXPECT_NE(sentence(outcome).find(why), std::string::npos) << sentence(outcome);
    if (!outcome) EXPECT_EQ(state, before);
  }
  auto wanted = one();
  wanted.subnet = small;
  EXPECT_EQ(aws_name(run_instances(state, wanted, kTestTime)), "InsufficientFreeAddressesInSubnet");
}

TEST_F(Instances, as_many_as_there_is_room_for) {
  auto wanted = one();
  wanted.least = 2;
  wanted.most = 1000;
  auto ids = run_instances(state, wanted, kTestTime);
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->size(), 100u);
  EXPECT_EQ(launch(ids->at(99)).index, 99);
  EXPECT_EQ(launch(ids->at(99)).reservation, launch(ids->at(0)).reservation);
  EXPECT_EQ(aws_name(run_instances(state, one(), kTestTime)), "InstanceLimitExceeded");
}

// What each call makes of each state; "" is an error.
TEST_F(Instances, states_move_as_ec2_moves_them) {
  using Move = Result<StateChanges> (*)(State&, Ids const&, Time);
  struct {
    Move move;
    InstanceState before;
    std::optional<InstanceState> after;
    std::string error = "";
  } const cases[] = {
      {start_instances, stopped, pending},
      {start_instances, pending, {}, "IncorrectInstanceState"},
      {start_instances, running, {}, "IncorrectInstanceState"},
      {start_instances, stopping, {}, "IncorrectInstanceState"},
      {start_instances, shutting_down, {}, "IncorrectInstanceState"},
      {start_instances, terminated, {}, "IncorrectInstanceState"},
      {stop_instances, running, stopping},
      {stop_instances, stopping, stopping},
      {stop_instances, stopped, stopped},
      {stop_instances, pending, {}, "IncorrectInstanceState"},
      {stop_instances, shutting_down, {}, "IncorrectInstanceState"},
      {stop_instances, terminated, {}, "IncorrectInstanceState"},
      {terminate_instances, pending, shutting_down},
      {terminate_instances, running, shutting_down},
      {terminate_instances, stopping, shutting_down},
      {terminate_instances, stopped, shutting_down},
      {terminate_instances, shutting_down, shutting_down},
      {terminate_instances, terminated, terminated},
  };
  for (auto const& [move, before, after, error] : cases) {
    auto id = run();
    state.network.instances.find(id)->state = before;
    auto outcome = move(state, {id.text()}, kTestTime + 1s);
    EXPECT_EQ(aws_name(outcome), error) << to_string(before);
    EXPECT_EQ(instance(id).state, after.value_or(before));
    if (outcome) EXPECT_EQ(*outcome, (StateChanges{{id, before, *after}}));
  }
  for (auto before : {pending, running, shutting_down, terminated, stopping, stopped}) {
    auto id = run();
    state.network.instances.find(id)->state = before;
    EXPECT_EQ(aws_name(reboot_instances(state, {id.text()}, kTestTime + 1s)),
              before == running ? "" : "IncorrectInstanceState");
    EXPECT_EQ(launch(id).rebooted_at == kTestTime + 1s, before == running);
    EXPECT_EQ(instance(id).state, before);
  }
}

TEST_F(Instances, reports_that_no_longer_fit_change_nothing) {
  struct {
    void (*report)(State&, InstanceId const&, Time);
    InstanceState before, after;
  } const cases[] = {
      {networks::started, pending, running},
      {networks::started, shutting_down, shutting_down},
      {networks::started, stopped, stopped},
      {networks::stopped, stopping, stopped},
      {networks::stopped, running, stopped},
      {networks::stopped, pending, stopped},
      {networks::stopped, shutting_down, shutting_down},
      {networks::stopped, terminated, terminated},
  };
  for (auto const& [report, before, after] : cases) {
    auto id = run();
    state.network.instances.find(id)->state = before;
    report(state, id, kTestTime + 1s);
    EXPECT_EQ(instance(id).state, after);
  }
  auto before = state;
  networks::started(state, InstanceId(nowhere), kTestTime);
  networks::stopped(state, InstanceId(nowhere), kTestTime);
  networks::terminated(state, InstanceId(nowhere), kTestTime);
  EXPECT_EQ(state, before);
}

TEST_F(Instances, all_of_a_call_move_or_none) {
  auto first = launched(), second = launched();
  ASSERT_TRUE(modify_instance(state, second.text(), {{}, {}, true}));
  auto before = state;
  auto both = Ids{first.text(), second.text()};
  auto refused = terminate_instances(state, both, kTestTime);
  EXPECT_EQ(aws_name(refused), "OperationNotPermitted");
  EXPECT_NE(sentence(refused).find("'disableApiTermination'"), std::string::npos);
  EXPECT_EQ(sentence(stop_instances(state, {first.text(), nowhere}, kTestTime)),
            "The instance ID '" + nowhere + "' does not exist");
  EXPECT_EQ(sentence(stop_instances(state, {nowhere, "i-0123456789abcdef1"}, kTestTime)),
            "The instance IDs '" + nowhere + ", i-0123456789abcdef1' do not exist");
  EXPECT_EQ(sentence(stop_instances(state, {"i-$(id)\n"}, kTestTime)), "Invalid id: \"i-$(id)\\x0a\"");
  EXPECT_EQ(state, before);
  EXPECT_EQ(stop_instances(state, both, kTestTime)->size(), 2u);
}

TEST_F(Instances, stopped_it_keeps_its_private_address_and_loses_the_automatic_public_one) {
  auto wanted = one();
  wanted.public_address = true;
  auto id = run(wanted);
  networks::started(state, id, kTestTime);
  ASSERT_TRUE(stop_instances(state, {id.text()}, kTestTime + 1s));
  EXPECT_FALSE(interface(id).auto_public_address);
  EXPECT_EQ(launch(id).reason_code, "Client.UserInitiatedShutdown");
  networks::stopped(state, id, kTestTime + 2s);
  EXPECT_EQ(launch(id).state_since, kTestTime + 2s);
  auto other = run(wanted);  // takes the address that is free now
  ASSERT_TRUE(start_instances(state, {id.text()}, kTestTime + 3s));
  EXPECT_EQ(interface(id).private_address.text(), "10.0.1.4");
  EXPECT_EQ(interface(id).auto_public_address->text(), "203.0.113.11");
  EXPECT_EQ(interface(other).auto_public_address->text(), "203.0.113.10");
  EXPECT_EQ(launch(id).launched_at, kTestTime + 3s);
  EXPECT_TRUE(launch(id).reason_code.empty());
}

TEST_F(Instances, terminated_it_gives_everything_back_and_is_shown_for_an_hour) {
  auto wanted = one();
  wanted.profile = "ssm-profile";
  auto id = run(wanted);
  auto eni = instance(id).interface;
  state.network.elastic_addresses.put({network::AllocationId("eipalloc-1"), *Address::parse("203.0.113.20"),
                                       eni, network::AddressAssociationId("eipassoc-1")});
  ASSERT_TRUE(put_tags(state, id.text(), {{"Name", "web"}}));
  ASSERT_TRUE(terminate_instances(state, {id.text()}, kTestTime));
  EXPECT_EQ(instance(id).state, shutting_down);
  networks::terminated(state, id, kTestTime + 1s);
  EXPECT_EQ(instance(id).state, InstanceState::terminated);
  EXPECT_EQ(state.network.interfaces.find(eni), nullptr);
  EXPECT_FALSE(state.network.elastic_addresses.begin()->interface);
  EXPECT_FALSE(instance(id).profile);
  EXPECT_EQ(aws_name(delete_security_group(state, group)), "");
  forget_terminated(state, kTestTime + 1h);
  EXPECT_FALSE(state.tags_of(id.text()).empty());
  forget_terminated(state, kTestTime + 1h + 1s);
  EXPECT_EQ(state.network.instances.find(id), nullptr);
  EXPECT_EQ(state.launches.size(), 0u);
  EXPECT_EQ(state.tagged.size(), 0u);
}

TEST_F(Instances, each_stop_says_anew_whether_it_is_by_force) {
  auto id = launched();
  ASSERT_TRUE(stop_by_force(state, {id.text()}, kTestTime));
  EXPECT_TRUE(launch(id).stops_by_force);
  networks::stopped(state, id, kTestTime);
  ASSERT_TRUE(start_instances(state, {id.text()}, kTestTime));
  networks::started(state, id, kTestTime);
  ASSERT_TRUE(stop_instances(state, {id.text()}, kTestTime));
  EXPECT_FALSE(launch(id).stops_by_force);
}

TEST_F(Instances, a_stop_that_lasts_may_yet_be_forced) {
  auto id = launched();
  ASSERT_TRUE(stop_instances(state, {id.text()}, kTestTime));
  auto changes = stop_by_force(state, {id.text()}, kTestTime);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->at(0).before, InstanceState::stopping);
  EXPECT_TRUE(launch(id).stops_by_force);
  ASSERT_TRUE(stop_instances(state, {id.text()}, kTestTime));
  EXPECT_TRUE(launch(id).stops_by_force) << "a later word does not take it back";
  networks::stopped(state, id, kTestTime);
  ASSERT_TRUE(stop_by_force(state, {id.text()}, kTestTime));
  EXPECT_EQ(instance(id).state, InstanceState::stopped);
}

TEST_F(Instances, one_that_does_not_come_up_says_why) {
  auto id = run();
  networks::terminated(state, id, kTestTime, "there is no room for its disk");
  EXPECT_EQ(launch(id).reason_code, "Server.InternalError");
  EXPECT_EQ(launch(id).reason, "Server.InternalError: there is no room for its disk");
}

TEST_F(Instances, one_that_does_not_start_ends_unless_it_ran_before) {
  auto fresh = run(), old = launched();
  did_not_start(state, fresh, kTestTime, "no room");
  EXPECT_EQ(instance(fresh).state, InstanceState::terminated);
  EXPECT_EQ(launch(fresh).reason, "Server.InternalError: no room");
  did_not_start(state, old, kTestTime, "a late word");
  EXPECT_EQ(instance(old).state, InstanceState::running) << "it runs: that was about another time";
  EXPECT_TRUE(stop_instances(state, {old.text()}, kTestTime).has_value());
  did_not_start(state, old, kTestTime, "a late word");
  EXPECT_EQ(instance(old).state, InstanceState::stopping);
  networks::stopped(state, old, kTestTime);
  EXPECT_TRUE(start_instances(state, {old.text()}, kTestTime).has_value());
  did_not_start(state, old, kTestTime, "no room");
  EXPECT_EQ(instance(old).state, InstanceState::stopped) << "what is on its disk is kept";
  EXPECT_EQ(launch(old).reason, "Server.InternalError: no room");
}

TEST_F(Instances, attributes_are_changed_one_a_call) {
  auto id = launched();
  auto second = create_security_group(state, {vpc, "second", "another"})->text();
  auto change = [&](InstanceChange const& wanted) {
    return aws_name(modify_instance(state, id.text(), wanted));
  };
  EXPECT_EQ(change({}), "InvalidParameterCombination");
  EXPECT_EQ(change({{}, true, true}), "InvalidParameterCombination");
  EXPECT_EQ(change({std::vector{second}}), "");
  EXPECT_EQ(interface(id).groups, std::vector{network::SecurityGroupId(second)});
  EXPECT_EQ(change({std::vector{far}}), "InvalidParameter");
  EXPECT_EQ(change({{}, false}), "");
  EXPECT_FALSE(state.network.instances.find(InstanceId(id))->source_dest_check);
  EXPECT_EQ(change({{}, {}, {}, "t3.small"}), "IncorrectInstanceState");
  EXPECT_EQ(change({{}, {}, {}, {}, "AAAA"}), "IncorrectInstanceState");
  ASSERT_TRUE(stop_instances(state, {id.text()}, kTestTime));
  networks::stopped(state, id, kTestTime);
  EXPECT_EQ(change({{}, {}, {}, "t3.small"}), "");
  EXPECT_EQ(instance(id).type, "t3.small");
  EXPECT_EQ(change({{}, {}, {}, "t9.huge"}), "InvalidInstanceType");
  EXPECT_EQ(change({{}, {}, {}, {}, "AAAA"}), "");
  EXPECT_EQ(aws_name(modify_metadata(state, id.text(), {true, false, 2, true})), "");
  EXPECT_EQ(launch(id).metadata, (MetadataOptions{true, false, 2, true}));
  EXPECT_EQ(aws_name(modify_metadata(state, id.text(), {true, false, 65})), "InvalidParameterValue");
  networks::terminated(state, id, kTestTime);
  EXPECT_EQ(change({{}, true}), "IncorrectInstanceState");
  EXPECT_EQ(aws_name(modify_instance(state, nowhere, {{}, true})), "InvalidInstanceID.NotFound");
}

TEST_F(Instances, a_profile_can_come_later_and_be_replaced) {
  auto id = launched();
  auto first = associate_profile(state, id.text(), "a", kTestTime);
  ASSERT_TRUE(first);
  auto again = associate_profile(state, id.text(), "b", kTestTime);
  EXPECT_EQ(aws_name(again), "IncorrectState");
  EXPECT_EQ(sentence(again), "There is an existing association for instance " + id.text());
  auto second = replace_profile(state, *first, "b", kTestTime + 1s);
  ASSERT_TRUE(second);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(instance(id).profile->name, "b");
  EXPECT_EQ(aws_name(replace_profile(state, *first, "c", kTestTime)), "InvalidAssociationID.NotFound");
  EXPECT_EQ(aws_name(disassociate_profile(state, "iip-assoc-x")), "InvalidAssociationID.NotFound");
  EXPECT_EQ(aws_name(disassociate_profile(state, *second)), "");
  EXPECT_FALSE(instance(id).profile);
  networks::terminated(state, id, kTestTime);
  EXPECT_EQ(aws_name(associate_profile(state, id.text(), "a", kTestTime)), "IncorrectInstanceState");
}

TEST_F(Instances, hosts_are_named_after_their_addresses) {
  auto address = *Address::parse("10.0.1.5");
  EXPECT_EQ(private_host_name("us-east-1", address), "ip-10-0-1-5.ec2.internal");
  EXPECT_EQ(private_host_name("eu-west-1", address), "ip-10-0-1-5.eu-west-1.compute.internal");
  EXPECT_EQ(public_host_name("us-east-1", address), "ec2-10-0-1-5.compute-1.amazonaws.com");
  EXPECT_EQ(public_host_name("eu-west-1", address), "ec2-10-0-1-5.eu-west-1.compute.amazonaws.com");
}

TEST_F(Instances, the_pool_of_public_addresses_has_an_end) {
  network::SubnetId at(subnet);
  for (int i = 10; i < 255; i++) {
    auto address = take_public_address(state);
    ASSERT_TRUE(address) << i;
    state.network.interfaces.put(
        {network::InterfaceId("eni-" + std::to_string(i)), at, {}, {}, {}, *address});
  }
  EXPECT_EQ(aws_name(take_public_address(state)), "InsufficientAddressCapacity");
}

}  // namespace
}  // namespace fumidai::networks
