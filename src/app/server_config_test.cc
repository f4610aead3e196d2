#include "app/server_config.h"

#include <gtest/gtest.h>

#include "app/public_names.h"
#include "io/test_directory.h"

namespace fumidai::app {
namespace {

using namespace std::chrono_literals;

class ConfigFile : public testing::Test {
 protected:
  Result<void> read(std::string_view text) {
    config = {};
    EXPECT_TRUE(io::write_file(file, text));
    return read_config_file(file, config);
  }
  std::string refusal(std::string_view text) {
    auto verdict = read(text);
    return verdict ? "accepted" : verdict.error().detail;
  }

  io::TestDirectory directory;
  io::Path file = directory / "fumidai.toml";
  ServerConfig config;
};

TEST_F(ConfigFile, sets_what_it_names_and_nothing_else) {
  auto verdict = read(R"(
listen = ["0.0.0.0:8443", "[::1]:9443"]
public_url = "https://plane.example"
names = ["plane.internal"]
region = "eu-north-1"
secret_file = "/etc/fumidai/secret"
tls_certificate = "cert.pem"
tls_key = "key.pem"
log_level = "debug"
drain_seconds = 0
aws_limits = true
connect_domain = "access.example"
connect_proxy = "127.0.0.1:3128"
session_idle_seconds = 60
session_longest_seconds = 3600
connections = 16
unproven_connections_per_address = 1
)");
  ASSERT_TRUE(verdict) << verdict.error().detail;
  EXPECT_EQ(config.listen, (std::vector<std::string>{"0.0.0.0:8443", "[::1]:9443"}));
  EXPECT_EQ(config.public_url, "https://plane.example");
  EXPECT_EQ(config.names, std::vector<std::string>{"plane.internal"});
  EXPECT_EQ(config.region, "eu-north-1");
  EXPECT_EQ(config.drain, 0s);
  EXPECT_EQ(config.connect_limits().per_vpc, 1u);
  EXPECT_EQ(config.connect_limits().connections, 20u);
  EXPECT_EQ(config.connect_domain, "access.example");
  EXPECT_EQ(config.connect_proxy, "127.0.0.1:3128");
  EXPECT_EQ(config.session_limits.idle, 60s);
  EXPECT_EQ(config.session_limits.duration, 3600s);
  EXPECT_EQ(config.limits.connections, 16u);
  EXPECT_EQ(config.limits.unproven_per_address, 1u);
  ASSERT_TRUE(read(""));
  EXPECT_EQ(config.region, ServerConfig().region);
  EXPECT_EQ(config.drain, ServerConfig().drain);
  EXPECT_FALSE(config.aws_limits);
}

TEST_F(ConfigFile, an_unknown_setting_is_named_with_its_line_and_the_known_ones) {
  auto why = refusal("region = \"us-east-1\"\nlisten_on = [\"127.0.0.1:1\"]\n");
  EXPECT_NE(why.find(file.string() + ":2: "), std::string::npos) << why;
  EXPECT_NE(why.find("'listen_on'"), std::string::npos) << why;
  EXPECT_NE(why.find("listen, "), std::string::npos) << why;
  EXPECT_NE(refusal("[server]\nregion = \"x\"\n").find("'server'"), std::string::npos);
}

TEST_F(ConfigFile, a_value_of_the_wrong_kind_is_told_what_it_must_be) {
  struct {
    char const *text, *sentence;
  } const table[] = {
      {"region = 5", "region must be a string"},
      {"region = [\"a\"]", "region must be a string"},
      {"listen = \"127.0.0.1:8443\"", "listen must be a list of strings"},
      {"aws_limits = 1", "aws_limits must be true or false"},
      {"listen = [5]", "listen must be a list of strings"},
      {"names = [\"a\", [\"b\"]]", "names must be a list of strings"},
      {"drain_seconds = \"5\"", "drain_seconds must be a number of seconds from 0 to 3600"},
      {"drain_seconds = 1.5", "drain_seconds must be a number of seconds from 0 to 3600"},
      {"drain_seconds = -1", "drain_seconds must be a number of seconds from 0 to 3600"},
      {"drain_seconds = 3601", "drain_seconds must be a number of seconds from 0 to 3600"},
      {"session_idle_seconds = 59", "session_idle_seconds must be a number of seconds from 60 to 86400"},
      {"connections = 15", "connections must be a number from 16 to 1000000"},
      {"connections = true", "connections must be a number from 16 to 1000000"},
      {"unproven_connections_per_address = 0", "must be a number from 1 to 1000000"},
  };
  for (auto const& row : table) {
    auto why = refusal("\n" + std::string(row.text) + "\n");
    EXPECT_NE(why.find(row.sentence), std::string::npos) << row.text << ": " << why;
    EXPECT_NE(why.find(file.string() + ":2: "), std::string::npos) << row.text << ": " << why;
  }
}

TEST_F(ConfigFile, text_that_is_not_toml_is_told_where) {
  EXPECT_NE(refusal("region = \"us-east-1\"\nlisten = [\n").find(file.string() + ":"), std::string::npos);
  EXPECT_NE(refusal("region = \"a\"\nregion = \"b\"\n").find(":2: "), std::string::npos);
  EXPECT_NE(refusal("\xff\xfe"), "accepted");
  EXPECT_NE(refusal(std::string(2'000'000, '#')), "accepted") << "a file of two megabytes is none of ours";
  EXPECT_EQ(read_config_file(directory / "missing.toml", config).error().code, Errc::not_found);
}

PublicNames names_of(ServerConfig const& config, std::vector<wire::HostPort> const& bound) {
  auto names = PublicNames::make(config, bound);
  return names ? *names : (ADD_FAILURE() << names.error().detail, PublicNames());
}

TEST(PublicNames, callers_are_told_the_name_they_used_when_it_is_ours) {
  ServerConfig config;
  config.listen = {"127.0.0.1:0"};
  config.public_url = "https://Plane.Example";
  config.names = {"plane.internal"};
  auto names = names_of(config, {{"127.0.0.1", 40001}});
  EXPECT_EQ(names.url(), "https://plane.example");
  EXPECT_EQ(names.reached_by("plane.example"), "plane.example");
  EXPECT_EQ(names.reached_by("127.0.0.1:40001"), "127.0.0.1:40001");
  EXPECT_EQ(names.reached_by("LOCALHOST:40001"), "localhost:40001");
  EXPECT_EQ(names.reached_by("[::1]:40001"), "[::1]:40001");
  EXPECT_EQ(names.reached_by("plane.internal:40001"), "plane.internal:40001");
}

TEST(PublicNames, a_host_header_that_is_none_of_ours_counts_for_nothing) {
  ServerConfig config;
  config.listen = {"127.0.0.1:0"};
  config.public_url = "https://plane.example";
  auto names = names_of(config, {{"127.0.0.1", 40001}});
  for (auto host : {"", "evil.example", "plane.example:40002", "plane.example.", "plane.example@evil.example",
                    "evil.example/plane.example", "127.0.0.1", "127.0.0.1:1", "plane.example\t", "[::1]",
                    "plane.example,evil.example", "plane.example:40001\r\nX: y"})
    EXPECT_EQ(names.reached_by(host), "plane.example") << host;
}

TEST(PublicNames, without_a_public_url_the_first_address_is_the_name) {
  ServerConfig config;
  config.listen = {"127.0.0.1:0"};
  EXPECT_EQ(names_of(config, {{"127.0.0.1", 40001}}).url(), "https://127.0.0.1:40001");
  config.listen = {"[::1]:0"};
  EXPECT_EQ(names_of(config, {{"::1", 40001}}).url(), "https://[::1]:40001");
  config.listen = {":443"};
  auto everywhere = names_of(config, {{"::", 443}});
  EXPECT_EQ(everywhere.reached_by("evil.example"), everywhere.url().substr(8));
  EXPECT_EQ(everywhere.url().find("://[::]"), std::string::npos) << "nobody can call a wildcard";
}

TEST(PublicNames, a_public_url_that_is_none_is_refused) {
  for (auto url : {"plane.example", "http://plane.example", "https://plane.example/path", "https://",
                   "https://user@plane.example", "wss://plane.example"}) {
    ServerConfig config;
    config.public_url = url;
    EXPECT_FALSE(PublicNames::make(config, {{"127.0.0.1", 8443}})) << url;
  }
}

}  // namespace
}  // namespace fumidai::app
