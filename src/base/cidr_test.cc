#include "base/cidr.h"

#include <gtest/gtest.h>

namespace fumidai {
namespace {

Cidr block(std::string_view text) {
  return Cidr::parse(text).value();
}
Address address(std::string_view text) {
  return Address::parse(text).value();
}

TEST(Cidr, holds_its_first_and_last_address_and_not_their_neighbours) {
  struct {
    char const *block, *before, *first, *last, *after;
  } rows[] = {
      {"10.0.1.0/24", "10.0.0.255", "10.0.1.0", "10.0.1.255", "10.0.2.0"},
      {"10.0.0.0/16", "9.255.255.255", "10.0.0.0", "10.0.255.255", "10.1.0.0"},
      {"10.0.0.16/28", "10.0.0.15", "10.0.0.16", "10.0.0.31", "10.0.0.32"},
      {"172.16.0.0/12", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"10.0.0.4/31", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"},
      {"128.0.0.0/1", "127.255.255.255", "128.0.0.0", "255.255.255.255", "0.0.0.0"},
      {"2001:db8::/33", "2001:db7:ffff::", "2001:db8::", "2001:db8:7fff:ffff::1", "2001:db8:8000::"},
  };
  for (auto& row : rows) {
    EXPECT_FALSE(block(row.block).contains(address(row.before))) << row.block;
    EXPECT_TRUE(block(row.block).contains(address(row.first))) << row.block;
    EXPECT_TRUE(block(row.block).contains(address(row.last))) << row.block;
    EXPECT_FALSE(block(row.block).contains(address(row.after))) << row.block;
  }
}

TEST(Cidr, of_prefix_0_holds_its_whole_family_and_of_one_address_only_that) {
  EXPECT_TRUE(block("0.0.0.0/0").contains(address("255.255.255.255")));
  EXPECT_FALSE(block("0.0.0.0/0").contains(address("::1")));
  EXPECT_TRUE(Cidr::of(address("10.0.0.1")).contains(address("10.0.0.1")));
  EXPECT_FALSE(Cidr::of(address("10.0.0.1")).contains(address("10.0.0.0")));
}

TEST(Cidr, blocks_contain_smaller_ones_and_overlap_in_both_directions) {
  EXPECT_TRUE(block("10.0.0.0/16").contains(block("10.0.255.0/24")));
  EXPECT_TRUE(block("10.0.0.0/16").contains(block("10.0.0.0/16")));
  EXPECT_FALSE(block("10.0.255.0/24").contains(block("10.0.0.0/16")));
  EXPECT_TRUE(block("10.0.255.0/24").overlaps(block("10.0.0.0/16")));
  EXPECT_TRUE(block("10.0.0.0/16").overlaps(block("10.0.255.0/24")));
  EXPECT_FALSE(block("10.0.0.0/24").overlaps(block("10.0.1.0/24")));
}

TEST(Cidr, masked_clears_the_host_bits_at_any_prefix) {
  EXPECT_EQ(block("10.0.0.5/16").masked().text(), "10.0.0.0/16");
  EXPECT_EQ(block("255.255.255.255/0").masked().text(), "0.0.0.0/0");
  EXPECT_EQ(block("255.255.255.255/31").masked().text(), "255.255.255.254/31");
  EXPECT_EQ(block("255.255.255.255/32").masked().text(), "255.255.255.255/32");
  EXPECT_EQ(block("2001:db8:ffff::1/33").masked().text(), "2001:db8:8000::/33");
}

TEST(Cidr, text_that_is_no_block_is_refused) {
  for (auto text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8",
                    "010.0.0.0/8", "::/129"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

}  // namespace
}  // namespace fumidai
