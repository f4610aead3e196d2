#pragma once

// What the parts of a network cost, as a table that whoever runs Fumidai can edit.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fumidai::network {

// In millionths of a unit of the table's currency: prices add up without rounding.
struct Money {
  std::int64_t millionths = 0;

  Money& operator+=(Money other) { return millionths += other.millionths, *this; }
  friend Money operator*(Money price, std::int64_t times) { return {price.millionths * times}; }
  friend auto operator<=>(Money const&, Money const&) = default;
};

std::string to_string(Money money);  // "32.85", rounded to the hundredth

enum class PriceUnit { hour, gigabyte };

// What a row can be about; an instance is "instance/" and its type.
inline constexpr std::string_view kNatGatewayPrice = "nat-gateway";
inline constexpr std::string_view kInterfaceEndpointPrice = "interface-endpoint";  // one zone of one
inline constexpr std::string_view kPublicAddressPrice = "public-address";
inline constexpr std::string_view kInternetPrice = "internet";  // traffic out

struct PriceRow {
  std::string what;
  Money price;
  PriceUnit unit;
  std::string source = {};  // where one can look it up; a row without one is unverified
  std::string date = {};    // of the price: 2026-01-31

  friend bool operator==(PriceRow const&, PriceRow const&) = default;
};

struct PriceTable {
  std::string region, currency;
  std::vector<PriceRow> rows = {};

  PriceRow const* find(std::string_view what, PriceUnit unit) const;
  friend bool operator==(PriceTable const&, PriceTable const&) = default;
};

}  // namespace fumidai::network
