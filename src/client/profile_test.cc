#include "client/profile.h"

#include <gtest/gtest.h>

#include "io/test_directory.h"

namespace fumidai::client {
namespace {

TEST(FindSetting, reads_what_people_write_into_their_files) {
  constexpr auto kText =
      "# a comment\n"
      "region = outside\n"
      "[default]\r\n"
      "  region=us-east-1  \r\n"
      "; region = commented\n"
      "aws_secret_access_key = a/b+c==\n"
      "[profile  work ]\n"
      "[ profile work ]\n"
      "region = eu-north-1\n"
      "empty =\n"
      "noequals\n"
      "region = later\n";
  EXPECT_EQ(find_setting(kText, "default", "region"), "us-east-1");
  EXPECT_EQ(find_setting(kText, "default", "aws_secret_access_key"), "a/b+c==");
  EXPECT_EQ(find_setting(kText, "profile work", "region"), "eu-north-1");
  EXPECT_EQ(find_setting(kText, "profile work", "empty"), "");
  EXPECT_EQ(find_setting(kText, "profile work", "noequals"), "");
  EXPECT_EQ(find_setting(kText, "work", "region"), "");
  EXPECT_EQ(find_setting("", "default", "region"), "");
  EXPECT_EQ(find_setting("[\n]\n[]\n=\n[default", "default", "region"), "");
}

constexpr char const* kVariables[] = {"HOME",
                                      "AWS_PROFILE",
                                      "AWS_DEFAULT_PROFILE",
                                      "AWS_ACCESS_KEY_ID",
                                      "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN",
                                      "AWS_REGION",
                                      "AWS_DEFAULT_REGION",
                                      "AWS_ENDPOINT_URL",
                                      "AWS_ENDPOINT_URL_SSM",
                                      "AWS_CA_BUNDLE",
                                      "AWS_SHARED_CREDENTIALS_FILE",
                                      "AWS_CONFIG_FILE",
                                      "FUMIDAI_DATA_DIR"};

// An environment with a home and nothing else, in an empty working directory.
class FindProfile : public testing::Test {
 protected:
  FindProfile() : before_(std::filesystem::current_path()) {
    for (auto const* name : kVariables) ::unsetenv(name);
    ::setenv("HOME", directory.path().c_str(), 1);
    std::filesystem::create_directory(directory / ".aws");
    std::filesystem::current_path(directory.path());
  }
  ~FindProfile() override { std::filesystem::current_path(before_); }

  void write(std::string const& name, std::string_view text) {
    ASSERT_TRUE(io::make_directory((directory / name).parent_path()));
    ASSERT_TRUE(io::write_file(directory / name, text));
  }
  void write_data_directory() {
    write("data/endpoint", "https://127.0.0.1:8443\n");
    write("data/credentials",
          "[default]\naws_access_key_id = AKIADATA\naws_secret_access_key = data secret\n");
    write("data/config", "[default]\nregion = us-west-2\n");
    write("data/ca.pem", "CA\n");
  }
  static std::string refusal(ProfileOptions const& options) {
    auto profile = find_profile(options);
    return profile ? "found " + profile->endpoint : profile.error().detail;
  }

  io::TestDirectory directory;

 private:
  std::filesystem::path before_;
};

TEST_F(FindProfile, a_data_directory_has_it_all) {
  write_data_directory();
  auto profile = find_profile({.data_directory = (directory / "data").string()});
  ASSERT_TRUE(profile) << profile.error().detail;
  EXPECT_EQ(profile->endpoint, "https://127.0.0.1:8443");
  EXPECT_EQ(profile->region, "us-west-2");
  EXPECT_EQ(profile->ca_pem, "CA\n");
  EXPECT_EQ(profile->credentials.access_key_id, "AKIADATA");
  EXPECT_EQ(profile->credentials.secret_access_key.reveal(), "data secret");
}

TEST_F(FindProfile, a_data_directory_that_is_named_wins_over_the_environment) {
  write_data_directory();
  ::setenv("AWS_ENDPOINT_URL", "https://elsewhere.example", 1);
  ::setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
  auto named = find_profile({.data_directory = (directory / "data").string()});
  EXPECT_EQ(named->endpoint, "https://127.0.0.1:8443");
  EXPECT_EQ(named->credentials.access_key_id, "AKIADATA");
  auto unnamed = find_profile({});
  EXPECT_EQ(unnamed->endpoint, "https://elsewhere.example");
  EXPECT_EQ(unnamed->credentials.access_key_id, "AKIAENV");
}

TEST_F(FindProfile, without_an_endpoint_it_looks_where_a_server_would_be) {
  EXPECT_NE(refusal({}).find("no server is known"), std::string::npos) << refusal({});
  write_data_directory();
  ::setenv("FUMIDAI_DATA_DIR", (directory / "data").c_str(), 1);
  EXPECT_EQ(refusal({}), "found https://127.0.0.1:8443");
  ::unsetenv("FUMIDAI_DATA_DIR");
  std::filesystem::rename(directory / "data", directory / "fumidai-data");
  EXPECT_EQ(refusal({}), "found https://127.0.0.1:8443");
}

TEST_F(FindProfile, a_server_that_does_not_run_is_told_so) {
  write_data_directory();
  std::filesystem::remove(directory / "data/endpoint");
  auto why = refusal({.data_directory = (directory / "data").string()});
  EXPECT_NE(why.find("no server runs"), std::string::npos) << why;
}

TEST_F(FindProfile, a_data_directory_without_its_key_is_told_so) {
  write_data_directory();
  for (auto text : {"", "[default]\n", "[other]\naws_access_key_id = A\naws_secret_access_key = s\n",
                    "[default]\naws_access_key_id = A\n", "\x01\x02\x03"}) {
    write("data/credentials", text);
    auto why = refusal({.data_directory = (directory / "data").string()});
    EXPECT_NE(why.find((directory / "data/credentials").string()), std::string::npos) << why;
  }
  std::filesystem::remove(directory / "data/credentials");
  auto why = refusal({.data_directory = (directory / "data").string()});
  EXPECT_NE(why.find((directory / "data/credentials").string()), std::string::npos) << why;
}

TEST_F(FindProfile, keys_come_from_the_environment_the_credentials_file_or_the_config_file) {
  ::setenv("AWS_ENDPOINT_URL", "https://plane.example", 1);
  EXPECT_NE(refusal({}).find("there are no credentials"), std::string::npos) << refusal({});
  write(".aws/config",
        "[default]\nregion = eu-west-1\naws_access_key_id = AKIACONF\naws_secret_access_key = c\n"
        "[profile work]\nregion = eu-north-1\naws_access_key_id = AKIAWORK\naws_secret_access_key = w\n");
  EXPECT_EQ(find_profile({})->credentials.access_key_id, "AKIACONF");
  write(".aws/credentials",
        "[default]\naws_access_key_id = AKIACRED\naws_secret_access_key = c\naws_session_token = t\n");
  EXPECT_EQ(find_profile({})->credentials.access_key_id, "AKIACRED");
  EXPECT_EQ(find_profile({})->credentials.session_token, "t");
  ::setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
  EXPECT_EQ(find_profile({})->credentials.access_key_id, "AKIAENV");
  EXPECT_EQ(find_profile({.name = "work"})->credentials.access_key_id, "AKIAWORK");
}

TEST_F(FindProfile, half_a_key_is_not_sent) {
  ::setenv("AWS_ENDPOINT_URL", "https://plane.example", 1);
  write(".aws/credentials", "[default]\naws_access_key_id = AKIACRED\n");
  EXPECT_NE(refusal({}).find("'default' has an access key id, but no secret"), std::string::npos)
      << refusal({});
  ::setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
  EXPECT_NE(refusal({}).find("the environment has an access key id"), std::string::npos) << refusal({});
}

TEST_F(FindProfile, the_region_is_that_of_the_profile) {
  ::setenv("AWS_ENDPOINT_URL", "https://plane.example", 1);
  write(".aws/config",
        "[default]\nregion = eu-west-1\naws_access_key_id = AKIACONF\naws_secret_access_key = c\n"
        "[profile work]\nregion = eu-north-1\naws_access_key_id = AKIAWORK\naws_secret_access_key = w\n"
        "[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = b\n");
  EXPECT_EQ(find_profile({})->region, "eu-west-1");
  EXPECT_EQ(find_profile({.name = "work"})->region, "eu-north-1");
  EXPECT_EQ(find_profile({.name = "bare"})->region, "us-east-1");
  ::setenv("AWS_PROFILE", "work", 1);
  EXPECT_EQ(find_profile({})->region, "eu-north-1");
  ::setenv("AWS_REGION", "ap-northeast-1", 1);
  EXPECT_EQ(find_profile({})->region, "ap-northeast-1");
  EXPECT_EQ(find_profile({.region = "us-gov-west-1"})->region, "us-gov-west-1");
}

TEST_F(FindProfile, a_bundle_that_cannot_be_read_is_an_error_and_not_another_trust) {
  ::setenv("AWS_ENDPOINT_URL", "https://plane.example", 1);
  ::setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
  ::setenv("AWS_CA_BUNDLE", (directory / "missing.pem").c_str(), 1);
  for (auto part : {"missing.pem", "AWS_CA_BUNDLE", "eval \"$(fumidai env --unset)\""})
    EXPECT_NE(refusal({}).find(part), std::string::npos) << refusal({});
}

}  // namespace
}  // namespace fumidai::client
