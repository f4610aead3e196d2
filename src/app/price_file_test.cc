#include "app/price_file.h"

#include <gtest/gtest.h>

#include "io/test_directory.h"

namespace fumidai::app {
namespace {

using network::PriceUnit;

TEST(PriceFile, is_written_where_there_is_none) {
  io::TestDirectory directory;
  auto prices = load_prices(directory.path() / "prices.toml");
  ASSERT_TRUE(prices) << prices.error().detail;
  EXPECT_EQ(prices->currency, "USD");
  EXPECT_EQ(prices->find(network::kNatGatewayPrice, PriceUnit::hour)->price.millionths, 45'000);
  EXPECT_EQ(prices->find("instance/t3.micro", PriceUnit::hour)->source, "");
}

TEST(PriceFile, keeps_what_somebody_edited) {
  io::TestDirectory directory;
  auto file = directory.path() / "prices.toml";
  ASSERT_TRUE(io::write_file(file, "currency = \"JPY\"\n", 0644));
  EXPECT_EQ(load_prices(file)->currency, "JPY");
}

TEST(PriceFile, says_what_is_wrong) {
  auto complaint = [](std::string const& text) { return parse_prices(text).error().detail; };
  EXPECT_NE(complaint("currency = ").find("line 1"), std::string::npos);
  EXPECT_NE(complaint("[[price]]\nunit = \"hour\"").find("what it is for"), std::string::npos);
  EXPECT_NE(complaint("[[price]]\nwhat = \"x\"\nunit = \"day\"").find("hour or gigabyte"), std::string::npos);
  for (auto price : {"-1", "1e3", "", "0.0000001", "12345678901"}) {
    auto text = std::string("[[price]]\nwhat = \"x\"\nunit = \"hour\"\nprice = \"") + price + "\"";
    EXPECT_NE(complaint(text).find("is not a number"), std::string::npos) << price;
  }
}

}  // namespace
}  // namespace fumidai::app
