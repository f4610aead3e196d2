#include "app/price_file.h"

#include <toml++/toml.h>
#include <sstream>

#include "base/bytes.h"

namespace fumidai::app {

namespace {

constexpr char const* kDefault =
    R"(# Prices for `fumidai compare`. Edit them for your region and your contract; they are read when the server starts.
# what: nat-gateway, interface-endpoint (one zone of one), public-address, internet (traffic out), instance/TYPE.
# unit: hour or gigabyte. A price without a source is printed as unverified.

region = "us-east-1"
currency = "USD"

[[price]]
what = "nat-gateway"
unit = "hour"
price = "0.045"
source = "https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint"
date = "2026-06-01"

[[price]]
what = "nat-gateway"
unit = "gigabyte"
price = "0.045"
source = "https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint"
date = "2026-06-01"

[[price]]
what = "interface-endpoint"
unit = "hour"
price = "0.01"
source = "https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint"
date = "2026-06-01"

[[price]]
what = "interface-endpoint"
unit = "gigabyte"
price = "0.01"
source = "https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint"
date = "2026-06-01"

[[price]]
what = "public-address"
unit = "hour"
price = "0.005"
source = "https://cloudburn.io/blog/aws-nat-gateway-pricing"
date = "2026-02-24"

[[price]]
what = "internet"
unit = "gigabyte"
price = "0.09"
source = "https://cloudpipelines.pages.dev/guides/aws-nat-gateway-pricing-2026/"
date = "2026"

[[price]]
what = "instance/t3.micro"
unit = "hour"
price = "0.0104"
)";

constexpr std::size_t kMostBytes = 256 * 1024;

Error malformed(std::string detail) {
  return {Errc::malformed, std::move(detail)};
}

// "0.045" in millionths.
Result<network::Money> parse_money(std::string const& text) {
  auto point = text.find('.');
  auto whole = text.substr(0, point), rest = point == text.npos ? "" : text.substr(point + 1);
  auto digits = whole + rest;
  bool fits = !whole.empty() && whole.size() <= 9 && rest.size() <= 6 &&
              digits.find_first_not_of("0123456789") == digits.npos;
  if (!fits)
    return malformed("the price '" + escaped(text, 32) + "' is not a number like \"0.045\", in quotes");
  rest.resize(6, '0');
  return network::Money{std::stoll(whole) * 1'000'000 + std::stoll(rest)};
}

Result<network::PriceRow> parse_row(toml::table const& table) {
  auto text = [&](char const* name) { return table[name].value_or(std::string()); };
  auto unit = text("unit"), what = text("what");
  if (what.empty()) return malformed("a price does not say what it is for");
  if (unit != "hour" && unit != "gigabyte")
    return malformed("the unit of '" + escaped(what, 64) + "' must be hour or gigabyte");
  TRY(auto price, parse_money(text("price")));
  return network::PriceRow{what, price,
                           unit == "hour" ? network::PriceUnit::hour : network::PriceUnit::gigabyte,
                           text("source"), text("date")};
}

}  // namespace

Result<network::PriceTable> parse_prices(std::string const& text) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (toml::parse_error const& error) {
    return malformed("line " + std::to_string(error.source().begin.line) + ": " +
                     std::string(error.description()));
  }
  network::PriceTable prices{table["region"].value_or(std::string()),
                             table["currency"].value_or(std::string())};
  auto const* rows = table["price"].as_array();
  if (!rows) return prices;
  for (auto const& node : *rows) {
    if (!node.is_table()) return malformed("each price is a table: [[price]]");
    TRY(auto row, parse_row(*node.as_table()));
    prices.rows.push_back(std::move(row));
  }
  return prices;
}

Result<network::PriceTable> load_prices(io::Path const& file) {
  TRY(bool is_there, io::exists(file));
  if (!is_there) CHECK(io::write_file(file, kDefault, 0644));
  TRY(auto text, io::read_file(file, kMostBytes));
  auto prices = parse_prices(text);
  if (!prices)
    return Error{prices.error().code, file.string() + ": " + prices.error().detail +
                                          " (remove the file, and the next start writes a new one)"};
  return prices;
}

}  // namespace fumidai::app
