#include "sessions/carriers.h"

#include <gtest/gtest.h>

namespace fumidai::sessions {
namespace {

InstanceId const kOne("mi-1"), kOther("mi-2");

InstanceId next_for(Carriers const& carriers, std::string const& endpoint) {
  auto candidates = carriers.candidates_for(endpoint);
  return candidates.empty() ? InstanceId() : candidates[0].agent;
}

SessionRow tunnel(std::string endpoint, InstanceId carrier) {
  SessionRow row;
  row.endpoint = std::move(endpoint);
  row.carrier = std::move(carrier);
  return row;
}

TEST(Carriers, the_least_loaded_carries_the_next) {
  Carriers carriers;
  EXPECT_EQ(carriers.standing_of("eice-1"), Carriers::Standing::absent);
  carriers.arrived(kOne, "eice-1");
  carriers.arrived(kOther, "eice-1");
  {
    Carriers::Place first(carriers, tunnel("eice-1", kOne));
    EXPECT_EQ(next_for(carriers, "eice-1"), kOther);
    EXPECT_EQ(carriers.carried_by("eice-1"), 1u);
    Carriers::Place moved(std::move(first));
    EXPECT_EQ(carriers.carried_by("eice-1"), 1u);
    EXPECT_EQ(carriers.endpoints_in_use(), std::vector<std::string>{"eice-1"});
  }
  EXPECT_EQ(carriers.carried_by("eice-1"), 0u);
  EXPECT_TRUE(carriers.endpoints_in_use().empty());
  EXPECT_EQ(carriers.standing_of("eice-2"), Carriers::Standing::absent);
}

TEST(Carriers, who_drains_or_left_gets_no_more) {
  Carriers carriers;
  carriers.arrived(kOne, "eice-1");
  carriers.arrived(kOther, "eice-1");
  carriers.drains(kOne);
  EXPECT_EQ(next_for(carriers, "eice-1"), kOther);
  Carriers::Place carried(carriers, tunnel("eice-1", kOther));
  carriers.left(kOther);
  EXPECT_EQ(carriers.standing_of("eice-1"), Carriers::Standing::absent);
  EXPECT_EQ(carriers.carried_by("eice-1"), 1u) << "its tunnel may yet come back";
  carriers.arrived(kOne, "eice-1");
  EXPECT_EQ(next_for(carriers, "eice-1"), kOne) << "a new process of it";
}

TEST(Carriers, who_failed_just_now_is_the_last_to_be_asked) {
  Carriers carriers;
  carriers.arrived(kOne, "eice-1");
  carriers.arrived(kOther, "eice-1");
  Carriers::Place busy(carriers, tunnel("eice-1", kOther));
  EXPECT_EQ(next_for(carriers, "eice-1"), kOne);
  carriers.failed(kOne);
  EXPECT_EQ(next_for(carriers, "eice-1"), kOther);
  EXPECT_EQ(carriers.standing_of("eice-1"), Carriers::Standing::carried);
  carriers.left(kOther);
  EXPECT_EQ(next_for(carriers, "eice-1"), kOne) << "better than nobody";
  EXPECT_EQ(carriers.standing_of("eice-1"), Carriers::Standing::failing);
}

TEST(Carriers, what_one_target_does_is_no_word_about_others) {
  InstanceId const dead("10.0.1.99"), good("i-1");
  Carriers carriers;
  carriers.arrived(kOne, "eice-1");
  carriers.failed_to_reach(kOne, dead);
  EXPECT_EQ(carriers.standing_of("eice-1", dead), Carriers::Standing::failing);
  EXPECT_EQ(carriers.standing_of("eice-1", good), Carriers::Standing::carried);
  EXPECT_EQ(carriers.standing_of("eice-1"), Carriers::Standing::carried);
  carriers.arrived(kOther, "eice-1");
  Carriers::Place busy(carriers, tunnel("eice-1", kOther));
  EXPECT_EQ(carriers.candidates_for("eice-1", dead)[0].agent, kOther);
  EXPECT_EQ(carriers.candidates_for("eice-1", good)[0].agent, kOne);
  carriers.failed(kOne);
  EXPECT_EQ(carriers.candidates_for("eice-1", good)[0].agent, kOther) << "that is its own";
}

TEST(Carriers, of_many_targets_the_last_ones_are_remembered) {
  Carriers carriers;
  carriers.arrived(kOne, "eice-1");
  auto fails = [&](InstanceId const& target) {
    return carriers.standing_of("eice-1", target) == Carriers::Standing::failing;
  };
  auto target = [](std::size_t number) { return InstanceId("10.0.1." + std::to_string(number)); };
  for (std::size_t i = 0; i < Carriers::kMostTargets; i++) carriers.failed_to_reach(kOne, target(i));
  carriers.failed_to_reach(kOne, target(0));  // again
  EXPECT_TRUE(fails(target(1)));
  carriers.failed_to_reach(kOne, target(Carriers::kMostTargets));
  EXPECT_FALSE(fails(target(1)));
  EXPECT_TRUE(fails(target(0)));
  EXPECT_TRUE(fails(target(2)));
  EXPECT_TRUE(fails(target(Carriers::kMostTargets)));
}

}  // namespace
}  // namespace fumidai::sessions
