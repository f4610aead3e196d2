#include "base/cidr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace fumidai {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;

// As written: a mapped address is still an IPv6 address here.
std::optional<Address> parse_plain(std::string_view text) {
  Address address{false, {}};
  // No address is longer; a copy because inet_pton wants a terminator. It reads decimal quads only, so
  // "010.0.0.1" is refused and not octal.
  std::string terminated(text.substr(0, INET6_ADDRSTRLEN));
  if (terminated.size() != text.size() || terminated.find('\0') != terminated.npos) return {};
  address.is_v6 = text.find(':') != text.npos;
  int family = address.is_v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, terminated.c_str(), address.bytes.data()) != 1) return {};
  return address;
}

bool is_mapped(Address const& address) {
  return address.is_v6 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

Address unmapped(Address const& address) {
  if (!is_mapped(address)) return address;
  Address v4{false, {}};
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  auto address = parse_plain(text);
  if (!address) return {};
  return unmapped(*address);
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text;
  return inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  auto slash = text.find('/');
  auto base = parse_plain(text.substr(0, slash));
  if (!base) return {};
  unsigned const bits = base->is_v6 ? 128 : 32;
  unsigned prefix = bits;
  if (slash != text.npos) {
    auto digits = text.substr(slash + 1);
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    bool padded = digits.size() > 1 && digits[0] == '0';
    if (failure != std::errc() || end != digits.data() + digits.size() || padded || prefix > bits) return {};
  }
  if (is_mapped(*base) && prefix >= kMappedBits) return Cidr{unmapped(*base), prefix - kMappedBits};
  return Cidr{*base, prefix};
}

bool Cidr::contains(Address const& address) const {
  if (address.is_v6 != base.is_v6) return false;
  auto whole = prefix / 8, rest = prefix % 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin())) return false;
  return rest == 0 || (base.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

bool Cidr::contains(Cidr const& other) const {
  return prefix <= other.prefix && contains(other.base);
}

Cidr Cidr::masked() const {
  auto cleared = *this;
  for (unsigned byte = 0; byte < cleared.base.bytes.size(); byte++) {
    auto kept = std::clamp(static_cast<int>(prefix) - static_cast<int>(8 * byte), 0, 8);
    cleared.base.bytes[byte] &= static_cast<std::uint8_t>(0xff00u >> kept);
  }
  return cleared;
}

std::string Cidr::text() const {
  return base.text() + "/" + std::to_string(prefix);
}

}  // namespace fumidai
