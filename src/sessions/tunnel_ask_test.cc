#include "sessions/tunnel_ask.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>

#include "identity/principal_policies.h"
#include "identity/users.h"
#include "inventory/instances.h"
#include "networks/resource.h"
#include "sessions/test_gate.h"
#include "sessions/tunnels.h"

namespace fumidai::sessions {
namespace {

using namespace std::chrono_literals;
using store::Transaction;

constexpr char kAskedEndpoint[] = "eice-0123456789abcdef0";

// A user with one policy, and an endpoint that is tagged team=web.
class TunnelAsk : public GateTest {
 protected:
  TunnelAsk() {
    write([&](Transaction& transaction) -> Result<void> {
      CHECK(identity::create_user(transaction, "hana", "/", clock.now()));
      return networks.change(transaction, [](networks::State& state) -> Result<void> {
        state.network.connect_endpoints.put({network::ConnectEndpointId(kAskedEndpoint)});
        return networks::put_tags(state, kAskedEndpoint, {{"team", "web"}});
      });
    });
  }
  Ask ask(std::string_view query) {
    auto target =
        "/openTunnel?instanceConnectEndpointId=" + std::string(kAskedEndpoint) + "&" + std::string(query);
    model::Caller caller;
    caller.principal.arn = model::user_arn(deployment.region, "/", "hana");
    caller.principal.name = "hana";
    caller.principal.account = deployment.region.account;
    caller.source_address = "192.0.2.7";
    caller.at = clock.now();
    return tunnel_ask(caller, deployment.region, wire::parse_open_tunnel(target, {{}, 24h}).value());
  }
  // "allowed", or the refusal.
  std::string verdict(std::string_view condition, std::string_view query) {
    auto document =
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2-instance-connect:OpenTunnel",)"
        R"("Resource":"arn:aws:ec2:*:*:instance-connect-endpoint/*","Condition":{)" +
        std::string(condition) + "}}}";
    write([&](Transaction& transaction) {
      return identity::put_inline_policy(transaction, identity::user_key("hana"), "test", document,
                                         clock.now());
    });
    auto question = ask(query);
    return finish([this, &question]() -> awaitable<std::string> {
      auto allowed = co_await gate->authorize(question);
      co_return allowed ? "allowed" : allowed.error().detail;
    });
  }
  // What the coroutine says. The loop outlives the store, whose threads hold on to it.
  template <class Make>
  std::string finish(Make make) {
    std::string said = "(it did not end)";
    asio::co_spawn(loop, make(), [&](std::exception_ptr failure, std::string words) {
      if (failure) std::rethrow_exception(failure);
      said = std::move(words);
      loop.stop();
    });
    loop.restart();
    loop.run_for(10s);
    return said;
  }
};

TEST_F(TunnelAsk, is_about_the_endpoint_and_tells_what_cloudtrail_would) {
  auto one = ask("remotePort=22&privateIpAddress=10.0.1.5");
  EXPECT_EQ(one.action, "ec2-instance-connect:OpenTunnel");
  EXPECT_EQ(one.resources, std::vector<std::string>{"arn:aws:ec2:us-east-1:" + deployment.region.account +
                                                    ":instance-connect-endpoint/" + kAskedEndpoint});
  EXPECT_EQ(one.facts, (boost::json::object{{"eventSource", "ec2-instance-connect.amazonaws.com"},
                                            {"instanceConnectEndpointId", kAskedEndpoint},
                                            {"maxTunnelDuration", "3600"},
                                            {"remotePort", "22"},
                                            {"privateIpAddress", "10.0.1.5"}}));
}

TEST_F(TunnelAsk, conditions_on_its_keys_decide) {
  struct {
    char const *condition, *query;
    bool allowed;
  } const table[] = {
      {R"("NumericEquals":{"ec2-instance-connect:remotePort":"22"})",
       "remotePort=22&privateIpAddress=10.0.1.5", true},
      {R"("NumericEquals":{"ec2-instance-connect:remotePort":["22","3389"]})",
       "remotePort=3389&privateIpAddress=10.0.1.5", true},
      {R"("NumericEquals":{"ec2-instance-connect:remotePort":"22"})",
       "remotePort=3389&privateIpAddress=10.0.1.5", false},
      {R"("IpAddress":{"ec2-instance-connect:privateIpAddress":"10.0.1.0/24"})",
       "remotePort=22&privateIpAddress=10.0.1.5", true},
      {R"("IpAddress":{"ec2-instance-connect:privateIpAddress":"10.0.1.0/24"})",
       "remotePort=22&privateIpAddress=10.0.2.5", false},
      {R"("IpAddress":{"ec2-instance-connect:privateIpAddress":"2001:db8::/32"})",
       "remotePort=22&privateIpAddress=2001%3Adb8%3A%3A5", true},
      {R"("NumericLessThanEquals":{"ec2-instance-connect:maxTunnelDuration":"3600"})",
       "remotePort=22&privateIpAddress=10.0.1.5", true},
      {R"("NumericLessThan":{"ec2-instance-connect:maxTunnelDuration":"3600"})",
       "remotePort=22&privateIpAddress=10.0.1.5", false},
      {R"("NumericLessThan":{"ec2-instance-connect:maxTunnelDuration":"3600"})",
       "remotePort=22&privateIpAddress=10.0.1.5&maxTunnelDuration=600", true},
      {R"("StringEquals":{"aws:ResourceTag/team":"web"})", "remotePort=22&privateIpAddress=10.0.1.5", true},
      {R"("StringEquals":{"aws:ResourceTag/team":"db"})", "remotePort=22&privateIpAddress=10.0.1.5", false},
      {R"("IpAddress":{"aws:SourceIp":"192.0.2.0/24"})", "remotePort=22&privateIpAddress=10.0.1.5", true},
  };
  for (auto const& [condition, query, allowed] : table) {
    auto said = verdict(condition, query);
    EXPECT_EQ(said == "allowed", allowed) << condition << " for " << query << ": " << said;
    if (!allowed)
      EXPECT_NE(said.find("is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: arn:"),
                std::string::npos)
          << said;
  }
}

constexpr char kOtherEndpoint[] = "eice-0123456789abcdef1", kThirdEndpoint[] = "eice-0123456789abcdef2";

// Two VPCs with one block, and an endpoint in each. 10.0.1.5 is an instance here, and an endpoint there; hana
// may do all.
class Admitted : public TunnelAsk {
 protected:
  Admitted() {
    write([&](Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& state) -> Result<void> {
        auto& network = state.network;
        for (auto const& [vpc, subnet] : {std::pair(here, "subnet-1"), std::pair(there, "subnet-2")}) {
          network::Vpc made;
          made.id = vpc;
          made.cidr = Cidr::parse("10.0.0.0/16").value();
          network.vpcs.put(made);
          network::Subnet inside;
          inside.id = network::SubnetId(subnet);
          inside.vpc = vpc;
          inside.cidr = made.cidr;
          network.subnets.put(inside);
        }
        network.interfaces.put(at("eni-1", "subnet-1", instance));
        network.interfaces.put(at("eni-2", "subnet-2", network::InterfaceEndpointId("vpce-2")));
        network.connect_endpoints.put({network::ConnectEndpointId(kAskedEndpoint), here});
        network.connect_endpoints.put({network::ConnectEndpointId(kOtherEndpoint), there});
        return success();
      });
    });
    write([&](Transaction& transaction) {
      return identity::put_inline_policy(
          transaction, identity::user_key("hana"), "test",
          R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
          clock.now());
    });
  }

  static network::NetworkInterface at(std::string id, std::string subnet, network::InterfaceOwner owner) {
    network::NetworkInterface interface;
    interface.id = network::InterfaceId(id);
    interface.subnet = network::SubnetId(subnet);
    interface.private_address = Address::parse("10.0.1.5").value();
    interface.owner = std::move(owner);
    return interface;
  }
  void set_agent(std::string name, bool is_connected) {
    write([&](Transaction& transaction) -> Result<void> {
      if (inventory::find_instance(transaction, instance))
        CHECK(inventory::remove_instance(transaction, instance));
      inventory::Instance host;
      host.id = instance;
      host.agent_name = std::move(name);
      if (is_connected) host.connected_at = clock.now();
      return inventory::add_instance(transaction, host);
    });
  }
  // "TARGET by CARRIER", or the refusal. `host` is the name by which a client of AWS comes; ours has none.
  std::string admit(std::string endpoint, std::optional<std::string> host = "",
                    char const* address = "10.0.1.5") {
    wire::OpenTunnel tunnel{std::move(endpoint), 22, Address::parse(address).value(), 60s};
    auto caller = ask("remotePort=22&privateIpAddress=10.0.1.5").caller;
    return finish([&]() -> awaitable<std::string> {
      auto admission = co_await tunnels.admit(caller, tunnel, host);
      if (!admission) co_return admission.error().detail;
      auto const& row = admission->session;
      co_return row.target.text() + " by " + (row.carrier.empty() ? "nobody" : row.carrier.text());
    });
  }
  std::vector<audit::Event> events() {
    std::vector<audit::Event> all;
    write([&](Transaction& transaction) -> Result<void> {
      TRY(all, audit::list_events(transaction, {}, 100));
      return success();
    });
    return all;
  }
  std::vector<std::string> ways() {
    std::vector<std::string> ids;
    write([&](Transaction& transaction) -> Result<void> {
      TRY(auto found, tunnels.ways_to(transaction, Address::parse("10.0.1.5").value()));
      for (auto const& way : found.ways) ids.push_back(way.endpoint.id.text());
      return success();
    });
    return ids;
  }

  network::VpcId const here{"vpc-1"}, there{"vpc-2"};
  InstanceId const instance{"i-0123456789abcdef0"};
  Carriers carriers;
  Tunnels tunnels{*gate, networks, carriers};
};

TEST_F(Admitted, an_address_is_one_of_the_endpoints_own_vpc) {
  tunnels.set_has_dialer(true);
  EXPECT_EQ(admit(kAskedEndpoint), "i-0123456789abcdef0 by nobody");
  EXPECT_EQ(admit(kOtherEndpoint), "10.0.1.5 is vpce-2, which is no host.");
  EXPECT_EQ(admit(kAskedEndpoint, "", "10.0.0.2"), "10.0.0.2 is the name server of vpc-1, which is no host.");
  EXPECT_EQ(admit(kAskedEndpoint, "", "10.0.0.3"), "10.0.0.3 by nobody");
  EXPECT_EQ(carriers.carried_by(kAskedEndpoint), 0u) << "its place goes with it";
}

TEST_F(Admitted, the_agent_of_an_instance_carries_for_an_endpoint_that_has_no_process) {
  auto by_itself = "i-0123456789abcdef0 by i-0123456789abcdef0";
  EXPECT_EQ(admit(kAskedEndpoint), "i-0123456789abcdef0 by nobody");
  set_agent("fumidai-agent", true);
  EXPECT_EQ(admit(kAskedEndpoint), by_itself) << "for a client of AWS";
  EXPECT_EQ(admit(kAskedEndpoint, std::nullopt), by_itself) << "for ours";
  set_agent("fumidai-agent", false);
  EXPECT_EQ(admit(kAskedEndpoint, std::nullopt), no_process_of(kAskedEndpoint));
  set_agent("amazon-ssm-agent", true);
  EXPECT_EQ(admit(kAskedEndpoint, std::nullopt), no_process_of(kAskedEndpoint)) << "it does not know how";
}

TEST_F(Admitted, only_an_agent_that_may_carry_learns_whether_there_is_such_an_endpoint) {
  auto told = [&](std::string endpoint) {
    auto agent = ask("remotePort=22&privateIpAddress=10.0.1.5").caller;
    return finish([&]() -> awaitable<std::string> {
      auto complaint = co_await tunnels.admit_carrier(agent, endpoint);
      co_return complaint ? *complaint : "refused: " + complaint.error().detail;
    });
  };
  auto set_state = [&](network::ConnectEndpointState state) {
    write([&](Transaction& transaction) {
      return networks.change(transaction, [&](networks::State& all) -> Result<void> {
        all.network.connect_endpoints.find(network::ConnectEndpointId(kAskedEndpoint))->state = state;
        return success();
      });
    });
  };
  EXPECT_EQ(told(kAskedEndpoint), "");
  set_state(network::ConnectEndpointState::create_in_progress);
  EXPECT_EQ(told(kAskedEndpoint), "") << "it will be there";
  set_state(network::ConnectEndpointState::delete_complete);
  EXPECT_TRUE(told(kAskedEndpoint).starts_with("eice-0123456789abcdef0 is delete-complete, so that"));
  EXPECT_EQ(
      told(kThirdEndpoint),
      "there is no connect endpoint eice-0123456789abcdef2, so that this agent carries no tunnels; run it "
      "with --endpoint and an id of: aws ec2 describe-instance-connect-endpoints");
  write([&](Transaction& transaction) {
    return identity::delete_inline_policy(transaction, identity::user_key("hana"), "test");
  });
  EXPECT_TRUE(told(kAskedEndpoint).starts_with("refused: "));
  EXPECT_TRUE(told(kThirdEndpoint).starts_with("refused: "));
}

TEST_F(Admitted, an_agent_that_was_there_before_its_endpoint_carries_once_that_is_made) {
  carriers.arrived(InstanceId("mi-1"), kThirdEndpoint, ask("remotePort=22&privateIpAddress=10.0.1.5").caller);
  EXPECT_NE(admit(kThirdEndpoint), "i-0123456789abcdef0 by mi-1");
  write([&](Transaction& transaction) {
    return networks.change(transaction, [&](networks::State& state) -> Result<void> {
      state.network.connect_endpoints.put({network::ConnectEndpointId(kThirdEndpoint), here});
      return success();
    });
  });
  EXPECT_EQ(admit(kThirdEndpoint), "i-0123456789abcdef0 by mi-1");
}

// As when one signed URL is used twice.
TEST_F(Admitted, the_same_wish_takes_another_place_each_time) {
  tunnels.set_has_dialer(true);
  auto limits = networks::ConnectLimits::none();
  limits.connections = 1;
  tunnels.set_limits(limits);
  wire::OpenTunnel tunnel{kAskedEndpoint, 22, Address::parse("10.0.1.5").value(), 60s};
  auto caller = ask("remotePort=22&privateIpAddress=10.0.1.5").caller;
  auto second = finish([&]() -> awaitable<std::string> {
    auto held = co_await tunnels.admit(caller, tunnel, "");
    if (!held) co_return held.error().detail;
    auto again = co_await tunnels.admit(caller, tunnel, "");
    co_return again ? "admitted" : again.error().aws;
  });
  EXPECT_EQ(second, "TooManyConnections");
  EXPECT_EQ(admit(kAskedEndpoint), "i-0123456789abcdef0 by nobody") << "when the first is over";
}

TEST_F(Admitted, a_tunnel_is_resumed_by_its_owner_only_and_no_other_can_name_it_in_the_trail) {
  set_agent("fumidai-agent", true);
  wire::OpenTunnel tunnel{kAskedEndpoint, 22, Address::parse("10.0.1.5").value(), 60s};
  auto hana = ask("remotePort=22&privateIpAddress=10.0.1.5").caller, made_again = hana;
  made_again.principal.id = "AIDAOTHER";  // one of that name, who is not the same user
  auto elsewhere = tunnel;
  elsewhere.port = 23;
  SessionId session;
  auto resumed = [&](model::Caller caller, wire::OpenTunnel to) -> awaitable<std::string> {
    auto again = co_await tunnels.admit_again(std::move(caller), std::move(to), session);
    co_return again ? "resumed" : again.error().aws;
  };
  auto said = finish([&]() -> awaitable<std::string> {
    auto admission = co_await tunnels.admit(hana, tunnel, std::nullopt);
    if (!admission) co_return admission.error().detail;
    session = admission->session.id;
    auto by_another = co_await resumed(made_again, tunnel);
    auto to_another = co_await resumed(hana, elsewhere);
    auto by_owner = co_await resumed(hana, tunnel);
    co_return by_another + ", " + to_another + ", " + by_owner;
  });
  EXPECT_EQ(said, "AccessDeniedException, AccessDeniedException, resumed");
  int made = 0, linked = 0, named = 0;
  for (auto const& event : events()) {
    auto detail = boost::json::parse(event.detail).as_object();
    if (detail.contains("made")) made++;
    if (!detail.contains("resumes")) continue;
    EXPECT_EQ(std::string(detail.at("resumes").as_string()), session.text());
    named++;
    if (event.session_id == session.text()) linked++;
  }
  EXPECT_EQ(std::tuple(made, named, linked), std::tuple(1, 3, 1));
}

TEST_F(Admitted, a_wish_that_makes_no_sense_is_recorded_as_it_was_written_and_without_its_signature) {
  auto caller = ask("remotePort=22&privateIpAddress=10.0.1.5").caller;
  auto target = "/openTunnel?instanceConnectEndpointId=" + std::string(kAskedEndpoint) +
                "&remotePort=0&privateIpAddress=here&X-Amz-Signature=0a1b";
  EXPECT_FALSE(tunnels.read(caller, target));
  auto all = events();
  ASSERT_FALSE(all.empty());
  auto const& event = all[0];
  EXPECT_EQ(event.outcome, "denied");
  EXPECT_EQ(event.action, "ec2-instance-connect:OpenTunnel");
  EXPECT_EQ(event.source, "192.0.2.7");
  auto detail = boost::json::parse(event.detail).as_object();
  for (auto const* name : {"decidedBy", "wouldChange", "userAgent"}) detail.erase(name);
  EXPECT_EQ(detail, (boost::json::object{{"eventSource", "ec2-instance-connect.amazonaws.com"},
                                         {"instanceConnectEndpointId", kAskedEndpoint},
                                         {"remotePort", "0"},
                                         {"privateIpAddress", "here"}}));
}

TEST_F(Admitted, a_lab_dials_itself_for_clients_of_aws) {
  tunnels.set_has_dialer(true);
  set_agent("fumidai-agent", true);
  EXPECT_EQ(admit(kAskedEndpoint), "i-0123456789abcdef0 by nobody");
}

TEST_F(Admitted, an_endpoint_that_failed_just_now_or_has_nobody_is_the_last_way) {
  write([&](Transaction& transaction) {
    return networks.change(transaction, [&](networks::State& state) -> Result<void> {
      auto& endpoints = state.network.connect_endpoints;
      endpoints.erase(network::ConnectEndpointId(kOtherEndpoint));
      for (auto const* id : {kAskedEndpoint, kThirdEndpoint}) {
        network::ConnectEndpoint made{network::ConnectEndpointId(id), here, network::SubnetId("subnet-1")};
        endpoints.put(std::move(made));
      }
      return success();
    });
  });
  std::vector<std::string> const first{kAskedEndpoint, kThirdEndpoint}, third{kThirdEndpoint, kAskedEndpoint};
  EXPECT_EQ(ways(), first);
  carriers.arrived(InstanceId("mi-3"), kThirdEndpoint);
  EXPECT_EQ(ways(), third);
  carriers.arrived(InstanceId("mi-1"), kAskedEndpoint);
  EXPECT_EQ(ways(), first);
  carriers.failed_to_reach(InstanceId("mi-1"), InstanceId("10.0.1.6"));
  EXPECT_EQ(ways(), first) << "that was another's address";
  carriers.failed_to_reach(InstanceId("mi-1"), instance);
  EXPECT_EQ(ways(), third);
  carriers.left(InstanceId("mi-3"));
  EXPECT_EQ(ways(), first) << "better than nobody";
}

}  // namespace
}  // namespace fumidai::sessions
