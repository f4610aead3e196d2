#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/test_lab.h"
#include "api/test_plane.h"
#include "base/ssh_key.h"
#include "networks/example.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/settle.h"
#include "sessions/tunnels.h"

namespace fumidai::api {
namespace {

namespace json = boost::json;

class Diagnosis : public TestPlane {
 protected:
  Diagnosis() {
    plane->lab = &lab;
    auto key = generate_ssh_key(SshKeyType::ed25519).public_key.line;
    ask("MakeExample", json::serialize(json::object{{"BastionPublicKey", key}, {"InnerPublicKey", key}}));
  }

  json::value ask(std::string operation, std::string body = "{}") {
    auto outcome = answer({&kFumidai, std::move(operation), {}, ""}, hana(), std::move(body));
    if (!outcome || !*outcome) {
      ADD_FAILURE() << said;
      return json::object();
    }
    return json::parse((*outcome)->body);
  }
  // The member of all requirements of that name, of all instances and methods.
  std::vector<json::value> all(std::string const& need, char const* member) {
    std::vector<json::value> found;
    auto diagnosis = ask("Diagnose");
    for (auto& target : diagnosis.at("Targets").as_array())
      for (auto& method : target.at("Methods").as_array())
        for (auto& requirement : method.at("Requirements").as_array())
          if (requirement.at("Need").as_string() == need) found.push_back(requirement.as_object()[member]);
    return found;
  }
  std::vector<json::value> observed(std::string const& need) { return all(need, "Observed"); }
  void change(std::function<void(networks::State&)> how) {
    write([&](store::Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        how(state);
        return success();
      });
    });
  }
  void settle() {
    change([&](networks::State& state) {
      networks::settle(state, clock.now() + std::chrono::minutes(1));
      std::vector<InstanceId> all;
      for (auto& instance : state.network.instances) all.push_back(instance.id);
      for (auto& id : all) networks::started(state, id, clock.now());
    });
  }
  // Of all instances.
  void connect_agents() {
    write([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto state, networks.read(transaction));
      for (auto const& instance : state->network.instances) {
        inventory::Instance host;
        host.id = instance.id;
        host.agent_name = "fumidai-agent";
        host.connected_at = clock.now();
        CHECK(inventory::add_instance(transaction, host));
      }
      return success();
    });
  }

  FakeLab lab;
};

TEST_F(Diagnosis, what_is_being_started_may_answer_already_and_is_not_tried) {
  auto ways = observed("way to the service");
  EXPECT_FALSE(ways.empty());
  for (auto& each : ways) EXPECT_TRUE(each.is_null()) << each;
  settle();
  ways = observed("way to the service");
  EXPECT_TRUE(std::ranges::any_of(ways, [](auto& each) { return each.is_object(); }));
}

TEST_F(Diagnosis, a_private_name_is_looked_up_for_the_instance) {
  settle();
  auto names = observed("private name");
  ASSERT_FALSE(names.empty());
  for (auto& each : names) EXPECT_FALSE(each.at("Disagrees").as_bool()) << each;
  std::set<std::string> looked_up;
  for (auto& trial : lab.tried)
    if (auto* lookup = std::get_if<network::Lookup>(&trial)) {
      looked_up.insert(lookup->name);
      EXPECT_LE(lookup->wanted.size(), 1);  // none is wanted of a name outside
    }
  EXPECT_EQ(looked_up,
            (std::set<std::string>{"ssm.us-east-1.amazonaws.com", "ssmmessages.us-east-1.amazonaws.com"}));
}

TEST_F(Diagnosis, whether_an_agent_runs_is_asked_of_the_lab) {
  settle();
  for (auto [runs, standing] :
       {std::pair(std::optional(true), "met"), std::pair(std::optional(false), "unmet"),
        std::pair(std::optional<bool>(), "advice")}) {
    lab.runs_agents = runs;
    auto standings = all("agent", "Standing");
    ASSERT_FALSE(standings.empty());
    for (auto& each : standings) EXPECT_EQ(each.as_string(), standing);
  }
  change([](networks::State& state) {
    for (auto& instance : state.network.instances)
      EXPECT_TRUE(
          networks::put_tags(state, instance.id.text(), {{std::string(networks::kAgentTag), "none"}}));
  });
  for (auto& each : all("agent", "Reason"))
    EXPECT_EQ(each.as_string(), "has no agent: its tag fumidai-agent says none");
}

TEST_F(Diagnosis, what_the_one_who_asks_may_himself_is_a_requirement_of_his_methods) {
  settle();
  auto says = [&](std::string_view sentence) {
    auto reasons = all("permission", "Reason");
    return std::ranges::any_of(
        reasons, [&](auto& each) { return std::string_view(each.as_string()).starts_with(sentence); });
  };
  auto may = [&](std::string const& actions) {
    allow(R"({"Effect":"Allow","Action":["fumidai:*")" + actions + R"(],"Resource":"*"})");
  };
  constexpr auto kBoth = "you may push a key and open a tunnel";
  EXPECT_TRUE(says(kBoth));
  EXPECT_TRUE(says("you may start a session"));
  may(R"(,"ssm:StartSession")");
  EXPECT_TRUE(says("you may push no key: "));
  EXPECT_FALSE(says(kBoth));
  may(R"(,"ec2-instance-connect:SendSSHPublicKey")");
  EXPECT_TRUE(says("you may open no tunnel: "));
  EXPECT_FALSE(says(kBoth));
  may(R"(,"ec2-instance-connect:*")");
  EXPECT_TRUE(says(kBoth));
  EXPECT_FALSE(says("you may start a session"));
  EXPECT_TRUE(says("you may start no session: "));
}

TEST_F(Diagnosis, what_cannot_be_tried_is_not_observed_and_what_the_lab_complains_of_is_told) {
  settle();
  lab.can_try = false;
  lab.complains_of = "no room";
  for (auto& each : observed("way to the service")) EXPECT_TRUE(each.is_null()) << each;
  EXPECT_EQ(ask("Diagnose").at("Complaint").as_string(), "no room");
  EXPECT_EQ(ask("DescribeExample").at("Complaint").as_string(), "no room");
}

TEST_F(Diagnosis, somebody_has_to_listen_at_the_end_of_an_open_way) {
  settle();
  auto is_met = [](json::value const& standing) { return standing.as_string() == "met"; };
  EXPECT_TRUE(std::ranges::any_of(all("way to the instance", "Standing"), is_met));
  lab.refuses = true;
  EXPECT_FALSE(std::ranges::any_of(all("way to the instance", "Standing"), is_met));
  auto bastion = ask("Diagnose", R"({"Target":"behind-bastion"})").at("Targets").at(0).at("Methods").at(0);
  EXPECT_FALSE(bastion.at("Works").as_bool()) << bastion;
  EXPECT_TRUE(json::serialize(bastion).find("is open, but nobody listens there on tcp 22") !=
              std::string::npos);
}

TEST_F(Diagnosis, a_port_is_judged_and_tried) {
  settle();
  ask("Diagnose", R"({"Target":"behind-bastion","Port":5432})");
  std::set<int> tried;
  for (auto& trial : lab.tried)
    if (auto* way = std::get_if<network::Path>(&trial)) tried.insert(way->flow.port);
  EXPECT_TRUE(tried.contains(22)) << "of the bastion itself";
  EXPECT_TRUE(tried.contains(5432));
  EXPECT_FALSE(*answer({&kFumidai, "Diagnose", {}, ""}, hana(), R"({"Port":0})"));
}

TEST_F(Diagnosis, outside_a_lab_an_endpoint_needs_an_agent) {
  settle();
  sessions::Tunnels tunnels(*gate, networks, registry->carriers());
  plane->tunnels = &tunnels;
  auto standings = [&] {
    std::set<std::string> seen;
    for (auto& each : all("endpoint's agent", "Standing")) seen.emplace(each.as_string());
    return seen;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(standings(), Set{}) << "the lab dials itself";
  plane->lab = nullptr;
  EXPECT_EQ(standings(), Set{"unmet"});
  std::string endpoint(all("endpoint's agent", "Subject").at(0).as_string());
  registry->carriers().arrived(InstanceId("mi-0123456789abcdef0"), endpoint, hana());
  EXPECT_EQ(standings(), Set{"met"});
  allow(R"({"Effect":"Allow","Action":"fumidai:*","Resource":"*"},)"
        R"({"Effect":"Deny","Action":"fumidai:ServeEndpoint","Resource":"*"})");
  EXPECT_EQ(standings(), Set{"unmet"}) << "its role may not carry any more";
  registry->carriers().left(InstanceId("mi-0123456789abcdef0"));
  connect_agents();
  EXPECT_EQ(standings(), Set{"advice"});
}

TEST_F(Diagnosis, where_no_endpoint_leads_it_is_told_that_clients_go_by_the_instances_agent) {
  settle();
  // Of the connect endpoint: whether it works, and what is said of the other way.
  auto look = [&](std::string target, std::int64_t port = 22) {
    std::pair<bool, std::string> seen;
    auto diagnosis = ask("Diagnose", json::serialize(json::object{{"Target", target}, {"Port", port}}));
    for (auto& method : diagnosis.at("Targets").at(0).at("Methods").as_array()) {
      if (method.at("Method").as_string() != "connect endpoint") continue;
      seen.first = method.at("Works").as_bool();
      for (auto& each : method.at("Requirements").as_array())
        if (each.at("Need") == "other way") seen.second = each.at("Reason").as_string();
    }
    return seen;
  };
  auto const nothing = std::pair(false, std::string());
  auto told = [](char const* clients) {
    return std::pair(false, "is reached by its own agent: " + std::string(clients));
  };
  EXPECT_EQ(look("by-nat"), nothing) << "there is none";
  connect_agents();
  EXPECT_EQ(look("by-nat"), told("fumidai ssh and fumidai tunnel go by that"));
  EXPECT_EQ(look("by-tunnel"), std::pair(true, std::string()));
  EXPECT_EQ(look("behind-bastion"), nothing) << "without a profile no session starts";
  allow(R"({"Effect":"Allow","Action":["fumidai:*","ec2-instance-connect:*"],"Resource":"*"})");
  EXPECT_EQ(look("by-nat"), nothing) << "who may start no session";
  std::string all_but = R"({"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Resource":)";
  allow(all_but + R"("arn:aws:ssm:*:*:document/AWS-StartSSHSession","Action":"ssm:StartSession"})");
  EXPECT_EQ(look("by-nat"), nothing) << "who may start none by which a port is reached";
  allow(all_but + R"("*","Action":"ec2-instance-connect:SendSSHPublicKey"})");
  EXPECT_EQ(look("by-nat"), nothing) << "fumidai ssh stops where it may push no key";
  EXPECT_EQ(look("by-nat", 5432), told("fumidai tunnel goes by that"));
}

TEST_F(Diagnosis, whether_a_port_can_be_had_through_an_agent_is_tried_where_that_dials_or_else_not_known) {
  settle();
  auto standings = [&](std::string body) {
    std::set<std::string> found;
    auto methods = ask("Diagnose", std::move(body)).at("Targets").at(0).at("Methods");
    for (auto& method : methods.as_array())
      for (auto& requirement : method.at("Requirements").as_array()) {
        if (requirement.at("Need").as_string() != "port") continue;
        EXPECT_TRUE(method.at("Method").as_string().starts_with("session manager")) << method;
        found.insert(requirement.at("Standing").as_string().c_str());
      }
    return found;
  };
  using Standings = std::set<std::string>;
  auto const asked = R"({"Target":"by-nat","Port":5432})";
  EXPECT_EQ(standings(R"({"Target":"by-nat"})"), Standings()) << "a shell needs none";
  EXPECT_EQ(standings(asked), Standings{"met"});
  auto const& own = std::get<network::Path>(lab.tried.back());
  EXPECT_EQ(std::get<Address>(own.to).text(), "127.0.0.1");
  EXPECT_EQ(own.flow.port, 5432);
  lab.refuses = true;
  EXPECT_EQ(standings(asked), Standings{"unmet"});
  lab.can_try = false;
  EXPECT_EQ(standings(asked), Standings{"advice"});
  plane->lab = nullptr;
  EXPECT_EQ(standings(asked), Standings{"advice"});
}

TEST_F(Diagnosis, ways_that_are_too_many_are_counted_where_they_are_not_tried) {
  change([&](networks::State& state) {
    auto example = networks::find_example(state, "example");
    ASSERT_TRUE(example);
    networks::NewInstances wanted;
    wanted.image = networks::images()[0].id;
    wanted.subnet = state.network.locate(example->by_endpoints)->subnet->id.text();
    wanted.most = 60;
    EXPECT_TRUE(networks::run_instances(state, wanted, clock.now()));
  });
  settle();
  std::int64_t untried = 0;
  std::string last;
  auto diagnosis = ask("Diagnose");
  for (auto& target : diagnosis.at("Targets").as_array()) {
    untried += target.at("Untried").as_int64();
    last = target.at("InstanceId").as_string();
  }
  EXPECT_EQ(lab.tried.size(), 128U);
  EXPECT_GT(untried, 0);
  auto alone = ask("Diagnose", json::serialize(json::object{{"Target", last}}));
  EXPECT_EQ(alone.at("Targets").as_array().at(0).at("Untried").as_int64(), 0);
}

TEST_F(Diagnosis, a_measured_time_is_of_networks_where_the_method_works) {
  for (auto method : network::kMethods) {
    auto name = std::string(network::to_string(method));
    ask("RecordMeasurement", json::serialize(json::object{{"Method", name}, {"Milliseconds", 528}}));
  }
  settle();
  std::set<bool> seen;
  auto comparison = ask("Compare");
  for (auto& vpc : comparison.at("Vpcs").as_array()) {
    for (auto& method : vpc.at("Methods").as_array()) {
      bool works = method.at("Reachable").as_int64() > 0;
      EXPECT_EQ(method.as_object().contains("MillisecondsToConnect"), works) << method;
      seen.insert(works);
    }
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(Diagnosis, of_an_example_that_runs_is_told_whose_sshd_answers) {
  auto bastion = [&] { return ask("DescribeExample").at("Bastion").as_object(); };
  EXPECT_FALSE(bastion().contains("Answers"));
  settle();
  EXPECT_FALSE(bastion().at("Answers").as_bool());
  lab.answers = true;
  EXPECT_TRUE(bastion().at("Answers").as_bool());
  auto example = ask("DescribeExample");
  for (auto& each : example.at("Instances").as_array()) EXPECT_TRUE(each.at("Answers").as_bool()) << each;
}

}  // namespace
}  // namespace fumidai::api
