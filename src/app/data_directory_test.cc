#include "app/data_directory.h"

#include <gtest/gtest.h>

#include "app/aws_models.h"
#include "io/test_directory.h"
#include "wire/json_shape.h"
#include "wire/url.h"

namespace fumidai::app {
namespace {

constexpr char const* kVariables[] = {"FUMIDAI_SECRET_FILE", "CREDENTIALS_DIRECTORY", "FUMIDAI_SECRET",
                                      "XDG_CONFIG_HOME"};
std::string const kLong(40, 's');

// A data directory and a home, both new.
class NewDataDirectory : public testing::Test {
 protected:
  NewDataDirectory() {
    for (auto const* name : kVariables) ::unsetenv(name);
    ::setenv("HOME", (directory / "home").c_str(), 1);
    std::filesystem::create_directory(directory / "home");
    std::filesystem::create_directory(data.root);
  }

  io::Path write(std::string const& name, std::string_view text) {
    EXPECT_TRUE(io::write_file(directory / name, text, 0600));
    return directory / name;
  }
  std::vector<io::Path> files_of_home() {
    std::vector<io::Path> files;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(directory / "home")) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  io::TestDirectory directory;
  DataDirectory data{directory / "data"};
};

TEST_F(NewDataDirectory, its_secret_is_made_outside_of_it_for_its_owner_only) {
  auto secret = find_deployment_secret(data, "");
  ASSERT_TRUE(secret) << secret.error().detail;
  EXPECT_GE(secret->reveal().size(), 32u);
  auto files = files_of_home();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(io::mode_of(files[0]), 0600);
  EXPECT_EQ(io::mode_of(files[0].parent_path()), 0700);
  for (auto const& entry : std::filesystem::directory_iterator(data.root)) {
    auto text = io::read_file(entry.path()).value();
    EXPECT_EQ(text.find(secret->reveal()), std::string::npos) << entry.path();
  }
  EXPECT_TRUE(read_deployment_secret(data, "")->equals(secret->reveal()));
}

TEST_F(NewDataDirectory, a_secret_that_is_gone_is_not_replaced_by_another) {
  ASSERT_TRUE(find_deployment_secret(data, ""));
  ASSERT_TRUE(io::write_file(data.database(), "data"));
  std::filesystem::remove(files_of_home().at(0));
  auto secret = find_deployment_secret(data, "");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Errc::not_found);
  EXPECT_NE(secret.error().detail.find("Restore it"), std::string::npos) << secret.error().detail;
  EXPECT_TRUE(files_of_home().empty());
}

TEST_F(NewDataDirectory, the_first_place_that_somebody_chose_wins) {
  auto given = write("given", "given-" + kLong), named = write("named", "named-" + kLong);
  write("fumidai-secret", "systemd-" + kLong);
  auto found = [&](std::string const& file = "") {
    auto secret = find_deployment_secret(data, file);
    return secret ? secret->reveal().substr(0, 5) : secret.error().detail;
  };
  ::setenv("FUMIDAI_SECRET", ("plain-" + kLong).c_str(), 1);
  EXPECT_EQ(found(), "plain");
  ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  EXPECT_EQ(found(), "syste");
  ::setenv("FUMIDAI_SECRET_FILE", named.c_str(), 1);
  EXPECT_EQ(found(), "named");
  EXPECT_EQ(found(given), "given");
  EXPECT_TRUE(files_of_home().empty()) << "nothing is made when somebody chose";
}

TEST_F(NewDataDirectory, a_secret_that_is_short_or_missing_is_an_error_and_not_the_next_place) {
  ::setenv("FUMIDAI_SECRET", ("plain-" + kLong).c_str(), 1);
  auto why = [&](std::string const& file) { return find_deployment_secret(data, file).error().detail; };
  EXPECT_NE(why(write("short", std::string(31, 's') + "\n")).find("fewer than 32"), std::string::npos);
  EXPECT_NE(why((directory / "missing").string()).find("missing"), std::string::npos);
  EXPECT_TRUE(find_deployment_secret(data, write("just", std::string(32, 's') + "\n")));
}

TEST_F(NewDataDirectory, a_name_of_a_secret_cannot_lead_elsewhere) {
  ASSERT_TRUE(io::write_file(data.database(), "data"));
  write("escape", kLong);
  for (auto name : {"../../../escape", "/etc/hostname", "", "\n", ".", ".."}) {
    ASSERT_TRUE(io::write_file(data.secret_name(), name));
    EXPECT_FALSE(read_deployment_secret(data, "")) << name;
  }
}

TEST_F(NewDataDirectory, credentials_are_for_their_owner_only_and_trust_is_for_all) {
  ASSERT_TRUE(write_credentials(data, {"AKIAEXAMPLE", "admin", Secret("a/b+c")}));
  EXPECT_EQ(io::mode_of(data.credentials()), 0600);
  EXPECT_EQ(*io::read_file(data.credentials()),
            "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = a/b+c\n");
  ASSERT_TRUE(write_tool_files(data, "us-east-1", "https://127.0.0.1:8443", "-----CA-----\n"));
  EXPECT_EQ(io::mode_of(data.ca()), 0644);
  EXPECT_EQ(*io::read_file(data.ca()), "-----CA-----\n");
  EXPECT_TRUE(io::read_file(data.ca_bundle())->ends_with("\n-----CA-----\n") ||
              *io::read_file(data.ca_bundle()) == "-----CA-----\n");
  EXPECT_EQ(*io::read_file(data.aws_config()), "[default]\nregion = us-east-1\n");
  EXPECT_TRUE(std::filesystem::exists(data.aws_models() / "endpoints.json"));
}

TEST(AwsModels, every_file_is_json_that_leads_to_us) {
  constexpr auto kUrl = "https://plane.example:8443";
  auto files = aws_models("eu-north-1", kUrl);
  std::vector<std::string> services;
  for (auto const& file : files) {
    auto json = wire::parse_json(file.content);
    ASSERT_TRUE(json) << file.path;
    if (file.path == "endpoints.json") continue;
    auto parts = split(file.path, '/');
    ASSERT_EQ(parts.size(), 3u) << file.path;
    services.emplace_back(parts[0]);
    EXPECT_EQ(parts[2], "endpoint-rule-set-1.json");
    auto const& rules = json->at("rules").as_array();
    EXPECT_EQ(rules.at(0).at("endpoint").at("url").at("ref").as_string(), "Endpoint")
        << "--endpoint-url wins";
    EXPECT_EQ(rules.at(1).at("endpoint").at("url").as_string(), kUrl);
    for (auto const& rule : rules) EXPECT_EQ(rule.at("type").as_string(), "endpoint");
  }
  EXPECT_EQ(services, (std::vector<std::string>{"ssm", "sts", "iam", "ec2", "ec2-instance-connect"}));
}

TEST(AwsModels, each_service_has_its_endpoint_in_our_region) {
  auto json = wire::parse_json(aws_models("eu-north-1", "https://plane.example:8443").at(0).content);
  ASSERT_TRUE(json);
  auto const& partition = json->at("partitions").at(0);
  EXPECT_TRUE(partition.at("regions").as_object().contains("eu-north-1"));
  for (auto const& [name, service] : partition.at("services").as_object()) {
    EXPECT_EQ(service.at("endpoints").at("eu-north-1").at("hostname").as_string(), "plane.example:8443")
        << std::string(name);
  }
  EXPECT_TRUE(partition.at("services").as_object().contains("ssm"));
}

TEST(AwsModels, a_name_with_odd_characters_stays_json) {
  for (auto const& file : aws_models("a\"b\\", "https://[::1]:8443"))
    EXPECT_TRUE(wire::parse_json(file.content));
}

}  // namespace
}  // namespace fumidai::app
