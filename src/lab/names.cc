#include "lab/names.h"

#include <algorithm>

namespace fumidai::lab {

namespace {

// A letter and as much of the id's end as a link's name can hold beside it.
std::string link_named(char letter, std::string_view id) {
  constexpr std::size_t kMost = 12;
  auto end = id.substr(id.find('-') + 1);
  return letter + std::string(end.substr(end.size() - std::min(end.size(), kMost)));
}

}  // namespace

std::string space_prefix(Settings const& settings) {
  return "fumidai-" + settings.label + "-";
}
std::string internet_space(Settings const& settings) {
  return space_prefix(settings) + "internet";
}
std::string router_space(Settings const& settings, network::VpcId const& vpc) {
  return space_prefix(settings) + vpc.text();
}
std::string interface_space(Settings const& settings, network::InterfaceId const& interface) {
  return space_prefix(settings) + interface.text();
}

std::string link_name(network::InterfaceId const& interface) {
  return link_named('e', interface.text());
}
std::string link_name(network::VpcId const& vpc) {
  return link_named('v', vpc.text());
}
std::string host_link(Settings const& settings) {
  return "fumidai-" + settings.label;
}

bool is_plain(std::string_view id) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, plain);
}

}  // namespace fumidai::lab
