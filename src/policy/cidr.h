#pragma once

// IP addresses and blocks of them, as policies compare them.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fumidai::policy {

struct Address {
  bool is_v6;
  std::array<std::uint8_t, 16> bytes;  // the first four for IPv4, the others zero

  // An IPv4 address in IPv6 dress (::ffff:192.0.2.1, as dual-stack sockets show it) is the IPv4 address:
  // otherwise a rule about 192.0.2.0/24 would miss it.
  static std::optional<Address> parse(std::string_view text);
  friend bool operator==(Address const&, Address const&) = default;
};

struct Cidr {
  Address base;
  unsigned prefix;

  // A block, or one address. Bits after the prefix are ignored.
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(Address const& address) const;
};

}  // namespace fumidai::policy
