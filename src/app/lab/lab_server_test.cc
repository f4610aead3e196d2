#include "app/lab/lab_server.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/process.h"
#include "io/test_directory.h"

namespace fumidai::app {
namespace {

// Data directories, and a process that has these words behind its name until its input ends.
class TheLabServer : public testing::Test {
 protected:
  TheLabServer() {
    for (auto const* name : {"data", "other"}) std::filesystem::create_directory(folder / name);
  }
  ~TheLabServer() override { end(); }

  void start(std::vector<std::string> words) {
    io::Spawn spawn{"/bin/sh", {"fumidai", "-c", "read word"}, {}, "/", {}};
    spawn.arguments.insert(spawn.arguments.end(), words.begin(), words.end());
    auto child = io::spawn_with_pipes(spawn);
    ASSERT_TRUE(child);
    process = *child;
    ASSERT_TRUE(io::write_file(folder / "server.pid", std::to_string(process.pid) + "\n"));
  }
  // Nobody has waited for it yet.
  void let_end() {
    if (process.pid == 0) return;
    ::close(std::exchange(process.input, -1));
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(process.pid), &ended, WEXITED | WNOWAIT);
  }
  void end() {
    let_end();
    if (process.pid != 0) ::waitpid(process.pid, nullptr, 0);
    for (int descriptor : {process.output, process.error}) ::close(descriptor);
    process = {0, -1, -1, -1};
  }
  std::optional<pid_t> found(std::string const& directory) {
    return find_lab_server(folder / "server.pid", {folder / directory});
  }

  io::TestDirectory folder;
  io::PipedChild process{0, -1, -1, -1};
};

TEST_F(TheLabServer, is_found_while_it_runs) {
  EXPECT_FALSE(found("data"));
  start({"server", "--lab", "--data-dir", folder / "data"});
  EXPECT_EQ(found("data"), process.pid);
  EXPECT_EQ(found("data/"), process.pid);
  EXPECT_EQ(found("other/../data"), process.pid);
  let_end();
  EXPECT_FALSE(found("data"));
}

TEST_F(TheLabServer, is_known_by_what_it_was_started_with) {
  start({"server", "--data-dir", folder / "data", "--listen", "127.0.0.1:8443", "--listen", "127.0.0.1:9443",
         "--lab-image", "/srv/image"});
  auto pid = *found("data");
  EXPECT_TRUE(was_started_with(pid, {}));
  EXPECT_TRUE(was_started_with(pid, {{"--listen", "127.0.0.1:9443"}, {"--lab-image", "/srv/image"}}));
  EXPECT_FALSE(was_started_with(pid, {{"--listen", "127.0.0.1:9443"}, {"--lab-image", "/srv/other"}}));
  EXPECT_FALSE(was_started_with(pid, {{"--lab-image", "127.0.0.1:8443"}}));
  EXPECT_FALSE(was_started_with(pid, {{"--lab-ssm-agent", "/srv/agent"}}));
  let_end();
  EXPECT_FALSE(was_started_with(pid, {{"--listen", "127.0.0.1:8443"}}));
}

TEST_F(TheLabServer, is_no_other_program_that_has_its_number_now) {
  for (auto const& words : std::vector<std::vector<std::string>>{{"server", "--data-dir", folder / "other"},
                                                                 {"doctor", "--data-dir", folder / "data"},
                                                                 {"server", "--data-dir"},
                                                                 {"server"}}) {
    start(words);
    EXPECT_FALSE(found("data")) << words.back();
    end();
  }
}

}  // namespace
}  // namespace fumidai::app
