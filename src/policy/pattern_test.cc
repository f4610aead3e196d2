#include "policy/pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "policy/arn.h"

namespace fumidai::policy {
namespace {

bool glob(std::string_view pattern, std::string_view text) {
  auto compiled = *Pattern::compile(pattern, Pattern::Wildcards::yes, Pattern::Variables::no);
  return compiled.match(text, {}) == Match::yes;
}

// The definition, in exponential time.
bool glob_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return glob_by_definition(pattern.substr(1), text) ||
           (!text.empty() && glob_by_definition(pattern, text.substr(1)));
  }
  bool first_fits = !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]);
  return first_fits && glob_by_definition(pattern.substr(1), text.substr(1));
}

TEST(Pattern, wildcards_match_what_their_definition_matches) {
  std::mt19937 random(20250314);
  auto text_of = [&](std::string_view alphabet, std::size_t most) {
    std::string text(random() % (most + 1), ' ');
    for (auto& c : text) c = alphabet[random() % alphabet.size()];
    return text;
  };
  for (int i = 0; i < 50000; i++) {
    auto pattern = text_of("ab*?", 8), text = text_of("ab", 9);
    ASSERT_EQ(glob(pattern, text), glob_by_definition(pattern, text)) << pattern << " and " << text;
  }
}

TEST(Pattern, a_question_mark_is_one_character_and_not_one_byte) {
  EXPECT_TRUE(glob("?", "\xe8\xb8\x8f"));
  EXPECT_FALSE(glob("??", "\xe8\xb8\x8f"));
  EXPECT_TRUE(glob("*?\xe3\x81\xbf", "\xe8\xb8\x8f\xe3\x81\xbf"));
  EXPECT_TRUE(glob("a?b",
                   "a\xc3\xa9"
                   "b"));
}

TEST(Pattern, hostile_wildcards_cost_no_more_than_length_times_length) {
  std::string pattern;
  for (int i = 0; i < 200; i++) pattern += "*a";
  auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob(pattern + "*b", std::string(8192, 'a')));
  EXPECT_FALSE(glob("*" + std::string(2048, 'a') + "b*", std::string(8192, 'a')));
  // An exponential matcher needs longer than the universe is old; the margin is for sanitizers and slow
  // machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

bool names(std::string_view pattern, std::string_view arn, Context const& context = {}) {
  auto compiled = *ArnPattern::compile(pattern, Pattern::Variables::yes);
  if (compiled.is_everything()) return true;
  return compiled.match(*Arn::split(arn), context) == Match::yes;
}

TEST(Arn, patterns_match_as_the_table_says) {
  struct Row {
    char const* pattern;
    char const* arn;
    bool matches;
  };
  for (auto [pattern, arn, matches] : std::vector<Row>{
           {"*", "arn:aws:ec2:r:a:instance/i-1", true},
           {"arn:*", "arn:aws:ec2:r:a:instance/i-1", true},
           {"arn:aws:ec2", "arn:aws:ec2:r:a:instance/i-1", true},
           {"arn:aws:ec2:r:a:instance/i-1", "arn:aws:ec2:r:a:instance/i-1", true},
           {"arn:aws:ec2:r:a:instance/I-1", "arn:aws:ec2:r:a:instance/i-1", false},
           {"arn:aws:ec2:r:a:instance/", "arn:aws:ec2:r:a:instance/i-1", false},
           {"arn:aws:ec2:r:a:", "arn:aws:ec2:r:a:instance/i-1", false},
           {"arn:aws:ec2:*:instance/*", "arn:aws:ec2:r:a:instance/i-1", false},
           {"arn:aws:ec2::a:instance/*", "arn:aws:ec2:r:a:instance/i-1", false},
           {"arn:aws:ec2:?:a:*", "arn:aws:ec2:r:a:instance/i-1", true},
           {"arn:aws:ssm:r:a:*", "arn:aws:ssm:r:a:session/a:b/c:d", true},
           {"arn:aws:ssm:r:a:session/*:d", "arn:aws:ssm:r:a:session/a:b/c:d", true},
           {"arn:aws:ssm:*::document/AWS-*", "arn:aws:ssm:r::document/AWS-X", true},
           {"arn:aws:ssm:*::document/AWS-*", "arn:aws:ssm:r:a:document/AWS-X", false},
       }) {
    EXPECT_EQ(names(pattern, arn), matches) << pattern << " and " << arn;
  }
}

TEST(Arn, the_value_of_a_variable_cannot_reach_into_another_part) {
  Context context;
  context.set("aws:PrincipalTag/account", "a:document");
  EXPECT_FALSE(names("arn:aws:ssm:r:${aws:PrincipalTag/account}:session/x",
                     "arn:aws:ssm:r:a:document:session/x", context));
  context.set("aws:PrincipalTag/account", "a");
  EXPECT_TRUE(
      names("arn:aws:ssm:r:${aws:PrincipalTag/account}:session/x", "arn:aws:ssm:r:a:session/x", context));
}

TEST(Arn, patterns_that_could_match_nothing_are_refused) {
  for (auto text :
       {"", "instance/i-1", "ec2:instance", "**", "?", "Arn:aws:ec2", "arn", " arn:aws:ec2", "${aws:x}"}) {
    EXPECT_FALSE(ArnPattern::compile(text, Pattern::Variables::yes)) << text;
  }
}

}  // namespace
}  // namespace fumidai::policy
