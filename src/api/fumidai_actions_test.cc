#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>

#include "api/test_plane.h"
#include "inventory/instances.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/vpcs.h"
#include "sessions/unknown_target.h"

namespace fumidai::api {
namespace {

namespace json = boost::json;

class Targets : public TestPlane {
 protected:
  // An instance of a VPC, with these tags.
  std::string launch(networks::Tags const& tags) {
    std::string id;
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        TRY(auto vpc, networks::create_vpc(state, "10.0.0.0/16"));
        TRY(auto subnet, networks::create_subnet(state, {vpc.text(), "10.0.0.0/24", ""}));
        networks::NewInstances wanted;
        wanted.image = std::string(networks::images().front().id);
        wanted.subnet = subnet.text();
        TRY(auto made, networks::run_instances(state, wanted, clock.now()));
        id = made.front().text();
        return networks::put_tags(state, id, tags);
      });
    });
    return id;
  }
  json::value ask(std::string operation, std::string body) {
    auto outcome = answer({&kFumidai, std::move(operation), {}, ""}, hana(), std::move(body));
    if (outcome && *outcome) return json::parse((*outcome)->body);
    ADD_FAILURE() << said;
    return json::object();
  }
};

TEST_F(Targets, an_instance_of_a_vpc_is_listed_by_its_tag_name) {
  auto named = launch({{"Name", "踏み台"}, {"team", "web"}}), nameless = launch({});
  std::map<std::string, std::string> names;
  auto answered = ask("ListTargets", "{}");
  for (auto& target : answered.at("Targets").as_array())
    names[target.at("InstanceId").as_string().c_str()] = target.at("Name").as_string().c_str();
  EXPECT_EQ(names, (std::map<std::string, std::string>{{named, "踏み台"}, {nameless, ""}}));
}

TEST_F(Targets, what_a_tag_means_is_told_with_its_name) {
  auto named = launch({{"Name", "door"}, {"team", "web"}});
  auto answered = ask("ResolveTarget", R"({"Target":"team=web"})");
  auto const& candidates = answered.at("Candidates").as_array();
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].at("InstanceId").as_string(), named);
  EXPECT_EQ(candidates[0].at("Name").as_string(), "door");
}

TEST_F(Targets, one_that_is_not_there_is_told_of_in_the_same_words_by_all) {
  for (std::string operation : {"ResolveTarget", "FindTunnel", "Diagnose"}) {
    auto outcome = answer({&kFumidai, operation, {}, ""}, hana(), R"({"Target":"nobody"})");
    ASSERT_TRUE(outcome && !*outcome) << operation;
    EXPECT_EQ(said, "'nobody' means nothing here: " + std::string(sessions::kUnknownTarget)) << operation;
  }
  auto outcome = answer({&kSsm, "StartSession", {}, ""}, hana(), R"({"Target":"i-00000000000000000"})");
  ASSERT_TRUE(outcome && !*outcome);
  EXPECT_EQ(said, "i-00000000000000000 is not connected: " + std::string(sessions::kUnknownTarget));
}

TEST_F(Targets, one_whose_agent_never_was_is_told_of_by_its_state) {
  using enum network::InstanceState;
  auto id = launch({});
  auto told_when = [&](network::InstanceState state) {
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& held) -> Result<void> {
        held.network.instances.find(InstanceId(id))->state = state;
        return success();
      });
    });
    (void)answer({&kSsm, "StartSession", {}, ""}, hana(), R"({"Target":")" + id + "\"}");
    return said;
  };
  auto words = id + " is not connected: ";
  EXPECT_EQ(told_when(running), words + "its agent never was. Why, tells: fumidai doctor " + id);
  EXPECT_EQ(told_when(stopped),
            words + "it is stopped. Start it: aws ec2 start-instances --instance-ids " + id + ".");
  EXPECT_EQ(told_when(terminated), words + "it is terminated.");
}

TEST_F(Targets, several_are_told_of_by_their_ids_in_the_same_words_by_all) {
  std::vector<std::string> ids{launch({{"Name", "one"}, {"team", "web"}}),
                               launch({{"Name", "two"}, {"team", "web"}})};
  std::ranges::sort(ids);
  std::set<std::string> words;
  for (std::string operation : {"ResolveTarget", "FindTunnel"}) {
    auto outcome = answer({&kFumidai, operation, {}, ""}, hana(), R"({"Target":"team=web"})");
    ASSERT_TRUE(outcome && !*outcome) << operation;
    EXPECT_EQ(outcome->error().aws, "InvalidTarget") << operation;
    words.insert(said);
  }
  ASSERT_EQ(words.size(), 1U) << "both say the same";
  EXPECT_TRUE(words.begin()->starts_with("'team=web' means several instances; say which by its id")) << said;
  EXPECT_NE(said.find("i-… with aws ec2 terminate-instances"), said.npos) << said;
  for (auto const& id : ids) EXPECT_NE(words.begin()->find("\n  " + id + "  "), std::string::npos) << said;
  EXPECT_NE(words.begin()->find("  two  (not connected)"), std::string::npos) << said;
}

TEST_F(Targets, of_several_that_are_too_many_to_be_named_it_is_told_that_there_are_more) {
  auto told = [&](std::size_t many) {
    auto id = "mi-000000000000000" + std::to_string(10 + many);
    write([&](store::Transaction& transaction) {
      inventory::Instance host;
      host.id = InstanceId(id);
      host.name = "web";
      return inventory::add_instance(transaction, host);
    });
    (void)answer({&kFumidai, "ResolveTarget", {}, ""}, hana(), R"({"Target":"web"})");
    return said;
  };
  for (std::size_t many = 1; many < 20; many++) told(many);
  EXPECT_TRUE(told(20).ends_with("\n  mi-00000000000000030  web  (not connected)")) << said;
  EXPECT_TRUE(told(21).ends_with("\n  mi-00000000000000030  web  (not connected)\n  and more")) << said;
  EXPECT_TRUE(told(22).ends_with("\n  and more")) << said;
}

TEST_F(Targets, aws_is_told_that_a_name_is_no_id_and_the_id_when_a_session_may_start_there) {
  auto id = launch({{"Name", "door"}});
  auto start = [&](std::string target) {
    auto outcome = answer({&kSsm, "StartSession", {}, ""}, hana(), R"({"Target":")" + target + "\"}");
    return outcome && !*outcome ? std::string(outcome->error().aws) : "(no refusal)";
  };
  std::string known = "door is not connected: StartSession takes the id of an instance, and that is a name";
  std::string none = " is not connected: StartSession takes the id of an instance, and that is none";
  EXPECT_EQ(start("door"), "TargetNotConnected");
  EXPECT_EQ(said, known + "; its id is " + id + ".");
  EXPECT_EQ(start("nobody"), "TargetNotConnected");
  EXPECT_EQ(said, "nobody" + none + "; `fumidai host list` shows them.");
  auto arn = model::instance_arn(deployment.region, InstanceId(id));
  allow(R"({"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":")" + arn +
        "\"}");
  EXPECT_EQ(start("door"), "TargetNotConnected");
  EXPECT_EQ(said, "door" + none + "; `fumidai host list` shows them.") << "as of one that is not there";
  allow(R"({"Effect":"Allow","Action":"*","Resource":")" + arn + "\"}");
  EXPECT_EQ(start("door"), "AccessDenied");
  EXPECT_EQ(said.find(id), said.npos) << said;
  allow(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  launch({{"Name", "door"}});
  EXPECT_EQ(start("door"), "TargetNotConnected");
  EXPECT_EQ(said, "door" + none + "; `fumidai host list` shows them.");
}

}  // namespace
}  // namespace fumidai::api
