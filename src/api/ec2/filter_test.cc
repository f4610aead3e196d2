#include "api/ec2/filter.h"

#include <gtest/gtest.h>

namespace fumidai::api::ec2 {
namespace {

TEST(Filters, have_wildcards_that_a_backslash_makes_plain) {
  struct Case {
    std::string_view pattern, text;
    bool matches;
  };
  for (auto const& [pattern, text, matches] : {
           Case{"web", "web", true},
           Case{"web", "Web", false},
           Case{"w*", "web", true},
           Case{"*", "", true},
           Case{"?", "", false},
           Case{"w?b", "web", true},
           Case{"*b*b", "abab", true},
           Case{"*b*b", "abc", false},
           Case{"a\\*", "a*", true},
           Case{"a\\*", "ab", false},
           Case{"a\\?c", "abc", false},
           Case{"", "", true},
           Case{"", "a", false},
           Case{"a*b*c*d", "axbxcx", false},
           Case{"\\\\", "\\", true},
       })
    EXPECT_EQ(matches_filter(pattern, text), matches) << pattern << " " << text;
}

// A pattern of many stars takes no more than pattern times text.
TEST(Filters, do_not_go_astray_in_many_stars) {
  std::string pattern, text(5000, 'a');
  for (int i = 0; i < 100; i++) pattern += "*a";
  EXPECT_FALSE(matches_filter(pattern + "b", text));
}

TEST(Filters, know_tags_by_key_and_value) {
  std::vector<Tag> tags{{"Name", "web"}, {"Env", "dev"}};
  EXPECT_EQ(tag_texts("tag:Name", tags), Texts{"web"});
  EXPECT_EQ(tag_texts("tag:Other", tags), Texts{});
  EXPECT_EQ(tag_texts("tag-key", tags), (Texts{"Name", "Env"}));
  EXPECT_EQ(tag_texts("tag-value", tags), (Texts{"web", "dev"}));
  EXPECT_FALSE(tag_texts("name", tags));
}

TEST(Filters, are_limited_in_number) {
  std::vector<Filter> many(51, Filter{"vpc-id", {"x"}});
  EXPECT_EQ(check_filters(many).error().aws, "FilterLimitExceeded");
  EXPECT_EQ(check_filters({Filter{"vpc-id", Texts(201, "x")}}).error().aws, "FilterLimitExceeded");
}

}  // namespace
}  // namespace fumidai::api::ec2
