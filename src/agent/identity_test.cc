#include "agent/identity.h"

#include <gtest/gtest.h>

#include "agent/login.h"
#include "io/test_directory.h"

namespace fumidai::agent {
namespace {

Identity sample() {
  Identity identity;
  identity.url = "https://plane.example:8443";
  identity.ca_pem = "-----BEGIN CERTIFICATE-----\n";
  identity.region = "us-east-1";
  identity.instance_id = "mi-0123456789abcdef0";
  identity.private_key = Secret(std::string("\x30\x82\0\xff key", 8));
  identity.fingerprint = "8c1d8b4e";
  identity.session_user = "alice";
  return identity;
}

TEST(Identity, is_read_as_it_was_saved) {
  io::TestDirectory directory;
  auto state = directory / "state";
  ASSERT_TRUE(save_identity(state, sample()));
  auto read = load_identity(state);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->url, sample().url);
  EXPECT_EQ(read->ca_pem, sample().ca_pem);
  EXPECT_EQ(read->instance_id, sample().instance_id);
  EXPECT_EQ(read->private_key.reveal(), sample().private_key.reveal());
  EXPECT_EQ(read->fingerprint, sample().fingerprint);
  EXPECT_EQ(read->session_user, "alice");
}

TEST(Identity, is_for_its_owner_only_whatever_stood_there_before) {
  io::TestDirectory directory;
  auto state = directory / "state", file = state / "identity.json";
  auto mask = ::umask(0);
  ASSERT_TRUE(save_identity(state, sample()));
  ::umask(mask);
  EXPECT_EQ(io::mode_of(state), 0700);
  EXPECT_EQ(io::mode_of(file), 0600);
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  ASSERT_TRUE(save_identity(state, sample()));
  EXPECT_EQ(io::mode_of(file), 0600);
  auto entries = std::filesystem::directory_iterator(state);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "nothing unfinished is left";
}

TEST(Identity, a_host_that_is_not_registered_is_told_what_to_do) {
  io::TestDirectory directory;
  auto read = load_identity(directory.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::not_found);
  EXPECT_NE(read.error().detail.find("fumidai-agent register"), std::string::npos);
}

TEST(Identity, a_damaged_file_is_called_so) {
  io::TestDirectory directory;
  auto file = directory / "identity.json";
  ASSERT_TRUE(save_identity(directory.path(), sample()));
  auto whole = io::read_file(file).value();
  for (auto const& text :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("[]"), std::string("{}"),
        std::string(R"({"InstanceId": 5})"), std::string(R"({"InstanceId": ""})"),
        std::string(R"({"InstanceId": "mi-1", "PrivateKey": "*"})")}) {
    ASSERT_TRUE(io::write_file(file, text));
    auto read = load_identity(directory.path());
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::corrupt) << text;
    EXPECT_NE(read.error().detail.find(file.string()), std::string::npos);
  }
}

std::string variable(Login const& login, std::string const& name) {
  for (auto const& each : login.environment) {
    if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
  }
  return "(none)";
}

std::string own_name() {
  auto login = log_in("", ::geteuid() == 0 ? "root" : "");
  return login ? login->user : login.error().detail;
}

TEST(Login, finds_its_own_user_with_home_and_shell) {
  auto login = log_in(own_name(), "");
  ASSERT_TRUE(login) << login.error().detail;
  EXPECT_EQ(login->run_as.user, ::geteuid());
  EXPECT_TRUE(login->shell.starts_with("/"));
  EXPECT_EQ(variable(*login, "USER"), login->user);
  EXPECT_EQ(variable(*login, "LOGNAME"), login->user);
  EXPECT_EQ(variable(*login, "HOME"), login->home);
  EXPECT_EQ(variable(*login, "SHELL"), login->shell);
  EXPECT_NE(variable(*login, "PATH").find("/usr/bin"), std::string::npos);
}

TEST(Login, takes_no_variable_of_the_agent_along) {
  ::setenv("FUMIDAI_TEST_SECRET", "x", 1);
  auto login = log_in(own_name(), "");
  ::unsetenv("FUMIDAI_TEST_SECRET");
  ASSERT_TRUE(login);
  EXPECT_EQ(variable(*login, "FUMIDAI_TEST_SECRET"), "(none)");
}

TEST(Login, the_wish_of_the_session_wins_and_must_exist) {
  auto login = log_in("no-such-user", own_name());
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, Errc::not_found);
  EXPECT_EQ(log_in("", "no-such-user").error().code, Errc::not_found);
  EXPECT_EQ(log_in(own_name(), "no-such-user")->user, own_name());
}

TEST(Login, only_root_becomes_somebody_else) {
  auto login = log_in("nobody", "");
  if (::geteuid() == 0) {
    ASSERT_TRUE(login) << login.error().detail;
    EXPECT_TRUE(login->run_as.change);
    EXPECT_NE(login->run_as.user, 0u);
    EXPECT_EQ(std::count(login->run_as.groups.begin(), login->run_as.groups.end(), 0u), 0);
  } else {
    EXPECT_EQ(login.error().code, Errc::denied);
  }
}

}  // namespace
}  // namespace fumidai::agent
