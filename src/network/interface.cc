#include "network/interface.h"

#include <array>

#include "base/digest.h"

namespace fumidai::network {

namespace {

struct IdText {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(auto const& id) const { return id.text(); }
};

}  // namespace

std::string_view type_of(InterfaceOwner const& owner) {
  constexpr std::array<std::string_view, std::variant_size_v<InterfaceOwner>> kTypes{
      "interface", "interface", "nat_gateway", "vpc_endpoint", "ec2_instance_connect_endpoint"};
  return kTypes[owner.index()];
}

std::string text_of(InterfaceOwner const& owner) {
  return std::visit(IdText(), owner);
}

std::string mac_address(InterfaceId const& interface) {
  auto digits = sha256_hex(interface.text());
  std::string mac = "02";  // locally administered
  for (std::size_t i = 0; i < 5; i++) mac += ":" + digits.substr(2 * i, 2);
  return mac;
}

}  // namespace fumidai::network
