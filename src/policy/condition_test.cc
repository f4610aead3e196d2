#include "policy/condition.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fumidai::policy {
namespace {

using Texts = std::vector<std::string>;
using Value = std::optional<Texts>;

Value const kAbsent = std::nullopt;
constexpr bool kHolds = true, kFails = false;

struct Row {
  char const* op;
  Texts policy_values;
  Value request_values;
  bool holds;
};

// Of the request: t:key as the row says, and these for variables.
Context context_with(Value const& values) {
  Context context;
  context.set("aws:username", "alice");
  context.set("aws:PrincipalTag/star", "*");
  context.set("aws:PrincipalTag/empty", "");
  context.set("aws:TagKeys", Texts{"a", "b"});
  if (values) context.set("t:key", *values);
  return context;
}

void check(std::vector<Row> const& table) {
  for (auto& row : table) {
    auto has = row.request_values ? fmt::format("{}", fmt::join(*row.request_values, "|")) : "(no key)";
    auto text = fmt::format("{} {} with {}", row.op, fmt::join(row.policy_values, "|"), has);
    auto condition = Condition::compile(row.op, "t:key", row.policy_values, Pattern::Variables::yes);
    ASSERT_TRUE(condition) << text << ": " << condition.error().detail;
    EXPECT_EQ(condition->holds(context_with(row.request_values)), row.holds) << text;
  }
}

TEST(Condition, string_operators_hold_as_the_table_says) {
  check({
      {"StringEquals", {"dev"}, {{"dev"}}, kHolds},
      {"StringEquals", {"dev"}, {{"Dev"}}, kFails},
      {"StringEquals", {"dev"}, {{"dev "}}, kFails},
      {"StringEquals", {"dev", "test"}, {{"test"}}, kHolds},
      {"StringEquals", {"d*"}, {{"dev"}}, kFails},
      {"StringEquals", {"d*"}, {{"d*"}}, kHolds},
      {"StringEquals", {""}, {{""}}, kHolds},
      {"StringEquals", {"dev"}, kAbsent, kFails},
      {"StringNotEquals", {"dev"}, {{"prod"}}, kHolds},
      {"StringNotEquals", {"dev"}, {{"dev"}}, kFails},
      {"StringNotEquals", {"dev", "prod"}, {{"prod"}}, kFails},
      {"StringNotEquals", {"dev"}, kAbsent, kHolds},
      {"StringEqualsIgnoreCase", {"Dev"}, {{"dEV"}}, kHolds},
      {"StringEqualsIgnoreCase", {"Dev"}, {{"dEVx"}}, kFails},
      {"StringEqualsIgnoreCase", {"d*"}, {{"dev"}}, kFails},
      {"StringNotEqualsIgnoreCase", {"Dev"}, {{"dEV"}}, kFails},
      {"StringNotEqualsIgnoreCase", {"Dev"}, kAbsent, kHolds},
      {"StringLike", {"dev-*"}, {{"dev-1"}}, kHolds},
      {"StringLike", {"dev-?"}, {{"dev-12"}}, kFails},
      {"StringLike", {"dev-?"}, {{"dev-\xe8\xb8\x8f"}}, kHolds},
      {"StringLike", {"DEV-*"}, {{"dev-1"}}, kFails},
      {"StringLike", {"*"}, {{""}}, kHolds},
      {"StringLike", {"*"}, kAbsent, kFails},
      {"StringNotLike", {"dev-*"}, {{"dev-1"}}, kFails},
      {"StringNotLike", {"dev-*"}, {{"prod"}}, kHolds},
      {"StringNotLike", {"*"}, kAbsent, kHolds},
  });
}

TEST(Condition, numeric_operators_compare_decimals_of_any_size_exactly) {
  check({
      {"NumericEquals", {"22"}, {{"22"}}, kHolds},
      {"NumericEquals", {"22"}, {{"22.0"}}, kHolds},
      {"NumericEquals", {"22"}, {{"022"}}, kHolds},
      {"NumericEquals", {"22"}, {{"+22"}}, kHolds},
      {"NumericEquals", {"0"}, {{"-0.0"}}, kHolds},
      {"NumericEquals", {".5"}, {{"0.50"}}, kHolds},
      {"NumericEquals", {"22", "3389"}, {{"3389"}}, kHolds},
      {"NumericEquals", {"22"}, {{"2"}}, kFails},
      {"NumericEquals", {"9007199254740993"}, {{"9007199254740992"}}, kFails},
      {"NumericEquals", {"4294967318"}, {{"22"}}, kFails},
      {"NumericEquals", {"18446744073709551638"}, {{"22"}}, kFails},
      {"NumericLessThan", {"99999999999999999999999999"}, {{"99999999999999999999999998"}}, kHolds},
      {"NumericLessThan", {"3600"}, {{"3600"}}, kFails},
      {"NumericLessThan", {"3600"}, {{"3599.999"}}, kHolds},
      {"NumericLessThan", {"0"}, {{"-1"}}, kHolds},
      {"NumericLessThan", {"-2"}, {{"-10"}}, kHolds},
      {"NumericLessThan", {"-10"}, {{"-2"}}, kFails},
      {"NumericLessThanEquals", {"3600"}, {{"3600"}}, kHolds},
      {"NumericLessThanEquals", {"3600"}, {{"3600.0000001"}}, kFails},
      {"NumericGreaterThan", {"9"}, {{"10"}}, kHolds},
      {"NumericGreaterThan", {"9", "100"}, {{"10"}}, kHolds},
      {"NumericGreaterThanEquals", {"10"}, {{"10"}}, kHolds},
      {"NumericGreaterThanEquals", {"0.1"}, {{"0.01"}}, kFails},
      {"NumericNotEquals", {"22"}, {{"3389"}}, kHolds},
      {"NumericNotEquals", {"22", "3389"}, {{"3389"}}, kFails},
      {"NumericNotEquals", {"22"}, kAbsent, kHolds},
      {"NumericEquals", {"22"}, kAbsent, kFails},
      {"NumericLessThan", {"22"}, kAbsent, kFails},
  });
}

TEST(Condition, what_is_not_a_number_or_a_time_satisfies_no_comparison) {
  for (auto text :
       {"", " 22", "22 ", "2 2", "0x16", "22a", "1e3", "--22", "+", ".", "1.2.3", "nan", "inf", "22\n"}) {
    check({
        {"NumericEquals", {"22"}, {{text}}, kFails},
        {"NumericNotEquals", {"22"}, {{text}}, kFails},
        {"NumericLessThan", {"99"}, {{text}}, kFails},
        {"NumericGreaterThanEquals", {"0"}, {{text}}, kFails},
    });
  }
  check({
      {"NumericNotEquals", {"22"}, {{std::string(1000, '9')}}, kFails},
      {"DateNotEquals", {"2025-03-14"}, {{"yesterday"}}, kFails},
      {"DateLessThan", {"2025-03-14"}, {{""}}, kFails},
      {"DateGreaterThan", {"2025-03-14"}, {{"2025-13-99T00:00:00Z"}}, kFails},
  });
}

TEST(Condition, date_operators_read_iso_8601_and_epoch_seconds) {
  check({
      {"DateEquals", {"2025-03-14T09:26:53Z"}, {{"1741944413"}}, kHolds},
      {"DateEquals", {"1741944413"}, {{"2025-03-14T09:26:53Z"}}, kHolds},
      {"DateEquals", {"2025-03-14"}, {{"2025-03-14T00:00:00Z"}}, kHolds},
      {"DateEquals", {"2025-03-14T09:26:53Z"}, {{"2025-03-14T09:26:53.001Z"}}, kFails},
      {"DateNotEquals", {"2025-03-14"}, {{"2025-03-15"}}, kHolds},
      {"DateNotEquals", {"2025-03-14"}, kAbsent, kHolds},
      {"DateLessThan", {"2025-03-14T09:00:00Z"}, {{"2025-03-14T08:59:59.999Z"}}, kHolds},
      {"DateLessThan", {"2025-03-14T09:00:00Z"}, {{"2025-03-14T09:00:00Z"}}, kFails},
      {"DateLessThanEquals", {"2025-03-14T09:00:00Z"}, {{"2025-03-14T09:00:00Z"}}, kHolds},
      {"DateGreaterThan", {"2025-03-14T09:00:00Z"}, {{"2025-03-14T09:00:00Z"}}, kFails},
      {"DateGreaterThan", {"2025-03-14T09:00:00Z"}, {{"1741999999"}}, kHolds},
      {"DateGreaterThanEquals", {"2024-02-29"}, {{"2024-02-29T00:00:00Z"}}, kHolds},
      {"DateGreaterThan", {"2025-03-14"}, kAbsent, kFails},
  });
}

TEST(Condition, bool_and_null_hold_as_the_table_says) {
  check({
      {"Bool", {"true"}, {{"true"}}, kHolds},
      {"Bool", {"TRUE"}, {{"True"}}, kHolds},
      {"Bool", {"true"}, {{"false"}}, kFails},
      {"Bool", {"false"}, {{"false"}}, kHolds},
      {"Bool", {"false"}, {{"0"}}, kFails},
      {"Bool", {"false"}, {{""}}, kFails},
      {"Bool", {"false"}, kAbsent, kFails},
      {"BoolIfExists", {"false"}, kAbsent, kHolds},
      {"BoolIfExists", {"false"}, {{"true"}}, kFails},
      {"Null", {"true"}, kAbsent, kHolds},
      {"Null", {"true"}, {{"x"}}, kFails},
      {"Null", {"true"}, {{""}}, kFails},
      {"Null", {"False"}, {{"x"}}, kHolds},
      {"Null", {"false"}, kAbsent, kFails},
      {"Null", {"true", "false"}, kAbsent, kHolds},
  });
}

TEST(Condition, ip_operators_hold_as_the_table_says) {
  check({
      {"IpAddress", {"203.0.113.0/24"}, {{"203.0.113.255"}}, kHolds},
      {"IpAddress", {"203.0.113.0/24"}, {{"203.0.114.0"}}, kFails},
      {"IpAddress", {"203.0.113.77/24"}, {{"203.0.113.1"}}, kHolds},
      {"IpAddress", {"10.0.1.4/31"}, {{"10.0.1.5"}}, kHolds},
      {"IpAddress", {"10.0.1.4/31"}, {{"10.0.1.6"}}, kFails},
      {"IpAddress", {"10.0.1.5"}, {{"10.0.1.5"}}, kHolds},
      {"IpAddress", {"10.0.1.5"}, {{"10.0.1.4"}}, kFails},
      {"IpAddress", {"0.0.0.0/0"}, {{"198.51.100.7"}}, kHolds},
      {"IpAddress", {"0.0.0.0/0"}, {{"2001:db8::1"}}, kFails},
      {"IpAddress", {"::/0"}, {{"198.51.100.7"}}, kFails},
      {"IpAddress", {"2001:db8::/32"}, {{"2001:DB8:ffff::9"}}, kHolds},
      {"IpAddress", {"2001:db8::/33"}, {{"2001:db8:8000::"}}, kFails},
      {"IpAddress", {"2001:db8::1"}, {{"2001:db8:0:0:0:0:0:1"}}, kHolds},
      {"NotIpAddress", {"203.0.113.0/24", "192.0.2.0/24"}, {{"192.0.2.9"}}, kFails},
      {"NotIpAddress", {"203.0.113.0/24", "192.0.2.0/24"}, {{"198.51.100.7"}}, kHolds},
      {"NotIpAddress", {"203.0.113.0/24"}, {{"2001:db8::1"}}, kHolds},
      {"NotIpAddress", {"203.0.113.0/24"}, kAbsent, kHolds},
      {"IpAddress", {"203.0.113.0/24"}, kAbsent, kFails},
      {"IpAddressIfExists", {"203.0.113.0/24"}, kAbsent, kHolds},
  });
}

TEST(Condition, an_ipv4_address_in_ipv6_dress_is_the_ipv4_address) {
  check({
      {"IpAddress", {"203.0.113.0/24"}, {{"::ffff:203.0.113.10"}}, kHolds},
      {"IpAddress", {"203.0.113.0/24"}, {{"::ffff:cb00:710a"}}, kHolds},
      {"NotIpAddress", {"203.0.113.0/24"}, {{"::ffff:203.0.113.10"}}, kFails},
      {"IpAddress", {"::ffff:203.0.113.0/120"}, {{"203.0.113.10"}}, kHolds},
      {"IpAddress", {"::ffff:203.0.113.10"}, {{"203.0.113.10"}}, kHolds},
      {"IpAddress", {"::ffff:203.0.113.0/120"}, {{"203.0.114.10"}}, kFails},
      {"IpAddress", {"::/0"}, {{"::ffff:203.0.113.10"}}, kFails},
  });
}

TEST(Condition, an_address_that_cannot_be_read_lies_in_no_block) {
  for (auto text : {"", "203.0.113", "203.0.113.010", "203.0.113.10 ", "203.0.113.10:22", "203.0.113.10/32",
                    "fe80::1%eth0", "[2001:db8::1]", "3405803786", "0xcb.0.113.10", "localhost"}) {
    check({
        {"IpAddress", {"0.0.0.0/0", "::/0"}, {{text}}, kFails},
        {"NotIpAddress", {"0.0.0.0/0", "::/0"}, {{text}}, kHolds},
    });
  }
}

TEST(Condition, arn_operators_compare_part_by_part) {
  check({
      {"ArnLike", {"arn:aws:iam::*:user/al*"}, {{"arn:aws:iam::123456789012:user/alice"}}, kHolds},
      {"ArnEquals", {"arn:aws:iam::*:user/al*"}, {{"arn:aws:iam::123456789012:user/alice"}}, kHolds},
      {"ArnLike", {"arn:aws:iam::*:user/al*"}, {{"arn:aws:iam::123456789012:user/bob"}}, kFails},
      {"ArnLike", {"arn:aws:*:user/alice"}, {{"arn:aws:iam::123456789012:user/alice"}}, kFails},
      {"ArnLike", {"arn:aws:iam::123456789012:user/*"}, {{"arn:aws:iam::123456789012:user/a/b:c"}}, kHolds},
      {"ArnLike", {"arn:aws:iam"}, {{"arn:aws:iam::123456789012:user/alice"}}, kHolds},
      {"ArnLike", {"*"}, {{"arn:aws:iam::123456789012:user/alice"}}, kHolds},
      {"ArnLike", {"arn:*"}, {{"not an arn"}}, kFails},
      {"ArnNotLike", {"arn:*"}, {{"not an arn"}}, kHolds},
      {"ArnNotEquals", {"arn:aws:iam::*:user/al*"}, {{"arn:aws:iam::123456789012:user/alice"}}, kFails},
      {"ArnNotLike", {"arn:aws:iam::*:user/al*"}, kAbsent, kHolds},
      {"ArnLike", {"arn:aws:iam::*:user/${aws:username}"}, {{"arn:aws:iam::1:user/alice"}}, kHolds},
      {"ArnLike", {"arn:aws:iam::*:user/${aws:PrincipalTag/star}"}, {{"arn:aws:iam::1:user/bob"}}, kFails},
  });
}

TEST(Condition, if_exists_changes_only_the_absent_key) {
  for (auto op : {"StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase"}) {
    auto if_exists = std::string(op) + "IfExists";
    for (auto& value : Texts{"1", "2", ""}) {
      auto plain = *Condition::compile(op, "t:key", {"1"}, Pattern::Variables::yes);
      auto lenient = *Condition::compile(if_exists, "t:key", {"1"}, Pattern::Variables::yes);
      EXPECT_EQ(plain.holds(context_with({{value}})), lenient.holds(context_with({{value}})))
          << op << " " << value;
    }
    check({{if_exists.c_str(), {"1"}, kAbsent, kHolds}});
  }
  check({
      {"NumericEqualsIfExists", {"1"}, kAbsent, kHolds},
      {"NumericLessThanIfExists", {"1"}, kAbsent, kHolds},
      {"DateGreaterThanIfExists", {"2025-01-01"}, kAbsent, kHolds},
      {"ArnLikeIfExists", {"arn:aws:iam::1:user/x"}, kAbsent, kHolds},
      {"NotIpAddressIfExists", {"10.0.0.0/8"}, kAbsent, kHolds},
      {"NumericEqualsIfExists", {"1"}, {{"2"}}, kFails},
  });
}

TEST(Condition, quantifiers_hold_as_the_table_says) {
  check({
      {"ForAllValues:StringEquals", {"Name", "Env"}, {{"Name"}}, kHolds},
      {"ForAllValues:StringEquals", {"Name", "Env"}, {{"Env", "Name"}}, kHolds},
      {"ForAllValues:StringEquals", {"Name"}, {{"Name", "Env"}}, kFails},
      {"ForAllValues:StringEquals", {"Name"}, kAbsent, kHolds},
      {"ForAllValues:StringNotEquals", {"Name"}, {{"Env", "Team"}}, kHolds},
      {"ForAllValues:StringNotEquals", {"Name"}, {{"Env", "Name"}}, kFails},
      {"ForAllValues:StringNotEquals", {"Name"}, kAbsent, kHolds},
      {"ForAllValues:StringLike", {"a*", "b*"}, {{"a1", "b2"}}, kHolds},
      {"ForAllValues:NumericLessThan", {"10"}, {{"1", "x"}}, kFails},
      {"ForAllValues:StringEqualsIfExists", {"Name"}, kAbsent, kHolds},
      {"ForAnyValue:StringEquals", {"Env"}, {{"Name", "Env"}}, kHolds},
      {"ForAnyValue:StringEquals", {"Env"}, {{"Name", "Team"}}, kFails},
      {"ForAnyValue:StringEquals", {"Env"}, kAbsent, kFails},
      {"ForAnyValue:StringNotEquals", {"Env"}, {{"Env", "Team"}}, kHolds},
      {"ForAnyValue:StringNotEquals", {"Env"}, {{"Env"}}, kFails},
      {"ForAnyValue:StringNotEquals", {"Env"}, kAbsent, kFails},
      {"ForAnyValue:StringEqualsIfExists", {"Env"}, kAbsent, kFails},
      {"ForAnyValue:IpAddress", {"10.0.0.0/8"}, {{"192.0.2.1", "10.1.1.1"}}, kHolds},
  });
}

TEST(Condition, without_a_quantifier_one_of_several_values_must_match_and_none_may_be_excluded) {
  check({
      {"StringEquals", {"Env"}, {{"Name", "Env"}}, kHolds},
      {"StringEquals", {"Env"}, {{"Name", "Team"}}, kFails},
      {"StringNotEquals", {"Env"}, {{"Name", "Env"}}, kFails},
      {"StringNotEquals", {"Env"}, {{"Name", "Team"}}, kHolds},
  });
}

TEST(Condition, the_value_of_a_variable_is_literal) {
  check({
      {"StringEquals", {"${aws:username}"}, {{"alice"}}, kHolds},
      {"StringEquals", {"${AWS:UserName}"}, {{"alice"}}, kHolds},
      {"StringEquals", {"x${aws:username}-${aws:username}y"}, {{"xalice-alicey"}}, kHolds},
      {"StringEqualsIgnoreCase", {"${aws:username}"}, {{"ALICE"}}, kHolds},
      {"StringLike", {"${aws:username}*"}, {{"alice2"}}, kHolds},
      {"StringLike", {"${aws:PrincipalTag/star}"}, {{"anything"}}, kFails},
      {"StringLike", {"${aws:PrincipalTag/star}"}, {{"*"}}, kHolds},
      {"StringLike", {"a${aws:PrincipalTag/empty}b"}, {{"ab"}}, kHolds},
      {"StringLike", {"a${*}"}, {{"a*"}}, kHolds},
      {"StringLike", {"a${*}"}, {{"ab"}}, kFails},
      {"StringLike", {"a${?}"}, {{"ab"}}, kFails},
      {"StringLike", {"${$}{aws:username}"}, {{"${aws:username}"}}, kHolds},
      {"StringEquals", {"${*}"}, {{"*"}}, kHolds},
      {"StringEquals", {"$"}, {{"$"}}, kHolds},
      {"StringEquals", {"$aws:username"}, {{"$aws:username"}}, kHolds},
  });
}

TEST(Condition, a_default_stands_in_for_a_variable_without_one_value) {
  check({
      {"StringEquals", {"${aws:PrincipalTag/team, 'shared'}"}, {{"shared"}}, kHolds},
      {"StringEquals", {"${aws:PrincipalTag/team,'shared'}"}, {{"shared"}}, kHolds},
      {"StringEquals", {"${aws:username, 'shared'}"}, {{"shared"}}, kFails},
      {"StringEquals", {"${aws:username, 'shared'}"}, {{"alice"}}, kHolds},
      {"StringEquals", {"${aws:PrincipalTag/team, ''}"}, {{""}}, kHolds},
      {"StringLike", {"${aws:PrincipalTag/team, '*'}"}, {{"anything"}}, kFails},
      {"StringEquals", {"${aws:TagKeys, 'none'}"}, {{"none"}}, kHolds},
      {"StringEquals", {"${aws:PrincipalTag/empty, 'x'}"}, {{"x"}}, kFails},
  });
}

TEST(Condition, an_unresolved_variable_makes_the_operator_false_even_when_negated) {
  check({
      {"StringEquals", {"${aws:PrincipalTag/team}"}, {{"blue"}}, kFails},
      {"StringEquals", {"${aws:PrincipalTag/team}"}, {{""}}, kFails},
      {"StringNotEquals", {"${aws:PrincipalTag/team}"}, {{"blue"}}, kFails},
      {"StringNotLike", {"${aws:PrincipalTag/team}*"}, {{"blue"}}, kFails},
      {"ArnNotLike", {"arn:aws:iam::1:user/${aws:PrincipalTag/team}"}, {{"arn:aws:iam::1:user/x"}}, kFails},
      {"StringEquals", {"blue", "${aws:PrincipalTag/team}"}, {{"blue"}}, kFails},
      {"StringEquals", {"${aws:PrincipalTag/team}", "blue"}, {{"blue"}}, kFails},
      {"ForAllValues:StringNotEquals", {"${aws:PrincipalTag/team}"}, {{"blue"}}, kFails},
      {"StringEquals", {"${aws:TagKeys}"}, {{"a"}}, kFails},
  });
}

TEST(Condition, an_absent_key_decides_before_an_unresolved_variable) {
  check({
      {"StringNotEquals", {"${aws:PrincipalTag/team}"}, kAbsent, kHolds},
      {"StringEqualsIfExists", {"${aws:PrincipalTag/team}"}, kAbsent, kHolds},
      {"StringEquals", {"${aws:PrincipalTag/team}"}, kAbsent, kFails},
  });
}

TEST(Condition, the_old_version_has_no_variables) {
  auto condition = *Condition::compile("StringEquals", "t:key", {"${aws:username}"}, Pattern::Variables::no);
  EXPECT_FALSE(condition.holds(context_with({{"alice"}})));
  EXPECT_TRUE(condition.holds(context_with({{"${aws:username}"}})));
}

TEST(Condition, key_names_have_no_case) {
  auto condition =
      *Condition::compile("StringEquals", "SSM:resourcetag/ENV", {"dev"}, Pattern::Variables::yes);
  Context context;
  context.set("ssm:resourceTag/Env", "dev");
  EXPECT_TRUE(condition.holds(context));
}

TEST(Condition, what_could_never_hold_is_refused) {
  struct Refused {
    char const* op;
    char const* value;
  };
  for (auto [op, value] : std::vector<Refused>{{"StringEqual", "x"},
                                               {"stringequals", "x"},
                                               {"StringEqualsIfExist", "x"},
                                               {"IfExists", "x"},
                                               {"", "x"},
                                               {"ForAllValues:", "x"},
                                               {"ForSomeValues:StringEquals", "x"},
                                               {"forallvalues:StringEquals", "x"},
                                               {"ForAllValues:ForAnyValue:StringEquals", "x"},
                                               {"StringEqualsIfExistsIfExists", "x"},
                                               {"BinaryEquals", "eA=="},
                                               {"NullIfExists", "true"},
                                               {"ForAnyValue:Null", "true"},
                                               {"BoolNotEquals", "true"},
                                               {"NumericEquals", "ten"},
                                               {"NumericEquals", ""},
                                               {"NumericEquals", "1e3"},
                                               {"NumericLessThan", "0x10"},
                                               {"NumericEquals", "${aws:username}"},
                                               {"DateLessThan", "tomorrow"},
                                               {"DateLessThan", "2025-02-30"},
                                               {"DateLessThan", "${aws:CurrentTime}"},
                                               {"Bool", "yes"},
                                               {"Bool", ""},
                                               {"Bool", "${aws:SecureTransport}"},
                                               {"Null", "maybe"},
                                               {"IpAddress", "10.0.0.0/33"},
                                               {"IpAddress", "10.0.0.0/"},
                                               {"IpAddress", "10.0.0/8"},
                                               {"IpAddress", "10.0.0.0/08"},
                                               {"IpAddress", "10.0.0.0/+8"},
                                               {"IpAddress", "10.0.0.0/-1"},
                                               {"IpAddress", "2001:db8::/129"},
                                               {"IpAddress", "*"},
                                               {"NotIpAddress", "office"},
                                               {"IpAddress", "10.0.0.0/8/8"},
                                               {"IpAddress", "${aws:SourceIp}"},
                                               {"ArnLike", "user/alice"},
                                               {"ArnLike", "${aws:PrincipalArn}"},
                                               {"StringEquals", "${aws:username"},
                                               {"StringEquals", "${}"},
                                               {"StringEquals", "${username}"},
                                               {"StringLike", "${aws:a, b}"},
                                               {"StringLike", "${aws:a, 'b}"},
                                               {"StringLike", "${aws:${aws:username}}"}}) {
    auto condition = Condition::compile(op, "t:key", {value}, Pattern::Variables::yes);
    EXPECT_FALSE(condition) << op << " " << value;
  }
  EXPECT_FALSE(Condition::compile("StringEquals", "t:key", {}, Pattern::Variables::yes));
  EXPECT_FALSE(Condition::compile("StringEquals", "nokey", {"x"}, Pattern::Variables::yes));
}

}  // namespace
}  // namespace fumidai::policy
