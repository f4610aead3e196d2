#include "app/arguments.h"

#include <gtest/gtest.h>

namespace fumidai::app {
namespace {

std::vector<Arguments::Option> const kOptions = {
    {"--url", true, true}, {"--name"}, {"--force", false}, {"-n", false}};

Result<Arguments> parse(std::vector<std::string_view> words) {
  return Arguments::parse(words, kOptions);
}

std::string refusal(std::vector<std::string_view> words) {
  auto arguments = parse(std::move(words));
  return arguments ? "accepted" : arguments.error().detail;
}

TEST(Arguments, take_values_after_a_blank_or_an_equals_sign) {
  for (auto words : {std::vector<std::string_view>{"--url", "https://a?b=c", "--force"},
                     std::vector<std::string_view>{"--force", "--url=https://a?b=c"}}) {
    auto arguments = parse(words);
    ASSERT_TRUE(arguments) << arguments.error().detail;
    EXPECT_EQ(arguments->value("--url"), "https://a?b=c");
    EXPECT_TRUE(arguments->has("--force"));
    EXPECT_FALSE(arguments->has("-n"));
  }
}

TEST(Arguments, what_is_not_given_has_its_fallback) {
  auto arguments = parse({"--url", "x"});
  EXPECT_EQ(arguments->value("--name"), "");
  EXPECT_EQ(arguments->value("--name", "web-1"), "web-1");
  EXPECT_EQ(parse({"--url=", "--name="})->value("--name", "web-1"), "") << "given, and empty";
  EXPECT_EQ(parse({"--url", "--force"})->value("--url"), "--force") << "a value may look like an option";
}

TEST(Arguments, what_is_wrong_is_named) {
  EXPECT_EQ(refusal({"--url", "x", "--unknown"}), "unknown option '--unknown'; see --help");
  EXPECT_EQ(refusal({"--url", "x", "stray"}), "unknown option 'stray'; see --help");
  EXPECT_EQ(refusal({"--url", "x", "\x1b[2J"}), "unknown option '\\x1b[2J'; see --help");
  EXPECT_EQ(refusal({"--url", "x", "--url=y"}), "--url is given twice");
  EXPECT_EQ(refusal({"--url", "x", "--force", "--force"}), "--force is given twice");
  EXPECT_EQ(refusal({"--url"}), "--url needs a value");
  EXPECT_EQ(refusal({"--url", "x", "--force=yes"}), "--force takes no value");
  EXPECT_EQ(refusal({"--name", "x"}), "--url is missing; see --help");
  EXPECT_EQ(refusal({"--url", "x", "--ur", "y"}), "unknown option '--ur'; see --help");
  EXPECT_EQ(refusal({"--url", "x", ""}), "unknown option ''; see --help");
}

}  // namespace
}  // namespace fumidai::app
