#include "agent/session_programs.h"

#include <gtest/gtest.h>

#include <set>

#include "io/test_directory.h"

namespace fumidai::agent {
namespace {

using namespace std::string_literals;

class Proc {
 public:
  io::Path const& path() const { return directory_.path(); }
  void add(std::string const& process, std::string const& line) {
    ASSERT_TRUE(io::make_directory(path() / process));
    ASSERT_TRUE(io::write_scratch_file(path() / process / "cmdline", line));
  }

 private:
  io::TestDirectory directory_;
};

TEST(SessionPrograms, are_those_of_this_instance_and_no_other_program) {
  Proc proc;
  proc.add("17", "fumidai-agent-session\0alice-1\0mi-1\0"s);
  proc.add("18", "fumidai-agent-session\0bob-2\0mi-2\0"s);
  proc.add("19", "vi\0fumidai-agent-session\0mi-1\0"s);
  proc.add("20", "fumidai-agent-session\0"s);
  proc.add("21", "");
  proc.add("22", "fumidai-agent-session\0"s + std::string(1 << 16, 'x') + "\0mi-1\0"s);
  proc.add("23", "fumidai-agent-session\0carol-3\0mi-1\0"s);
  auto found = sessions_with_a_process("mi-1", proc.path());
  ASSERT_TRUE(found);
  EXPECT_EQ(std::multiset<std::string>(found->begin(), found->end()),
            (std::multiset<std::string>{"alice-1", "carol-3"}));
}

TEST(SessionPrograms, are_unknown_where_processes_cannot_be_listed) {
  EXPECT_FALSE(sessions_with_a_process("mi-1", "/nowhere"));
}

}  // namespace
}  // namespace fumidai::agent
