#include "lab/internet.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/test_directory.h"
#include "lab/command.h"

namespace fumidai::lab {
namespace {

wire::HttpResponse get(std::string target, std::string const& directory, std::string method = "GET") {
  return answer({std::move(method), std::move(target), {}, ""}, directory);
}

TEST(Internet, has_a_page_and_a_repository_that_apt_takes_a_package_from) {
  io::TestDirectory directory;
  auto there = directory.path().string();
  ASSERT_TRUE(make_internet(there));
  EXPECT_TRUE(make_internet(there));  // again: nothing
  EXPECT_NE(get("/", there).body.find("You are outside"), std::string::npos);
  EXPECT_NE(get("/debian/./Packages?x=1", there).body.find("Package: fumidai-hello\n"), std::string::npos);
  EXPECT_EQ(get("/debian/Release", there, "HEAD").body, "");

  for (auto folder : {"state/lists/partial", "cache/archives/partial", "parts"}) {
    ASSERT_TRUE(io::make_directory(directory / folder));
  }
  ASSERT_TRUE(io::write_file(directory / "state/status", ""));
  ASSERT_TRUE(io::write_file(directory / "sources", "deb [trusted=yes] file:" + there + "/debian ./\n"));
  auto apt = [&](std::vector<std::string> const& words) {
    std::vector<std::string> command{"/usr/bin/apt-get",
                                     "-oDir::State=" + there + "/state",
                                     "-oDir::State::status=" + there + "/state/status",
                                     "-oDir::Cache=" + there + "/cache",
                                     "-oDir::Etc::sourcelist=" + there + "/sources",
                                     "-oDir::Etc::sourceparts=" + there + "/parts",
                                     "-oAPT::Sandbox::User=root",
                                     "-oAPT::Update::Error-Mode=any"};
    command.insert(command.end(), words.begin(), words.end());
    auto done = run_command(command, std::chrono::seconds(60));
    return done ? "" : done.error().detail;
  };
  EXPECT_EQ(apt({"update"}), "");
  EXPECT_EQ(apt({"install", "--simulate", "fumidai-hello=1.0"}), "");
  EXPECT_EQ(apt({"install", "--download-only", "-y", "fumidai-hello"}), "");
}

TEST(Internet, has_its_package_whatever_the_umask_is) {
  io::TestDirectory directory;
  auto before = ::umask(077);
  auto made = make_internet(directory.path().string());
  ::umask(before);
  EXPECT_TRUE(made) << made.error().detail;
}

TEST(Internet, shows_nothing_else_of_the_machine) {
  io::TestDirectory directory;
  auto there = (directory / "shown").string();
  ASSERT_TRUE(io::make_directory(there));
  ASSERT_TRUE(io::write_file(directory / "secret", "secret"));
  ASSERT_TRUE(io::write_file(there + "/.hidden", "secret"));
  ASSERT_EQ(::symlink("../secret", (there + "/link").c_str()), 0);
  for (auto target : {"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/a/../../secret", "//../secret",
                      "/.hidden", "/link", "/%00", "/%zz", "/", "/none", "", "*"}) {
    EXPECT_EQ(get(target, there).status, 404) << target;
  }
  EXPECT_EQ(get("/", there, "POST").status, 405);
}

}  // namespace
}  // namespace fumidai::lab
