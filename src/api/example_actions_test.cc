#include <boost/json/serialize.hpp>

#include "api/test_lab.h"
#include "api/test_plane.h"
#include "base/ssh_key.h"
#include "networks/example.h"

namespace fumidai::api {
namespace {

namespace json = boost::json;
using networks::State;

std::string new_key() {
  return generate_ssh_key(SshKeyType::ed25519).public_key.line;
}

class MakeExample : public TestPlane {
 protected:
  MakeExample() { plane->lab = &lab; }

  // With keys that nobody knows. Empty, or why not.
  std::string make(model::Caller caller, std::string const& name = "x") {
    json::object request{{"Name", name}, {"BastionPublicKey", new_key()}, {"InnerPublicKey", new_key()}};
    auto outcome =
        answer({&kFumidai, "MakeExample", {}, ""}, std::move(caller), json::serialize(json::value(request)));
    if (!outcome) return "no answer";
    return *outcome ? "" : outcome->error().detail;
  }
  // Hana may do all but this.
  void deny(std::string const& action, std::string const& resource, std::string const& condition = "") {
    allow(R"({"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":")" + action +
          R"(","Resource":")" + resource + "\"" + condition + "}");
  }
  void change(std::function<void(State&)> how) {
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](State& state) -> Result<void> {
        how(state);
        return success();
      });
    });
  }
  std::string bastion(State const& state) { return networks::find_example(state, "x")->bastion.text(); }
  std::string arn(std::string const& what) const {
    return "arn:aws:ec2:us-east-1:" + deployment.region.account + ":" + what;
  }

  FakeLab lab;
};

TEST_F(MakeExample, asks_about_the_very_parts_that_it_may_change) {
  deny("ec2:TerminateInstances", arn("instance/i-0123456789abcdef0"));
  ASSERT_EQ(make(hana()), "");
  State before;
  change([&](State& state) { before = state; });
  auto table = before.network.route_tables.begin();
  while (before.tags_of(table->id.text()).empty()) ++table;  // the main ones have none
  auto group = before.network.security_groups.begin();
  while (group->name == "default") ++group;
  for (auto const& [action, what] :
       {std::pair("ec2:TerminateInstances", "instance/" + bastion(before)),
        std::pair("ec2:DeleteKeyPair", std::string("key-pair/x-private-key")),
        std::pair("ec2:ReplaceRoute", "route-table/" + table->id.text()),
        std::pair("ec2:AuthorizeSecurityGroupIngress", "security-group/" + group->id.text()),
        std::pair("ec2:CreateSubnet", "vpc/" + before.network.vpcs.begin()->id.text()),
        std::pair("ec2:ModifySubnetAttribute", std::string("subnet/*"))}) {
    deny(action, arn(what));
    auto refusal = make(hana());
    EXPECT_NE(
        refusal.find(std::string("not authorized to perform: ") + action + " on resource: " + arn(what)),
        refusal.npos)
        << refusal;
    change([&](State& state) { EXPECT_TRUE(state == before) << action; });
  }
}

TEST_F(MakeExample, ends_no_instance_that_its_caller_only_tagged_for_it) {
  ASSERT_EQ(make(hana()), "");
  std::string victim;
  change([&](State& state) {
    victim = networks::find_example(state, "x")->by_tunnel.text();
    networks::drop_tags(state, bastion(state));
    EXPECT_TRUE(networks::put_tags(
        state, victim,
        {{"Name", "bastion"}, {std::string(networks::kExampleTag), "x"}, {"team", "another"}}));
  });
  deny("ec2:TerminateInstances", "*", R"(,"Condition":{"StringEquals":{"ec2:ResourceTag/team":"another"}})");
  auto refusal = make(hana());
  EXPECT_NE(refusal.find(arn("instance/" + victim)), refusal.npos) << refusal;
  change([&](State& state) {
    EXPECT_EQ(state.network.instances.find(InstanceId(victim))->state, network::InstanceState::pending);
  });
}

TEST_F(MakeExample, without_a_lab_says_what_to_do_first) {
  plane->lab = nullptr;
  EXPECT_EQ(make(hana()),
            "Instances run in a lab, and this server has none. Stop it first; then start one that has: "
            "`fumidai lab up`, or `fumidai server --lab`.");
}

TEST_F(MakeExample, is_not_for_a_session_of_a_user) {
  auto session = hana();
  session.token_issued_at = clock.now();
  EXPECT_EQ(
      make(session),
      "MakeExample makes a role, and IAM takes no credentials of GetSessionToken. Use an access key of the "
      "user, or assume a role.");
  change([](State& state) { EXPECT_EQ(state.network.vpcs.size(), 0U); });
  EXPECT_EQ(make(hana()), "");
}

}  // namespace
}  // namespace fumidai::api
