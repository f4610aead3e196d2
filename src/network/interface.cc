#include "network/interface.h"

#include <array>

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

}  // namespace fumidai::network
