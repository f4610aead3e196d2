#pragma once

// IP addresses and blocks of them, as policies, routes and security groups compare them.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fumidai {

struct Address {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes = {};  // the first four for IPv4, the others zero

  // An IPv4 address in IPv6 dress (::ffff:192.0.2.1, as dual-stack sockets show it) is the IPv4 address:
  // otherwise a rule about 192.0.2.0/24 would miss it.
  static std::optional<Address> parse(std::string_view text);
  std::string text() const;
  friend auto operator<=>(Address const&, Address const&) = default;
};

struct Cidr {
  Address base;
  unsigned prefix = 0;

  // A block, or one address. Bits after the prefix are kept in `base` and ignored by everything but ==.
  static std::optional<Cidr> parse(std::string_view text);
  static Cidr of(Address const& address) { return {address, address.is_v6 ? 128u : 32u}; }

  bool contains(Address const& address) const;
  bool contains(Cidr const& other) const;
  bool overlaps(Cidr const& other) const { return contains(other.base) || other.contains(base); }
  Cidr masked() const;  // the bits after the prefix cleared: 10.0.0.5/16 becomes 10.0.0.0/16
  std::string text() const;
  friend auto operator<=>(Cidr const&, Cidr const&) = default;
};

}  // namespace fumidai
