#include "app/ssh_words.h"

#include <gtest/gtest.h>

namespace fumidai::app {
namespace {

using Words = std::vector<std::string>;

SshWords parsed(Words const& words) {
  auto found = parse_ssh_words(words);
  EXPECT_TRUE(found) << found.error().detail;
  return found ? *found : SshWords{};
}

TEST(SshWords, options_stand_before_the_host_or_behind_it_or_both) {
  for (auto const& words : {Words{"-o", "BatchMode=yes", "-vA", "web", "uptime", "-p"},
                            Words{"web", "-oBatchMode=yes", "-v", "-A", "uptime", "-p"},
                            Words{"-oBatchMode=yes", "-v", "web", "-A", "--", "uptime", "-p"}}) {
    auto found = parsed(words);
    EXPECT_EQ(found.host, "web");
    EXPECT_EQ(found.options, (Words{"-o", "BatchMode=yes", "-v", "-A"}));
    EXPECT_EQ(found.command, (Words{"uptime", "-p"}));
    EXPECT_EQ(found.user, "");
    EXPECT_FALSE(found.port);
  }
}

TEST(SshWords, who_and_which_port_are_ours_to_know_however_they_are_said) {
  for (auto const& words :
       {Words{"bob@web", "-p", "2222"}, Words{"-l", "bob", "-p2222", "web"},
        Words{"-lbob", "web", "-p", "2222"}, Words{"web", "-o", "User = bob", "-o", "port 2222"},
        Words{"-vl", "bob", "web", "-Np", "2222"},
        Words{"-l", "bob", "root@web", "-p", "2222", "-p", "22"}}) {
    auto found = parsed(words);
    EXPECT_EQ(found.host, "web");
    EXPECT_EQ(found.user, "bob");
    EXPECT_EQ(found.port, 2222);
  }
}

TEST(SshWords, fumidais_own_options_stand_anywhere_before_the_command) {
  auto found = parsed(
      {"--data-dir=/d", "-v", "web", "--profile", "hana", "--max-tunnel-duration", "900", "ls", "--profile"});
  EXPECT_EQ(found.own, (std::map<std::string, std::string>{
                           {"--data-dir", "/d"}, {"--profile", "hana"}, {"--max-tunnel-duration", "900"}}));
  EXPECT_EQ(found.command, (Words{"ls", "--profile"}));
}

TEST(SshWords, what_is_asked_of_ssh_itself_needs_no_host) {
  EXPECT_EQ(parsed({"-V"}).options, Words{"-V"});
  EXPECT_EQ(parsed({"-vQ", "cipher", "--profile", "hana"}).options, (Words{"-v", "-Q", "cipher"}));
  for (auto const& words : {Words{"-V"}, Words{"-Qcipher"}, Words{"web", "-V"}})
    EXPECT_TRUE(parsed(words).is_about_ssh);
  EXPECT_FALSE(parsed({"web", "echo", "-V"}).is_about_ssh);
}

TEST(SshWords, addresses_are_hosts) {
  EXPECT_EQ(parsed({"root@fd00::1"}).host, "fd00::1");
}

TEST(SshWords, what_is_wrong_is_told) {
  for (auto const& [words, part] :
       std::vector<std::pair<Words, std::string>>{{{}, "no target"},
                                                  {{"-v"}, "no target"},
                                                  {{""}, "no target; say which"},
                                                  {{"bob@", "ls"}, "no target behind the @ of 'bob@'"},
                                                  {{"-l", "bob", "@"}, "no target behind the @ of '@'"},
                                                  {{"bob@"}, "as in: fumidai ssh ec2-user@web-1"},
                                                  {{"@web"}, "no user before the @ of '@web'"},
                                                  {{"web", "-L"}, "-L needs a value"},
                                                  {{"web", "--verbose"}, "--verbose is an option of neither"},
                                                  {{"web", "--profile"}, "--profile needs a value"},
                                                  {{"web", "-p", "x"}, "not a port"}}) {
    auto found = parse_ssh_words(words);
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().detail.find(part), std::string::npos) << found.error().detail;
  }
}

}  // namespace
}  // namespace fumidai::app
