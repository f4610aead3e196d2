#include "sessions/registry.h"

#include <gtest/gtest.h>

#include "sessions/test_gate.h"
#include "sessions/test_link.h"

namespace fumidai::sessions {
namespace {

using namespace std::chrono_literals;

constexpr char kEndpoint[] = "eice-0123456789abcdef0";

// One agent, which carries an endpoint's tunnels.
class TheRegistry : public GateTest {
 protected:
  TheRegistry() {
    registry.emplace(loop.get_executor(), *database, deployment, *gate,
                     SessionPatience{.agent_start = 100ms});
    registry->agents().attach(agent, std::make_shared<TestLink>());
    registry->carriers().arrived(agent, kEndpoint);
  }
  ~TheRegistry() override { database.reset(); }

  SessionId order_tunnel() {
    Admission admission{{}, model::SessionType::port, "{}"};
    admission.session.id = random_session_id("hana");
    admission.session.target = target;
    admission.session.carrier = agent;
    admission.session.endpoint = kEndpoint;
    EXPECT_TRUE(registry->start_unrecorded(admission));
    return admission.session.id;
  }
  void wait_for_the_end() {
    loop.restart();
    for (auto end = io::SteadyClock::now() + 10s; registry->size() > 0 && io::SteadyClock::now() < end;)
      loop.run_one_for(1s);
    ASSERT_EQ(registry->size(), 0u);
    loop.poll();  // its task ends
  }
  // A tunnel, whose end the agent tells at once.
  void carry(std::string status, std::string output) {
    wire::AgentTaskComplete completion;
    completion.task_id = order_tunnel().text();
    completion.final_task_status = std::move(status);
    completion.output = std::move(output);
    registry->on_task_complete(agent, completion);
    wait_for_the_end();
  }
  Carriers::Standing standing(InstanceId const& to = {}) {
    return registry->carriers().standing_of(kEndpoint, to);
  }

  InstanceId const agent{"mi-0123456789abcdef0"}, target{"i-0123456789abcdef0"};
  std::optional<Registry> registry;
};

TEST_F(TheRegistry, an_endpoint_fails_by_what_it_cannot_reach_and_not_by_a_port_that_is_closed) {
  carry("Failed", "cannot connect to 10.0.1.5 (10.0.1.5 port 23: Connection refused)");
  EXPECT_EQ(standing(target), Carriers::Standing::carried)
      << "or whoever asks for such a port would steer others";
  carry("Success", "");
  EXPECT_EQ(standing(target), Carriers::Standing::carried);
  carry("Failed", "cannot connect to 10.0.1.5 (10.0.1.5 port 22: No route to host)");
  EXPECT_EQ(standing(target), Carriers::Standing::failing);
}

TEST_F(TheRegistry,
       an_endpoint_fails_for_all_when_its_agent_does_not_answer_and_for_one_when_that_one_does_not) {
  carry("Failed", "cannot connect to 10.0.1.5 (10.0.1.5 port 22: no answer in time)");
  EXPECT_EQ(standing(target), Carriers::Standing::failing);
  EXPECT_EQ(standing(InstanceId("i-0123456789abcdef1")), Carriers::Standing::carried);
  EXPECT_EQ(standing(), Carriers::Standing::carried);
  carry("Failed", "The agent on " + agent.text() + " has its own words for what one of them does.");
  EXPECT_EQ(standing(), Carriers::Standing::carried);
  order_tunnel();
  wait_for_the_end();
  EXPECT_EQ(standing(InstanceId("i-0123456789abcdef1")), Carriers::Standing::failing);
  EXPECT_EQ(standing(), Carriers::Standing::failing);
}

}  // namespace
}  // namespace fumidai::sessions
