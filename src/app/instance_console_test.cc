#include "app/instance_console.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/test_directory.h"

namespace fumidai::app {
namespace {

class Console : public testing::Test {
 protected:
  ~Console() override {
    ::close(endless);
    ::close(file);
  }
  std::uintmax_t size() const { return std::filesystem::file_size(path); }

  io::TestDirectory directory;
  std::string path = (directory / "console").string();
  int endless = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  InstanceConsole console{endless, file};
};

TEST_F(Console, one_who_never_stops_writing_is_left_for_the_next_time) {
  console.carry();
  EXPECT_EQ(size(), 64u * 1024);
  console.carry();
  EXPECT_EQ(size(), 128u * 1024);
}

TEST_F(Console, the_end_is_kept) {
  for (int i = 0; i < 20; i++) console.carry();
  EXPECT_LE(size(), 128u * 1024);
  console.say("the end");
  auto text = *io::read_file(path);
  EXPECT_TRUE(text.ends_with("fumidai-instance-init: the end\n"));
  EXPECT_GE(text.size(), 64u * 1024);
}

}  // namespace
}  // namespace fumidai::app
