#include "api/service.h"

#include <gtest/gtest.h>

namespace fumidai::api {
namespace {

wire::HttpRequest request(std::string method, std::string target, wire::HttpHeaders headers = {},
                          std::string body = "") {
  return {std::move(method), std::move(target), std::move(headers), std::move(body)};
}

std::string field(Addressed const& addressed, std::string_view name) {
  for (auto const& pair : addressed.fields) {
    if (pair.name == name) return pair.value;
  }
  return "(none)";
}

TEST(AddressOf, a_form_is_read_as_a_form_and_a_url_as_it_was_signed) {
  constexpr auto kCall = "Action=GetUser&Version=2010-05-08&UserName=a+b%20c";
  auto posted = address_of(
      request("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}, kCall));
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->operation, "GetUser");
  EXPECT_EQ(field(*posted, "UserName"), "a b c");
  auto asked = address_of(request("GET", std::string("/?") + kCall));
  ASSERT_TRUE(asked);
  EXPECT_EQ(field(*asked, "UserName"), "a+b c");
}

TEST(AddressOf, what_belongs_to_the_signature_is_not_part_of_the_call) {
  auto addressed = address_of(
      request("GET", "/?Action=GetUser&Version=2010-05-08&X-Amz-Date=20250314T092653Z&UserName=alice"));
  ASSERT_TRUE(addressed);
  EXPECT_EQ(addressed->fields.size(), 1u);
}

TEST(AddressOf, a_channel_is_made_by_post_with_its_decoded_id) {
  auto made = address_of(request("POST", "/v1/data-channel/alice%40example.com-0a1b"));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->resource, "alice@example.com-0a1b");
  EXPECT_FALSE(address_of(request("GET", "/v1/data-channel/alice-0a1b")));
  EXPECT_FALSE(address_of(request("POST", "/v1/data-channel/%4")));
}

TEST(AddressOf, nothing_else_is_served) {
  for (auto target : {"/", "/?Action=GetUser", "/?Action=GetUser&Version=1999-01-01", "/index.html", "/?%zz"})
    EXPECT_FALSE(address_of(request("GET", target))) << target;
  EXPECT_FALSE(address_of(request("POST", "/", {{"X-Amz-Target", "Nothing.StartSession"}}, "{}")));
  EXPECT_FALSE(address_of(request("POST", "/", {{"X-Amz-Target", "AmazonSSM"}}, "{}")));
}

}  // namespace
}  // namespace fumidai::api
