#include "app/lab/machine_deed.h"

#include <gtest/gtest.h>

namespace fumidai::app {
namespace {

using network::InstanceState;
using std::chrono::seconds;

Time at(int second) {
  return Time(seconds(1'000'000 + second));
}

MachineStart const kWanted{at(10), at(20), 7};

MachineFacts running(MachineStart start = kWanted) {
  return {true, false, start};
}

MachineFacts ended(bool by_itself, std::optional<MachineStart> start = kWanted) {
  return {false, by_itself, start};
}

TEST(MachineDeeds, what_lives_is_begun_once_and_told) {
  EXPECT_EQ(next_deed(InstanceState::pending, kWanted, {}), MachineDeed::begin);
  EXPECT_EQ(next_deed(InstanceState::pending, kWanted, running()), MachineDeed::tell_running);
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, running()), MachineDeed::none);
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, ended(false)), MachineDeed::begin)
      << "the host was started again";
}

TEST(MachineDeeds, one_that_shut_itself_down_stays_down) {
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, ended(true)), MachineDeed::tell_shut_down);
  EXPECT_EQ(next_deed(InstanceState::pending, kWanted, ended(true)), MachineDeed::tell_shut_down);
  EXPECT_EQ(next_deed(InstanceState::stopped, kWanted, ended(true)), MachineDeed::none);
  MachineStart earlier{at(5), at(20), 7};
  EXPECT_EQ(next_deed(InstanceState::pending, kWanted, ended(true, earlier)), MachineDeed::begin)
      << "it was started again since";
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, ended(true, MachineStart{at(10), at(15), 7})),
            MachineDeed::begin)
      << "asked to reboot, it ended by itself first";
}

TEST(MachineDeeds, a_reboot_is_done_once_whatever_the_clock_says) {
  for (auto served : {at(15), at(25)}) {
    MachineStart last{at(10), served, 7};
    EXPECT_EQ(next_deed(InstanceState::running, kWanted, running(last)), MachineDeed::begin_again);
  }
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, running()), MachineDeed::none);
}

TEST(MachineDeeds, one_in_a_namespace_that_was_made_again_begins_again) {
  MachineStart last{at(10), at(20), 6};
  EXPECT_EQ(next_deed(InstanceState::running, kWanted, running(last)), MachineDeed::begin_again);
}

TEST(MachineDeeds, what_ends_ends_whatever_it_is) {
  for (auto const& facts : {MachineFacts(), running(), ended(true)}) {
    EXPECT_EQ(next_deed(InstanceState::stopping, kWanted, facts), MachineDeed::stop);
    EXPECT_EQ(next_deed(InstanceState::shutting_down, kWanted, facts), MachineDeed::erase);
    EXPECT_EQ(next_deed(InstanceState::terminated, kWanted, facts), MachineDeed::none);
  }
}

}  // namespace
}  // namespace fumidai::app
