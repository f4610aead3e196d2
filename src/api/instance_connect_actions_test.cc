#include <gtest/gtest.h>

#include "api/test_plane.h"
#include "base/ssh_key.h"
#include "inventory/instances.h"
#include "inventory/pushed_keys.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/vpcs.h"

namespace fumidai::api {
namespace {

using namespace std::chrono_literals;
using network::InstanceState;

constexpr char const* kAll = R"({"Effect":"Allow","Action":"*","Resource":"*"})";

// A plane with an instance in us-east-1a and a host, and calls of a user with one policy.
class InstanceConnect : public TestPlane {
 protected:
  InstanceConnect() {
    write([&](store::Transaction& transaction) -> Result<void> {
      inventory::Instance known;
      known.id = host;
      known.registered_at = clock.now();
      CHECK(inventory::add_instance(transaction, known));
      CHECK(inventory::mark_connected(transaction, host, "3.3", clock.now()));
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        TRY(auto vpc, networks::create_vpc(state, "10.0.0.0/16"));
        TRY(auto subnet, networks::create_subnet(state, {vpc.text(), "10.0.1.0/24", "us-east-1a"}));
        networks::NewInstances wanted;
        wanted.image = networks::images()[0].id;
        wanted.subnet = subnet.text();
        TRY(auto made, networks::run_instances(state, wanted, clock.now()));
        instance = made[0].text();
        return success();
      });
    });
    become(InstanceState::running);
  }

  void become(InstanceState state) {
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& changed) -> Result<void> {
        changed.network.instances.find(InstanceId(instance))->state = state;
        return success();
      });
    });
  }

  // The body of the answer; for a failure, its name.
  std::string call(Service const& service, std::string const& operation, wire::json::object body,
                   std::optional<InstanceId> agent_of = {}) {
    Addressed addressed{&service, operation, {}, ""};
    auto caller = hana();
    caller.principal.instance = std::move(agent_of);
    auto outcome = answer(addressed, caller, wire::to_text(body));
    if (!outcome) return "(no answer)";
    if (*outcome) return (*outcome)->body;
    auto refusal =
        wire::error_response(outcome->error(), wire::Protocol::json, caller.request_id, clock.now());
    EXPECT_EQ(refusal.status, 400u);
    return std::string(refusal.headers.find("x-amzn-ErrorType").value_or(""));
  }
  std::string push(wire::json::object more = {}) {
    wire::json::object body{
        {"InstanceId", instance}, {"InstanceOSUser", "ec2-user"}, {"SSHPublicKey", key + " hana\n"}};
    for (auto const& [name, value] : more) body[name] = value;
    return call(kInstanceConnect, "SendSSHPublicKey", std::move(body));
  }
  std::vector<inventory::PushedKey> live() {
    std::vector<inventory::PushedKey> keys;
    write([&](store::Transaction& transaction) -> Result<void> {
      TRY(keys, inventory::live_keys(transaction, InstanceId(instance), clock.now()));
      return success();
    });
    return keys;
  }

  std::string instance;
  InstanceId const host{"mi-0123456789abcdef0"};
  std::string const key = generate_ssh_key(SshKeyType::ed25519).public_key.line;
};

TEST_F(InstanceConnect, a_pushed_key_is_kept_with_who_pushed_it) {
  EXPECT_EQ(push(), R"({"RequestId":"00000000-0000-0000-0000-000000000001","Success":true})") << said;
  auto keys = live();
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].key, key);
  EXPECT_EQ(keys[0].user, "ec2-user");
  EXPECT_EQ(keys[0].caller, model::user_arn(deployment.region, "/", "hana"));
  EXPECT_EQ(keys[0].request_id, "00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(keys[0].expires, clock.now() + 60s);
  write([&](store::Transaction& transaction) -> Result<void> {
    TRY(auto events, audit::list_events(transaction, {}, 10));
    EXPECT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].action, "ec2-instance-connect:SendSSHPublicKey");
    EXPECT_EQ(events[0].outcome, "allowed");
    EXPECT_EQ(events[0].resource, model::instance_arn(deployment.region, InstanceId(instance)));
    return success();
  });
}

TEST_F(InstanceConnect, the_zone_must_be_the_instances_when_it_is_given) {
  EXPECT_TRUE(push({{"AvailabilityZone", "us-east-1a"}}).starts_with("{")) << said;
  for (auto zone : {"us-east-1b", "", "here", "us east-1a"})
    EXPECT_EQ(push({{"AvailabilityZone", zone}}), "InvalidArgsException") << zone;
  EXPECT_EQ(live().size(), 1u);
}

TEST_F(InstanceConnect, what_cannot_be_pushed_says_why) {
  auto const blob = key.substr(key.find(' ')) + " and a comment";  // no shorter than a key has to be
  for (wire::json::object more : {wire::json::object{{"InstanceId", "i-0123"}},
                                  {{"InstanceId", "i-0123456789ABCDEF0"}},
                                  {{"InstanceId", ""}},
                                  {{"InstanceId", "mi-0123"}},
                                  {{"InstanceId", "../../etc"}},
                                  {{"InstanceOSUser", ""}},
                                  {{"InstanceOSUser", "a/b"}},
                                  {{"InstanceOSUser", "root\n"}},
                                  {{"SSHPublicKey", ""}},
                                  {{"SSHPublicKey", "ssh-dss" + blob}},
                                  {{"SSHPublicKey", "ssh-rsa" + blob}},
                                  {{"SSHPublicKey", "ssh-ed25519-cert-v01@openssh.com" + blob}},
                                  {{"SSHPublicKey", key + "\n" + key}},
                                  {{"SSHPublicKey", "#Timestamp=9\n" + key}},
                                  {{"SSHPublicKey", key + " hana\rssh-rsa"}},
                                  {{"SSHPublicKey", key + std::string(" ha\0na", 6)}},
                                  {{"SSHPublicKey", "command=\"id\" " + key}},
                                  {{"SSHPublicKey", "no-pty " + key}},
                                  {{"SSHPublicKey", key + std::string(4096, ' ')}}}) {
    EXPECT_EQ(push(more), "InvalidArgsException") << wire::to_text(more);
    EXPECT_GT(said.size(), 20u);
  }
  EXPECT_TRUE(live().empty());
}

TEST_F(InstanceConnect, only_a_running_instance_takes_keys) {
  EXPECT_EQ(push({{"InstanceId", "i-00000000000000000"}}), "EC2InstanceNotFoundException");
  become(InstanceState::pending);
  EXPECT_EQ(push(), "EC2InstanceUnavailableException");
  for (auto state : {InstanceState::stopping, InstanceState::stopped, InstanceState::shutting_down,
                     InstanceState::terminated}) {
    become(state);
    EXPECT_EQ(push(), "EC2InstanceStateInvalidException");
  }
  EXPECT_TRUE(live().empty());
}

TEST_F(InstanceConnect, a_host_takes_keys_while_its_agent_is_there) {
  EXPECT_TRUE(push({{"InstanceId", host.text()}}).starts_with("{")) << said;
  EXPECT_EQ(push({{"InstanceId", host.text()}, {"AvailabilityZone", "us-east-1a"}}), "InvalidArgsException");
  EXPECT_EQ(push({{"InstanceId", "mi-00000000000000000"}}), "EC2InstanceNotFoundException");
  wire::json::object question{{"InstanceId", host.text()}, {"User", "ec2-user"}};
  EXPECT_EQ(call(kFumidai, "ListPushedKeys", question, host), R"({"Keys":[")" + key + R"("]})") << said;
  EXPECT_EQ(call(kFumidai, "ListPushedKeys", question, InstanceId("mi-00000000000000000")),
            "AccessDeniedException");
  EXPECT_EQ(call(kFumidai, "ListPushedKeys", question), "AccessDeniedException");
  clock.advance(61s);
  EXPECT_EQ(call(kFumidai, "ListPushedKeys", question, host), R"({"Keys":[]})");
  write([&](store::Transaction& transaction) {
    return inventory::mark_disconnected(transaction, host, clock.now());
  });
  EXPECT_TRUE(push({{"InstanceId", host.text()}}).starts_with("{")) << "it may be back in a moment";
  clock.advance(61s);  // a key would not live until then
  EXPECT_EQ(push({{"InstanceId", host.text()}}), "EC2InstanceUnavailableException");
}

TEST_F(InstanceConnect, policies_look_at_the_user_and_the_tags) {
  allow(
      R"({"Effect":"Allow","Action":"ec2-instance-connect:SendSSHPublicKey","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"ec2:osuser":"ec2-user"}}})");
  EXPECT_TRUE(push().starts_with("{")) << said;
  EXPECT_EQ(push({{"InstanceOSUser", "root"}}), "AccessDeniedException");
  EXPECT_NE(
      said.find(
          "is not authorized to perform: ec2-instance-connect:SendSSHPublicKey on resource: arn:aws:ec2:"),
      said.npos)
      << said;
  EXPECT_EQ(push({{"InstanceId", host.text()}}), "AccessDeniedException");
  allow(
      R"({"Effect":"Allow","Action":"ec2-instance-connect:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}})");
  EXPECT_EQ(push(), "AccessDeniedException");
  write([&](store::Transaction& transaction) {
    return networks.change(transaction, [&](networks::State& state) -> Result<void> {
      state.tagged.put({networks::ResourceId(instance), {{"team", "blue"}}});
      return success();
    });
  });
  EXPECT_TRUE(push().starts_with("{")) << said;
}

TEST_F(InstanceConnect, a_crowd_of_keys_is_refused) {
  for (int i = 0; i < inventory::kMostPushedKeys; i++)
    ASSERT_TRUE(push({{"InstanceOSUser", "u" + std::to_string(i)}}).starts_with("{")) << said;
  EXPECT_EQ(push(), "ThrottlingException");
  clock.advance(61s);
  EXPECT_TRUE(push().starts_with("{")) << said;
}

TEST_F(InstanceConnect, there_is_no_serial_console) {
  wire::json::object body{{"InstanceId", instance}, {"SSHPublicKey", key}};
  EXPECT_EQ(call(kInstanceConnect, "SendSerialConsoleSSHPublicKey", body),
            "SerialConsoleAccessDisabledException");
  body["SerialPort"] = 1;
  EXPECT_EQ(call(kInstanceConnect, "SendSerialConsoleSSHPublicKey", body), "InvalidArgsException");
  body["SerialPort"] = 0;
  body["InstanceId"] = host.text();
  EXPECT_EQ(call(kInstanceConnect, "SendSerialConsoleSSHPublicKey", body), "EC2InstanceTypeInvalidException");
  body["InstanceId"] = "i-00000000000000000";
  EXPECT_EQ(call(kInstanceConnect, "SendSerialConsoleSSHPublicKey", body), "EC2InstanceNotFoundException");
}

}  // namespace
}  // namespace fumidai::api
