#include <gtest/gtest.h>

#include "api/ec2/test_instances.h"
#include "networks/instances.h"

namespace fumidai::api::ec2 {
namespace {

// Of the instance, its check, the machine, its check.
class InstanceStatus : public InstancesTest {
 protected:
  using Words = std::vector<std::string>;
  static inline Words const kOk{"ok", "passed", "ok", "passed"};
  static inline Words const kStarting{"initializing", "initializing", "ok", "passed"};
  static inline Words const kSilent{"impaired", "failed", "ok", "passed"};

  InstanceStatus() : id(run()) {
    report([&](auto& state) { networks::started(state, InstanceId(id), clock.now()); });
    lab.vitals[id] = {.runs = true};
  }

  Words status() { return texts(call("DescribeInstanceStatus", {{"InstanceId.1", id}}), "status"); }
  bool is_found_by(std::string const& filter, std::string const& value) {
    auto answer = call("DescribeInstanceStatus", {{"Filter.1.Name", filter}, {"Filter.1.Value.1", value}});
    return text(answer, "instanceId") == id;
  }

  std::string id;
};

TEST_F(InstanceStatus, is_ok_when_its_sshd_answers) {
  EXPECT_EQ(status(), kStarting);
  lab.vitals[id].answers = true;
  EXPECT_EQ(status(), kOk);
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(status(), kOk);
}

TEST_F(InstanceStatus, is_impaired_when_its_sshd_does_not_answer_in_time) {
  clock.advance(std::chrono::seconds(59));
  EXPECT_EQ(status(), kStarting);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(status(), kSilent);
  call("RebootInstances", {{"InstanceId.1", id}});
  EXPECT_EQ(status(), kStarting);
}

TEST_F(InstanceStatus, is_impaired_since_the_start_was_over_or_it_fell_silent) {
  auto since = [&] { return texts(call("DescribeInstanceStatus", {{"InstanceId.1", id}}), "impairedSince"); };
  lab.vitals[id].silent_since = clock.now();
  EXPECT_EQ(since(), Words{});
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(since(), Words{"2027-01-15T08:01:00.000Z"});
  lab.vitals[id].silent_since = clock.now() - std::chrono::minutes(3);
  EXPECT_EQ(since(), Words{"2027-01-15T08:07:00.000Z"});
}

TEST_F(InstanceStatus, of_the_system_is_impaired_when_nothing_runs_in_time) {
  lab.vitals[id] = {};
  EXPECT_EQ(status(), (Words{"initializing", "initializing", "initializing", "initializing"}));
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(status(), (Words{"impaired", "failed", "impaired", "failed"}));
}

TEST_F(InstanceStatus, is_what_filters_find) {
  EXPECT_TRUE(is_found_by("instance-status.status", "initializing"));
  EXPECT_TRUE(is_found_by("instance-status.reachability", "initializing"));
  EXPECT_FALSE(is_found_by("instance-status.status", "ok"));
  EXPECT_TRUE(is_found_by("system-status.status", "ok"));
  lab.vitals[id] = {};
  clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(is_found_by("instance-status.reachability", "failed"));
  EXPECT_TRUE(is_found_by("system-status.reachability", "failed"));
  EXPECT_FALSE(is_found_by("system-status.status", "ok"));
}

TEST_F(InstanceStatus, is_looked_at_of_running_ones_that_are_asked_for) {
  auto pending = run();
  status();
  EXPECT_EQ(lab.looked_at, 1U);
  call("DescribeInstanceStatus", {{"InstanceId.1", pending}});
  EXPECT_EQ(lab.looked_at, 1U);
  auto answer = call("DescribeInstanceStatus", {{"InstanceId.1", pending}, {"IncludeAllInstances", "true"}});
  EXPECT_EQ(texts(answer, "status"), (Words{"initializing", "initializing", "initializing", "initializing"}));
}

// Ids have no order of their own: with so many that do not run, some come before the one that does.
TEST_F(InstanceStatus, comes_in_pages_of_those_that_run) {
  call("RunInstances", {{"ImageId", image}, {"MinCount", "40"}, {"MaxCount", "40"}, {"SubnetId", subnet}});
  auto page = call("DescribeInstanceStatus", {{"MaxResults", "5"}});
  EXPECT_EQ(texts(page, "instanceId"), Words{id});
  EXPECT_EQ(text(page, "nextToken"), "(none)");
  auto all = call("DescribeInstanceStatus", {{"MaxResults", "5"}, {"IncludeAllInstances", "true"}});
  EXPECT_EQ(texts(all, "instanceId").size(), 5U);
  EXPECT_NE(text(all, "nextToken"), "(none)");
  EXPECT_EQ(call("DescribeInstanceStatus", {{"InstanceId.1", "i-0123456789abcdef0"}}),
            "InvalidInstanceID.NotFound");
}

TEST_F(InstanceStatus, is_not_known_without_a_lab) {
  plane->lab = nullptr;
  EXPECT_EQ(status(), Words(4, "insufficient-data"));
}

TEST_F(InstanceStatus, is_told_to_whom_the_gate_lets) {
  allow(R"({"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"})");
  EXPECT_EQ(call("DescribeInstanceStatus", {}), "UnauthorizedOperation");
  EXPECT_EQ(lab.looked_at, 0U);
  allow(R"({"Effect":"Allow","Action":"ec2:DescribeInstanceStatus","Resource":"*"})");
  EXPECT_EQ(call("DescribeInstanceStatus", {{"DryRun", "true"}}), "DryRunOperation");
  EXPECT_EQ(lab.looked_at, 0U);
}

}  // namespace
}  // namespace fumidai::api::ec2
