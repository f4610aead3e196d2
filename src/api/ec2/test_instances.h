#pragma once

// For tests: a plane that instances can be launched on, called in EC2's words.

#include <functional>
#include <map>

#include "api/lab.h"
#include "api/test_plane.h"
#include "identity/instance_profiles.h"
#include "identity/roles.h"
#include "networks/images.h"

namespace fumidai::api::ec2 {

using Fields = std::vector<wire::QueryPair>;

// A lab that nothing runs in.
class EmptyLab : public Lab {
 public:
  awaitable<Result<std::vector<std::optional<Observation>>>> observe(std::vector<Trial>) override {
    co_return std::vector<std::optional<Observation>>();
  }
  std::string complaint() const override { return ""; }
  Address person() const override { return network::the_internet(); }
  std::optional<bool> agent_runs(InstanceId const&) override { return {}; }
  awaitable<std::vector<Vitals>> look_at(std::vector<InstanceId> instances) override {
    looked_at += instances.size();
    std::vector<Vitals> seen;
    for (auto const& id : instances) seen.push_back(vitals[id.text()]);
    co_return seen;
  }
  Result<std::string> console_output(InstanceId const&) override { return console; }
  Result<Image> image() const override { return made_of; }

  std::map<std::string, Vitals> vitals;
  std::size_t looked_at = 0;
  std::string console;
  Result<Image> made_of = Image{"my-image", "The directory /my-image", from_millis(1'700'000'000'000)};
};

// With a lab that nothing runs in, called in EC2's words.
class PlaneTest : public TestPlane {
 protected:
  PlaneTest() { plane->lab = &lab; }

  // The body of the answer; for a failure, AWS's name of it.
  std::string call(std::string const& operation, Fields fields) {
    Addressed addressed{&kEc2, operation, std::move(fields), ""};
    auto caller = hana();
    auto outcome = answer(addressed, caller, "");
    if (!outcome) return "(no answer)";
    if (*outcome) return (*outcome)->body;
    return text(
        wire::error_response(outcome->error(), wire::Protocol::ec2, caller.request_id, clock.now()).body,
        "Code");
  }
  // All texts of elements with this name, one after the other.
  static std::vector<std::string> texts(std::string const& xml, std::string const& name) {
    std::vector<std::string> found;
    auto open = "<" + name + ">", close = "</" + name + ">";
    for (auto at = xml.find(open); at != xml.npos; at = xml.find(open, at)) {
      at += open.size();
      found.push_back(xml.substr(at, xml.find(close, at) - at));
    }
    return found;
  }
  static std::string text(std::string const& xml, std::string const& name) {
    auto found = texts(xml, name);
    return found.empty() ? "(none)" : found[0];
  }

  // What whoever runs the machines would report.
  void report(std::function<void(networks::State&)> happened) {
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        happened(state);
        return success();
      });
    });
  }

  EmptyLab lab;
};

// A VPC with a public subnet, a group, a key pair, and an instance profile with a role.
class InstancesTest : public PlaneTest {
 protected:
  InstancesTest() {
    vpc = text(call("CreateVpc", {{"CidrBlock", "10.0.0.0/16"}}), "vpcId");
    subnet = text(call("CreateSubnet", {{"VpcId", vpc}, {"CidrBlock", "10.0.1.0/24"}}), "subnetId");
    group =
        text(call("CreateSecurityGroup", {{"GroupName", "web"}, {"GroupDescription", "web"}, {"VpcId", vpc}}),
             "groupId");
    call("CreateKeyPair", {{"KeyName", "key"}, {"KeyType", "ed25519"}});
    write([&](store::Transaction& transaction) -> Result<void> {
      identity::Role role;
      role.name = "ssm-role";
      role.path = "/";
      role.trust_policy =
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
      CHECK(identity::create_role(transaction, role, clock.now()));
      CHECK(identity::create_instance_profile(transaction, "ssm-profile", "/ops/", clock.now()));
      return identity::put_role_into(transaction, "ssm-profile", "ssm-role");
    });
  }

  Fields launch(Fields more = {}) const {
    Fields fields{{"ImageId", image}, {"MinCount", "1"}, {"MaxCount", "1"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }
  Fields launch_at_top(Fields more = {}) const {
    more.push_back({"SubnetId", subnet});
    more.push_back({"SecurityGroupId.1", group});
    return launch(more);
  }
  std::string run(Fields more = {}) {
    return text(call("RunInstances", launch_at_top(std::move(more))), "instanceId");
  }

  std::string vpc, subnet, group;
  std::string const image{networks::images()[0].id};
};

}  // namespace fumidai::api::ec2
