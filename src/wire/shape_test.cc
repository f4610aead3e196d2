#include "wire/shape.h"

#include <gtest/gtest.h>

#include "wire/json_shape.h"
#include "wire/query_shape.h"
#include "wire/xml_shape.h"

namespace fumidai::wire {
namespace {

struct Tag {
  std::string key, value;
  static constexpr Limit kLimits[] = {{"key", 1, 8, required}, {"value", 0, 8}};
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

struct Sample {
  std::string instance_id;
  std::optional<std::int64_t> max_results;
  std::optional<Time> created_at;
  bool enabled = false;
  std::vector<Tag> tags;
  std::map<std::string, std::vector<std::string>> parameters;
  std::string address;
  static constexpr Rename kNames[] = {{"address", "IPAddress"}};
  static constexpr Limit kLimits[] = {
      {"instance_id", 1, 20, required}, {"max_results", 5, 50}, {"tags", 0, 2}};
};
BOOST_DESCRIBE_STRUCT(Sample, (), (instance_id, max_results, created_at, enabled, tags, parameters, address))

constexpr std::string_view kJson =
    R"({"InstanceId":"mi-1","MaxResults":7,"CreatedAt":1700000000.5,"Enabled":true,"Tags":[{"Key":"a","Value":"b"}],)"
    R"("Parameters":{"command":["ls","-l"]},"IPAddress":"10.0.0.1","Unknown":{"x":1}})";

void expect_sample(Sample const& sample) {
  EXPECT_EQ(sample.instance_id, "mi-1");
  EXPECT_EQ(sample.max_results, 7);
  EXPECT_EQ(sample.created_at, from_millis(1700000000500));
  EXPECT_TRUE(sample.enabled);
  ASSERT_EQ(sample.tags.size(), 1u);
  EXPECT_EQ(sample.tags[0].value, "b");
  EXPECT_EQ(sample.parameters.at("command"), (std::vector<std::string>{"ls", "-l"}));
  EXPECT_EQ(sample.address, "10.0.0.1");
}

TEST(Shape, reads_json_and_writes_it_back) {
  auto sample = from_json_text<Sample>(kJson);
  ASSERT_TRUE(sample) << sample.error().detail;
  expect_sample(*sample);
  expect_sample(*from_json_text<Sample>(to_json_text(*sample)));
}

TEST(Shape, reads_the_same_from_a_query_body) {
  auto pairs = *parse_query(
      "InstanceId=mi-1&MaxResults=7&CreatedAt=2023-11-14T22%3A13%3A20.5Z&Enabled=true&Tags.member.1.Key=a&"
      "Tags.member.1.Value=b"
      "&Parameters.entry.1.key=command&Parameters.entry.1.value.member.2=-l&Parameters.entry.1.value.member."
      "1=ls&IPAddress=10.0.0.1",
      Plus::is_blank);
  auto sample = from_query<Sample>(pairs);
  ASSERT_TRUE(sample) << sample.error().detail;
  expect_sample(*sample);
}

TEST(Shape, flat_lists_of_ec2_and_empty_lists_are_lists) {
  EXPECT_EQ(from_query<Sample>(*parse_query("Tags.1.Key=a&Tags.3.Key=c", Plus::is_blank))->tags.size(), 2u);
  EXPECT_TRUE(from_query<Sample>(*parse_query("Tags=", Plus::is_blank))->tags.empty());
}

TEST(Shape, wrong_types_name_the_member) {
  for (auto text : {R"({"InstanceId":5})", R"({"MaxResults":"7"})", R"({"Tags":{}})", R"({"Enabled":"true"})",
                    R"({"CreatedAt":"soon"})", R"({"Parameters":[]})", R"({"Tags":["x"]})", R"([])", R"("x")",
                    R"({"MaxResults":1.5})", R"({"MaxResults":99999999999999999999})"}) {
    auto sample = from_json_text<Sample>(text);
    ASSERT_FALSE(sample) << text;
    EXPECT_EQ(sample.error().aws, "SerializationException") << text;
  }
  EXPECT_NE(from_json_text<Sample>(R"({"MaxResults":"7"})").error().detail.find("MaxResults"),
            std::string::npos);
}

TEST(Shape, null_members_are_absent) {
  EXPECT_FALSE(from_json_text<Sample>(R"({"MaxResults":null})")->max_results);
}

TEST(Shape, a_time_of_any_year_is_read_as_it_was_written) {
  for (auto created_at :
       {"0000-01-01", "1969-12-31T23:59:59.999Z", "2025-03-14T09:26:53.113Z", "6421-11-14"}) {
    Sample sample;
    sample.created_at = *parse_time(created_at);
    auto again = from_json_text<Sample>(to_json_text(sample));
    ASSERT_TRUE(again) << created_at;
    EXPECT_EQ(again->created_at, sample.created_at) << created_at;
  }
  EXPECT_FALSE(from_json_text<Sample>(R"({"CreatedAt": 253402300800})"));
}

TEST(Shape, json_bombs_are_refused) {
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_json("{"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("{}x"));
}

TEST(Shape, query_bodies_are_bounded_and_unambiguous) {
  EXPECT_FALSE(query_tree(*parse_query("A=1&A.B=2", Plus::is_blank)));
  EXPECT_FALSE(query_tree(*parse_query("A=1&A=2", Plus::is_blank)));
  std::string deep = "A";
  for (int i = 0; i < 20; i++) deep += ".B";
  EXPECT_FALSE(query_tree(*parse_query(deep + "=1", Plus::is_blank)));
  std::vector<QueryPair> many(4097);
  for (std::size_t i = 0; i < many.size(); i++) many[i].name = "N" + std::to_string(i);
  EXPECT_FALSE(query_tree(many));
  many.pop_back();
  EXPECT_TRUE(query_tree(many));
}

TEST(Shape, query_fields_that_are_not_utf8_are_refused_as_json_would_be) {
  for (auto body : {"InstanceId=%FF", "%C3=1", "InstanceId=%ED%A0%80"}) {
    auto sample = from_query<Sample>(*parse_query(body, Plus::is_blank));
    ASSERT_FALSE(sample) << body;
    EXPECT_EQ(sample.error().aws, "MalformedQueryString") << body;
  }
  EXPECT_TRUE(from_query<Sample>(*parse_query("InstanceId=%E8%B8%8F", Plus::is_blank)));
}

TEST(Shape, limits_are_met_and_passed_by_one) {
  Sample sample;
  auto fault = [&] {
    auto verdict = validate(sample);
    return verdict ? std::string() : verdict.error().detail;
  };
  EXPECT_NE(fault().find("'instanceId' failed to satisfy constraint: Member must not be null"),
            std::string::npos);
  sample.instance_id = std::string(20, 'i');
  EXPECT_EQ(fault(), "");
  sample.instance_id += "i";
  EXPECT_NE(fault().find("length less than or equal to 20"), std::string::npos);
  sample.instance_id = "\xe8\xb8\x8f\xe3\x81\xbf\xe5\x8f\xb0";
  sample.max_results = 4;
  EXPECT_NE(fault().find("value greater than or equal to 5"), std::string::npos);
  sample.max_results = 50;
  sample.tags.resize(2, Tag{"k", "v"});
  EXPECT_EQ(fault(), "");
  sample.tags[1].key = "123456789";
  EXPECT_NE(fault().find("'key'"), std::string::npos);
  sample.tags.resize(3, Tag{"k", "v"});
  EXPECT_NE(fault().find("'tags'"), std::string::npos);
}

TEST(Shape, xml_escapes_and_keeps_empty_lists) {
  Sample sample;
  sample.instance_id = "a<b>&\"\x01";
  auto xml = to_xml_members(sample);
  EXPECT_NE(xml.find("<InstanceId>a&lt;b&gt;&amp;&quot;\xef\xbf\xbd</InstanceId>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<Tags></Tags>"), std::string::npos);
  EXPECT_EQ(xml.find("MaxResults"), std::string::npos);
  EXPECT_EQ(xml_element("<A><TokenValue>x&amp;y</TokenValue></A>", "TokenValue"), "x&y");
  EXPECT_EQ(xml_element("<A>", "TokenValue"), "");
}

TEST(Shape, what_xml_cannot_carry_is_replaced) {
  EXPECT_EQ(xml_escaped("a\xef\xbf\xbe\xef\xbf\xbf!"), "a\xef\xbf\xbd\xef\xbf\xbd!");  // U+FFFE, U+FFFF
  EXPECT_EQ(xml_escaped("\x01\t\r\n\xef\xbc\x81"), "\xef\xbf\xbd\t&#xD;\n\xef\xbc\x81");
  EXPECT_EQ(xml_escaped("\xef"), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace fumidai::wire
