#include "sessions/gate.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "identity/access_keys.h"
#include "identity/builtin_policies.h"
#include "identity/instance_profiles.h"
#include "identity/managed_policies.h"
#include "identity/principal_policies.h"
#include "identity/users.h"
#include "inventory/instances.h"
#include "inventory/tags.h"
#include "sessions/test_gate.h"

namespace fumidai::sessions {
namespace {

using store::Transaction;

// A deployment with a connected host that is tagged team=web, and a user with one policy.
class TheGate : public GateTest {
 protected:
  TheGate() {
    write([&](Transaction& transaction) -> Result<void> {
      CHECK(identity::put_builtin_policies(transaction, clock.now()));
      CHECK(identity::create_user(transaction, "hana", "/", clock.now()));
      inventory::Instance instance;
      instance.id = host;
      instance.iam_role = identity::kInstanceRole;
      instance.registered_at = clock.now();
      CHECK(inventory::add_instance(transaction, instance));
      CHECK(inventory::add_tags(transaction, inventory::kManagedInstance, host.text(), {{"team", "web"}}));
      return inventory::mark_connected(transaction, host, "3.3.9000.1", clock.now());
    });
  }
  void set_policy(std::string statements) {
    write([&](Transaction& transaction) {
      return identity::put_inline_policy(transaction, identity::user_key("hana"), "test",
                                         R"({"Version":"2012-10-17","Statement":[)" + statements + "]}",
                                         clock.now());
    });
  }
  model::Caller hana() {
    model::Caller caller;
    caller.principal.arn = model::user_arn(deployment.region, "/", "hana");
    caller.principal.id = "AIDATEST";
    caller.principal.name = "hana";
    caller.principal.account = deployment.region.account;
    caller.source_address = "192.0.2.7";
    caller.request_id = "00000000-0000-0000-0000-000000000001";
    caller.at = clock.now();
    return caller;
  }
  // To its end, on a loop that outlives the store: the store's thread comes back to it.
  template <class T>
  T finish(awaitable<T> work) {
    std::optional<T> outcome;
    asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      outcome = std::move(value);
      loop.stop();
    });
    loop.restart();
    loop.run_for(std::chrono::seconds(10));
    return outcome.value();
  }
  Result<Admission> admit(std::string target, std::string document = "") {
    return finish(gate->admit({hana(), target, document, {}, "a test"}));
  }
  Result<void> authorize(std::string action, std::string resource) {
    Ask ask;
    ask.caller = hana();
    ask.action = action;
    ask.resources = {resource};
    return finish(gate->authorize(std::move(ask)));
  }
  void make_role(std::string trust_statement) {
    write([&](Transaction& transaction) -> Result<void> {
      identity::Role role;
      role.name = "ops";
      role.path = "/eu/";
      role.trust_policy = R"({"Version":"2012-10-17","Statement":[)" + trust_statement + "]}";
      CHECK(identity::create_role(transaction, role, clock.now()));
      return success();
    });
  }
  Result<identity::Role> assume(std::string external_id = "", std::chrono::seconds duration = kHour) {
    auto arn = model::role_arn(deployment.region, "/eu/", "ops");
    return finish(gate->assume({hana(), arn, "hana-at-work", external_id, duration, {}}));
  }
  // Hana as that role, limited or not.
  model::Caller as_ops(std::optional<model::SessionPolicies> policies = {}) {
    auto caller = hana();
    auto& principal = caller.principal;
    principal.kind = model::Principal::Kind::role;
    principal.arn = model::assumed_role_arn(deployment.region, "ops", "hana-at-work");
    principal.name = "hana-at-work";
    principal.role = "ops";
    principal.role_arn = model::role_arn(deployment.region, "/eu/", "ops");
    principal.session_policies = std::move(policies);
    return caller;
  }
  bool may(model::Caller caller, std::string action) {
    Ask ask;
    ask.caller = std::move(caller);
    ask.action = std::move(action);
    return finish(gate->authorize(std::move(ask))).has_value();
  }
  std::vector<audit::Event> events() {
    std::vector<audit::Event> all;
    EXPECT_TRUE(database->write_now([](Transaction&) { return success(); }));  // after what is written soon
    EXPECT_TRUE(database->read_now([&](Transaction& transaction) -> Result<void> {
      TRY(all, audit::list_events(transaction, {}, 100));
      return success();
    }));
    return all;
  }

  static constexpr std::chrono::hours kHour{1};
  InstanceId host = inventory::random_managed_instance_id();
};

constexpr char const* kAll = R"({"Effect":"Allow","Action":"ssm:*","Resource":"*"})";

TEST_F(TheGate, admits_nobody_without_a_policy_and_says_what_was_missing) {
  auto refused = admit(host.text());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
  EXPECT_NE(refused.error().detail.find("user/hana is not authorized to perform: ssm:StartSession"),
            std::string::npos)
      << refused.error().detail;
  auto written = events();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].outcome, "denied");
  EXPECT_EQ(written[0].source, "192.0.2.7");
  EXPECT_EQ(written[0].request_id, hana().request_id);
}

TEST_F(TheGate, an_admission_is_a_session_and_an_event_together) {
  set_policy(kAll);
  auto admitted = admit(host.text());
  ASSERT_TRUE(admitted) << admitted.error().detail;
  EXPECT_TRUE(admitted->session.id.text().starts_with("hana-"));
  EXPECT_EQ(admitted->session.target, host);
  EXPECT_EQ(admitted->session.owner, hana().principal.arn);
  auto written = events();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].kind, "session.start");
  EXPECT_EQ(written[0].session_id, admitted->session.id.text());
  write([&](Transaction& transaction) -> Result<void> {
    TRY(auto row, find_session(transaction, admitted->session.id));
    EXPECT_EQ(row.state, model::SessionState::connecting);
    EXPECT_EQ(row.reason, "a test");
    return success();
  });
}

TEST_F(TheGate, knows_the_tags_of_a_host) {
  auto for_team = [&](std::string team) {
    set_policy(
        R"({"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ssm:*:*:document/*"},)"
        R"({"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ssm:*:*:managed-instance/*",)"
        R"("Condition":{"StringEquals":{"ssm:resourceTag/team":")" +
        team + R"("}}})");
    return admit(host.text()).has_value();
  };
  EXPECT_TRUE(for_team("web"));
  EXPECT_FALSE(for_team("db"));
}

TEST_F(TheGate, a_denial_wins) {
  set_policy(
      std::string(kAll) +
      R"(,{"Effect":"Deny","Action":"ssm:StartSession","Resource":"arn:aws:ssm:*:*:managed-instance/)" +
      host.text() + R"("})");
  auto refused = admit(host.text());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("explicit deny"), std::string::npos) << refused.error().detail;
}

TEST_F(TheGate, who_may_not_learns_nothing_of_what_is_there) {
  auto there = admit(host.text()), elsewhere = admit("mi-00000000000000000");
  ASSERT_FALSE(there);
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(there.error().code, elsewhere.error().code);
}

TEST_F(TheGate, a_host_that_is_away_or_unknown_is_not_connected) {
  set_policy(kAll);
  auto unknown = admit("mi-00000000000000000");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().aws, "TargetNotConnected");
  write(
      [&](Transaction& transaction) { return inventory::mark_disconnected(transaction, host, clock.now()); });
  auto away = admit(host.text());
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().aws, "TargetNotConnected");
}

TEST_F(TheGate, a_changed_policy_counts_from_the_next_call) {
  set_policy(kAll);
  EXPECT_TRUE(authorize("ssm:DescribeSessions", "*"));
  set_policy(R"({"Effect":"Deny","Action":"*","Resource":"*"})");
  EXPECT_FALSE(authorize("ssm:DescribeSessions", "*"));
}

TEST_F(TheGate, a_users_own_sessions_are_told_by_his_name) {
  set_policy(
      R"({"Effect":"Allow","Action":"ssm:TerminateSession","Resource":"arn:aws:ssm:*:*:session/${aws:username}-*"})");
  auto own = model::session_arn(deployment.region, SessionId("hana-0123456789abcdef0"));
  auto other = model::session_arn(deployment.region, SessionId("ken-0123456789abcdef0"));
  EXPECT_TRUE(authorize("ssm:TerminateSession", own));
  EXPECT_FALSE(authorize("ssm:TerminateSession", other));
}

TEST_F(TheGate, every_decision_leaves_one_event) {
  set_policy(kAll);
  EXPECT_TRUE(authorize("ssm:GetConnectionStatus", "*"));
  EXPECT_FALSE(authorize("iam:CreateUser", "*"));
  auto written = events();
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[0].action, "iam:CreateUser");
  EXPECT_EQ(written[0].outcome, "denied");
  EXPECT_EQ(written[1].action, "ssm:GetConnectionStatus");
  EXPECT_EQ(written[1].outcome, "allowed");
}

TEST_F(TheGate, a_change_that_fails_changes_nothing_and_is_recorded_as_failed) {
  set_policy(R"({"Effect":"Allow","Action":"*","Resource":"*"})");
  Ask ask;
  ask.caller = hana();
  ask.action = "iam:CreateUser";
  Gate::Work make = [&](Transaction& transaction) -> Result<void> {
    CHECK(identity::create_user(transaction, "ken", "/", clock.now()));
    return Error{Errc::conflict, "not this time"};
  };
  auto outcome = finish(gate->change(std::move(ask), std::move(make)));
  EXPECT_FALSE(outcome);
  write([&](Transaction& transaction) -> Result<void> {
    EXPECT_FALSE(identity::find_user(transaction, "ken"));
    return success();
  });
  auto written = events();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].outcome, "failed");
}

constexpr char const* kMayAssume = R"({"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"})";

TEST_F(TheGate, a_role_is_assumed_when_both_policies_say_so) {
  set_policy(kMayAssume);
  make_role(R"({"Effect":"Allow","Principal":{"AWS":")" + hana().principal.arn +
            R"("},"Action":"sts:AssumeRole"})");
  auto assumed = assume();
  ASSERT_TRUE(assumed) << assumed.error().detail;
  EXPECT_EQ(assumed->name, "ops");
  auto written = events();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].action, "sts:AssumeRole");
  EXPECT_EQ(written[0].outcome, "allowed");
  EXPECT_NE(written[0].detail.find("trust policy of role ops"), std::string::npos) << written[0].detail;
}

TEST_F(TheGate, a_role_that_trusts_another_is_as_one_that_is_not_there) {
  set_policy(kMayAssume);
  auto missing = assume();
  make_role(R"({"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"})");
  auto untrusting = assume();
  ASSERT_FALSE(missing);
  ASSERT_FALSE(untrusting);
  EXPECT_EQ(missing.error().detail, untrusting.error().detail);
  EXPECT_EQ(untrusting.error().aws, "AccessDenied");
}

TEST_F(TheGate, trust_alone_lets_nobody_be_a_role) {
  make_role(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"})");
  EXPECT_FALSE(assume());
  set_policy(kMayAssume);
  EXPECT_TRUE(assume());
}

TEST_F(TheGate, a_trust_policy_may_ask_for_an_external_id) {
  set_policy(kMayAssume);
  make_role(R"({"Effect":"Allow","Principal":{"AWS":")" + deployment.region.account +
            R"("},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"blue"}}})");
  EXPECT_FALSE(assume());
  EXPECT_FALSE(assume("red"));
  EXPECT_TRUE(assume("blue"));
}

TEST_F(TheGate, a_role_is_assumed_for_as_long_as_it_says) {
  set_policy(kMayAssume);
  make_role(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"})");
  auto refused = assume("", kHour + std::chrono::seconds(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().aws, "ValidationError");
  EXPECT_EQ(events()[0].outcome, "failed");
}

TEST_F(TheGate, a_session_of_a_role_may_what_its_role_and_its_own_policies_allow) {
  make_role(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"})");
  write([&](Transaction& transaction) {
    return identity::put_inline_policy(
        transaction, identity::role_key("ops"), "own",
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]})",
        clock.now());
  });
  EXPECT_TRUE(may(as_ops(), "ssm:DescribeSessions"));
  EXPECT_FALSE(may(as_ops(), "iam:ListUsers"));
  model::SessionPolicies looking{
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:Describe*","iam:*"],"Resource":"*"}]})",
      {}};
  EXPECT_TRUE(may(as_ops(looking), "ssm:DescribeSessions"));
  EXPECT_FALSE(may(as_ops(looking), "ssm:CreateActivation"));
  EXPECT_FALSE(may(as_ops(looking), "iam:ListUsers")) << "a session's policy gives nothing";
  looking.arns = {"arn:aws:iam::aws:policy/AdministratorAccess"};
  EXPECT_TRUE(may(as_ops(looking), "ssm:CreateActivation"));
  looking.arns = {"arn:aws:iam::aws:policy/Gone"};
  EXPECT_FALSE(may(as_ops(looking), "ssm:DescribeSessions")) << "what it denied is not known";
}

TEST_F(TheGate, a_service_is_given_the_roles_that_trust_it) {
  make_role(R"({"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},"Action":"sts:AssumeRole",)"
            R"("Condition":{"StringEquals":{"aws:SourceAccount":")" +
            deployment.region.account + R"("}}})");
  write([&](Transaction& transaction) -> Result<void> {
    TRY(auto role, identity::find_role(transaction, "ops"));
    auto source = model::instance_arn(deployment.region, host);
    EXPECT_TRUE(*gate->questions().trusts_service(role, "ssm.amazonaws.com", source));
    EXPECT_FALSE(*gate->questions().trusts_service(role, "ec2.amazonaws.com", source));
    return success();
  });
}

TEST_F(TheGate, knows_the_tags_of_who_asks) {
  write([&](Transaction& transaction) {
    return inventory::add_tags(transaction, inventory::kIamEntity, hana().principal.arn, {{"team", "web"}});
  });
  auto for_team = [&](std::string team) {
    set_policy(R"({"Effect":"Allow","Action":"ssm:DescribeSessions","Resource":"*",)"
               R"("Condition":{"StringEquals":{"aws:PrincipalTag/team":")" +
               team + R"("}}})");
    return may(hana(), "ssm:DescribeSessions");
  };
  EXPECT_TRUE(for_team("web"));
  EXPECT_FALSE(for_team("db"));
}

TEST_F(TheGate, strangers_are_counted_and_not_written_one_by_one) {
  for (int i = 0; i < 1000; i++) gate->count_refusal("198.51.100.9", "no signature");
  EXPECT_TRUE(events().empty());
  gate->flush_counts(clock.now() + std::chrono::hours(1));
  EXPECT_EQ(events().size(), 1u);
}

// An instance of a VPC whose profile has a role.
class TheGateOfAVpc : public TheGate {
 protected:
  TheGateOfAVpc() {
    set_policy(R"({"Effect":"Allow","Action":"ssm:StartSession","Resource":"*",
                   "Condition":{"StringEquals":{"ssm:resourceTag/Env":"dev"}}})");
    write([&](Transaction& transaction) -> Result<void> {
      CHECK(identity::create_instance_profile(transaction, "web-profile", "/", clock.now()));
      auto launch = [&](networks::State& state) -> Result<void> {
        network::Instance instance;
        instance.id = instance_;
        instance.profile = network::InstanceProfile{"web-profile"};
        state.network.instances.put(instance);
        state.tagged.put({networks::ResourceId(instance_.text()), {{"Env", "dev"}, {"Name", "web"}}});
        return success();
      };
      CHECK(networks.change(transaction, launch));
      inventory::Instance known;
      known.id = instance_;
      known.registered_at = clock.now();
      CHECK(inventory::add_instance(transaction, known));
      return inventory::mark_connected(transaction, instance_, "3.3.9000.1", clock.now());
    });
  }
  void give_role(std::string_view service, bool with_policy) {
    write([&](Transaction& transaction) -> Result<void> {
      identity::Role role;
      role.name = "web-role";
      role.path = "/";
      role.trust_policy =
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":")" +
          std::string(service) + R"("},"Action":"sts:AssumeRole"}]})";
      CHECK(identity::create_role(transaction, role, clock.now()));
      CHECK(identity::put_role_into(transaction, "web-profile", "web-role"));
      if (!with_policy) return success();
      return identity::attach_policy(transaction, identity::role_key("web-role"),
                                     "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
    });
  }
  std::string refusal() {
    auto admission = admit(instance_.text());
    if (admission) return "admitted";
    EXPECT_EQ(admission.error().aws, "TargetNotConnected");
    return admission.error().detail;
  }

  InstanceId instance_{"i-0123456789abcdef0"};
};

TEST_F(TheGateOfAVpc, admits_by_the_tags_and_the_role_of_the_instance) {
  give_role("ec2.amazonaws.com", true);
  auto admission = admit(instance_.text());
  ASSERT_TRUE(admission) << admission.error().detail;
}

TEST_F(TheGateOfAVpc, looks_at_the_role_each_time) {
  EXPECT_NE(refusal().find("its instance profile web-profile has no role"), std::string::npos);
  give_role("ec2.amazonaws.com", false);
  EXPECT_NE(refusal().find("does not allow ssm:UpdateInstanceInformation"), std::string::npos);
  write([&](Transaction& transaction) {
    return identity::attach_policy(transaction, identity::role_key("web-role"),
                                   "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
  });
  EXPECT_EQ(refusal(), "admitted");
  write([&](Transaction& transaction) {
    auto detach = [&](networks::State& state) -> Result<void> {
      state.network.instances.find(instance_)->profile.reset();
      return success();
    };
    return networks.change(transaction, detach);
  });
  EXPECT_NE(refusal().find("it has no instance profile"), std::string::npos);
}

TEST_F(TheGateOfAVpc, sees_a_trust_policy_without_ec2) {
  give_role("ssm.amazonaws.com", true);
  EXPECT_NE(refusal().find("does not let ec2.amazonaws.com assume it"), std::string::npos);
}

TEST_F(TheGateOfAVpc, refuses_the_agent_of_an_instance_that_lost_its_role) {
  give_role("ec2.amazonaws.com", true);
  Ask ask;
  ask.caller = hana();
  ask.caller.principal.kind = model::Principal::Kind::role;
  ask.caller.principal.role = "web-role";
  ask.caller.principal.role_arn = model::role_arn(deployment.region, "/", "web-role");
  ask.caller.principal.instance = instance_;
  ask.action = "ssm:UpdateInstanceInformation";
  EXPECT_TRUE(finish(gate->authorize(ask)));
  write([&](Transaction& transaction) {
    return identity::take_role_from(transaction, "web-profile", "web-role");
  });
  auto refused = finish(gate->authorize(ask));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
}

// Every question of the gate, not only those of agents.
TEST_F(TheGateOfAVpc, lets_credentials_of_a_lost_role_neither_start_sessions_nor_be_another_role) {
  give_role("ec2.amazonaws.com", true);
  write([&](Transaction& transaction) {
    return identity::put_inline_policy(
        transaction, identity::role_key("web-role"), "all",
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
        clock.now());
  });
  make_role(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"})");
  auto caller = hana();
  caller.principal.kind = model::Principal::Kind::role;
  caller.principal.role = "web-role";
  caller.principal.role_arn = model::role_arn(deployment.region, "/", "web-role");
  caller.principal.instance = instance_;
  auto start = [&] { return finish(gate->admit({caller, instance_.text(), "", {}, ""})); };
  auto be_another = [&] {
    auto arn = model::role_arn(deployment.region, "/eu/", "ops");
    return finish(gate->assume({caller, arn, "s", "", kHour, {}}));
  };
  EXPECT_TRUE(start());
  EXPECT_TRUE(be_another());
  write([&](Transaction& transaction) {
    return identity::take_role_from(transaction, "web-profile", "web-role");
  });
  auto started = start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().detail.find("does not have the role web-role any more"), std::string::npos);
  auto other = be_another();
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().detail.find("does not have the role web-role any more"), std::string::npos);
}

}  // namespace
}  // namespace fumidai::sessions
