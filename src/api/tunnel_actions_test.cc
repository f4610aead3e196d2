#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

#include "api/test_plane.h"
#include "networks/images.h"
#include "networks/instances.h"
#include "networks/vpcs.h"
#include "sessions/test_link.h"
#include "sessions/tunnels.h"

namespace fumidai::api {
namespace {

namespace json = boost::json;

constexpr char kEndpoint[] = "eice-0123456789abcdef0", kOtherEndpoint[] = "eice-0123456789abcdef1";

// Two endpoints of a network, an agent that carries the tunnels of both, and one that hana has opened.
class ResumedTunnel : public TestPlane {
 protected:
  ResumedTunnel() {
    plane->tunnels = &tunnels;
    write([&](store::Transaction& transaction) -> Result<void> {
      CHECK(identity::create_user(transaction, "taro", "/", clock.now()));
      CHECK(identity::put_inline_policy(transaction, identity::user_key("taro"), "test",
                                        R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
                                        clock.now()));
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        TRY(auto vpc, networks::create_vpc(state, "10.0.0.0/16"));
        for (auto const* id : {kEndpoint, kOtherEndpoint})
          state.network.connect_endpoints.put({network::ConnectEndpointId(id), vpc});
        return success();
      });
    });
    registry->agents().attach(agent, std::make_shared<sessions::TestLink>());
    registry->carriers().arrived(agent, kEndpoint, hana());
    session = member("OpenTunnel", wish(), "SessionId");
  }
  ~ResumedTunnel() override {
    registry->terminate(SessionId(session), "The test is over.");
    asio::co_spawn(loop, registry->stop(), asio::detached);
    loop.restart();
    loop.run_for(std::chrono::seconds(10));
  }

  static json::object wish() {
    return {{"InstanceConnectEndpointId", kEndpoint}, {"PrivateIpAddress", "10.0.1.5"}, {"RemotePort", 22}};
  }
  json::object again(json::object more = {}) const {
    auto body = wish();
    body["SessionId"] = session;
    for (auto const& [name, value] : more) body[name] = value;
    return body;
  }
  model::Caller taro() const {
    auto caller = hana();
    caller.principal.arn = model::user_arn(deployment.region, "/", "taro");
    caller.principal.id = "AIDAOTHER";
    caller.principal.name = "taro";
    return caller;
  }

  std::optional<Result<wire::HttpResponse>> call(char const* operation, json::object const& body,
                                                 model::Caller caller) {
    return answer({&kFumidai, operation, {}, ""}, std::move(caller), wire::to_text(body));
  }
  // Of an answer; empty when it is not there.
  std::string member(char const* operation, json::object const& body, char const* name) {
    auto outcome = call(operation, body, hana());
    if (!outcome || !*outcome) {
      ADD_FAILURE() << said;
      return "";
    }
    auto parsed = json::parse((*outcome)->body).as_object();
    return parsed.contains(name) ? std::string(parsed.at(name).as_string()) : "";
  }
  bool is_resumed() { return !member("ResumeTunnel", again(), "TokenValue").empty(); }
  // The name of the refusal, whose words are in `said`.
  std::string refusal(json::object const& body, std::optional<model::Caller> caller = {}) {
    auto outcome = call("ResumeTunnel", body, caller ? *caller : hana());
    if (!outcome || *outcome) return outcome ? (*outcome)->body : "(no answer)";
    return std::string(outcome->error().aws);
  }
  // In the trail; the last one first.
  std::vector<std::string> outcomes() {
    std::vector<std::string> found;
    write([&](store::Transaction& transaction) -> Result<void> {
      TRY(auto events, audit::list_events(transaction, {}, 100));
      for (auto const& event : events)
        if (json::parse(event.detail).as_object().contains("resumes")) found.push_back(event.outcome);
      return success();
    });
    return found;
  }

  InstanceId const agent{"mi-0123456789abcdef0"};
  sessions::Tunnels tunnels{*gate, networks, registry->carriers()};
  std::string session;
};

TEST_F(ResumedTunnel, goes_on_for_who_opened_it) {
  EXPECT_TRUE(is_resumed());
  EXPECT_EQ(outcomes(), std::vector<std::string>{"allowed"});
}

TEST_F(ResumedTunnel, is_no_others) {
  EXPECT_EQ(refusal(again(), taro()), "AccessDeniedException");
  EXPECT_NE(said.find("is not a tunnel of yours to 10.0.1.5 port 22"), said.npos) << said;
  auto namesake = hana();
  namesake.principal.id = "AIDAOTHER";  // made anew, under the same name
  EXPECT_EQ(refusal(again(), namesake), "AccessDeniedException");
  EXPECT_TRUE(is_resumed());
}

TEST_F(ResumedTunnel, leads_where_it_led) {
  for (json::object const& more :
       {json::object{{"RemotePort", 23}}, json::object{{"PrivateIpAddress", "10.0.1.6"}},
        json::object{{"InstanceConnectEndpointId", kOtherEndpoint}}, json::object{{"MaxTunnelDuration", 60}}})
    EXPECT_EQ(refusal(again(more)), "AccessDeniedException") << wire::to_text(more);
  EXPECT_TRUE(is_resumed());
}

TEST_F(ResumedTunnel, needs_words_that_make_sense) {
  for (json::object const& more :
       {json::object{{"RemotePort", 0}}, json::object{{"PrivateIpAddress", "localhost"}},
        json::object{{"InstanceConnectEndpointId", "eice-1"}}, json::object{{"MaxTunnelDuration", 0}}})
    EXPECT_EQ(refusal(again(more)), "InvalidParameter") << wire::to_text(more);
  for (auto const& id : {std::string(), std::string(97, 'a')}) {
    EXPECT_NE(refusal(again({{"SessionId", id}})), "AccessDeniedException");
    EXPECT_GT(said.size(), 20U);
  }
  EXPECT_TRUE(is_resumed());
}

TEST_F(ResumedTunnel, is_known_or_told_not_to_exist) {
  EXPECT_EQ(refusal(again({{"SessionId", "hana-0123456789abcdef0"}})), "DoesNotExistException");
  EXPECT_EQ(said, "Session hana-0123456789abcdef0 does not exist.");
}

TEST_F(ResumedTunnel, is_decided_by_the_policies_of_now) {
  EXPECT_TRUE(is_resumed());
  allow(R"({"Effect":"Allow","Action":["fumidai:*","ssm:*"],"Resource":"*"})");
  EXPECT_EQ(refusal(again()), "AccessDenied");
  EXPECT_NE(said.find("is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: arn:"),
            said.npos)
      << said;
  allow(
      R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"ec2-instance-connect:remotePort":"3389"}}})");
  EXPECT_EQ(refusal(again()), "AccessDenied");
  allow(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  EXPECT_TRUE(is_resumed()) << "a refusal ends nothing";
  EXPECT_EQ(outcomes(), (std::vector<std::string>{"allowed", "denied", "denied", "allowed"}));
}

TEST_F(ResumedTunnel, has_no_token_when_it_is_over) {
  EXPECT_TRUE(registry->terminate(SessionId(session), "Somebody ended it."));
  auto end = io::SteadyClock::now() + std::chrono::seconds(10);
  while (registry->size() > 0 && io::SteadyClock::now() < end) {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(20));
  }
  ASSERT_EQ(registry->size(), 0U);
  EXPECT_EQ(member("ResumeTunnel", again(), "SessionId"), session);
  EXPECT_FALSE(is_resumed());
  EXPECT_EQ(refusal(again(), taro()), "AccessDeniedException") << "and is no other's all the same";
}

// A network with an endpoint, and an instance in it.
class FoundTunnel : public TestPlane {
 protected:
  FoundTunnel() {
    plane->tunnels = &tunnels;
    change([&](networks::State& state) -> Result<void> {
      TRY(auto vpc, networks::create_vpc(state, "10.0.0.0/16"));
      TRY(auto subnet, networks::create_subnet(state, {vpc.text(), "10.0.0.0/24", ""}));
      state.network.connect_endpoints.put({network::ConnectEndpointId(kEndpoint), vpc});
      networks::NewInstances wanted;
      wanted.image = std::string(networks::images().front().id);
      wanted.subnet = subnet.text();
      TRY(auto made, networks::run_instances(state, wanted, clock.now()));
      id = made.front();
      auto const* instance = state.network.instances.find(id);
      address = state.network.interfaces.find(instance->interface)->private_address.text();
      return success();
    });
  }
  void change(std::function<Result<void>(networks::State&)> make) {
    write([&](store::Transaction& transaction) { return networks.change(transaction, make); });
  }
  void set(network::InstanceState wanted) {
    change([&](networks::State& state) -> Result<void> {
      state.network.instances.find(id)->state = wanted;
      return success();
    });
  }
  bool is_found(std::string const& target) {
    auto outcome =
        answer({&kFumidai, "FindTunnel", {}, ""}, hana(), wire::to_text(json::object{{"Target", target}}));
    return outcome && *outcome;
  }

  sessions::Tunnels tunnels{*gate, networks, registry->carriers()};
  InstanceId id;
  std::string address;
};

TEST_F(FoundTunnel, of_an_instance_that_does_not_run_it_is_told_at_once_by_its_id_and_by_its_address) {
  using enum network::InstanceState;
  set(running);
  for (auto const& target : {id.text(), address}) EXPECT_TRUE(is_found(target)) << said;
  auto start = "aws ec2 start-instances --instance-ids " + id.text() + ".";
  for (auto const& [state, words] :
       {std::pair(stopped, " is stopped. Start it: " + start),
        std::pair(stopping, " is stopping. Start it when it has stopped: " + start),
        std::pair(pending, std::string(" is pending. It is being started; try again in a moment."))}) {
    set(state);
    for (auto const& target : {id.text(), address}) {
      EXPECT_FALSE(is_found(target));
      EXPECT_EQ(said, id.text() + words);
    }
  }
  EXPECT_TRUE(is_found("10.0.9.9")) << "a host that is no instance: " << said;
}

}  // namespace
}  // namespace fumidai::api
