#include "wire/spare_room.h"

#include <gtest/gtest.h>

namespace fumidai::wire {
namespace {

TEST(SpareRoom, what_one_gives_back_another_may_have) {
  SpareRoom room(100);
  SpareRoom::Share first(&room);
  {
    SpareRoom::Share second(&room);
    first.resize(70);
    second.resize(70);
    EXPECT_EQ(second.size(), 30u);
    first.resize(10);
    second.resize(70);
    EXPECT_EQ(second.size(), 70u);
  }
  EXPECT_EQ(room.left(), 90u);
  SpareRoom::Share none(nullptr);
  none.resize(5);
  EXPECT_EQ(none.size(), 0u);
}

}  // namespace
}  // namespace fumidai::wire
