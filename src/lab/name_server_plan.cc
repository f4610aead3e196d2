#include "lab/name_server_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/names.h"
#include "lab/services.h"

namespace fumidai::lab {

namespace {

using namespace network;

// Of each: nothing but what it is told, on these addresses and no others.
std::string common_options(std::vector<Address> const& listen) {
  std::string options =
      "no-resolv\n"
      "no-hosts\n"
      "no-poll\n"
      "bind-interfaces\n"
      "user=nobody\n"
      "group=nogroup\n";
  for (auto& address : listen) options += "listen-address=" + address.text() + "\n";
  return options;
}

// Of a name server's file, a word that cannot be more than a name.
bool is_plain_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c == '.' || is_plain({&c, 1}); });
}

// Of one of its interfaces, which is in the zone.
std::vector<std::string> names_of(Network const& network, InterfaceEndpoint const& endpoint,
                                  std::string_view zone) {
  auto service = network.short_name(endpoint);
  if (service.empty() || !is_plain_name(service) || endpoint.state != EndpointState::available) return {};
  std::vector<std::string> names{network.own_name(endpoint)};
  if (is_plain(zone)) names.push_back(network.own_name(endpoint, zone));
  if (network.takes_the_name(endpoint))
    names.push_back(fmt::format("{}.{}.amazonaws.com", service, network.region));
  return names;
}

// What the names of connect endpoints end with, unless that is a domain of the region's own. It was said by
// whoever set the server up.
std::set<std::string> connect_zones(Network const& network) {
  std::set<std::string> zones;
  for (auto& endpoint : network.connect_endpoints) {
    auto zone = endpoint.dns_name.substr(std::min(endpoint.dns_name.size(), endpoint.id.text().size() + 1));
    bool known = zone.ends_with("." + network.region + ".amazonaws.com");
    if (!zone.empty() && is_plain_name(zone) && !known) zones.insert(std::move(zone));
  }
  return zones;
}

}  // namespace

NameServer internet_name_server(Network const& network, Settings const& settings) {
  auto options = common_options({settings.dns});
  auto answer = [&](std::string const& domain, Address const& address) {
    options += fmt::format("address=/{}/{}\n", domain, address.text());
  };
  answer(network.region + ".amazonaws.com", settings.plane);
  for (auto global : {"iam.amazonaws.com", "sts.amazonaws.com"}) answer(global, settings.plane);
  for (auto& zone : connect_zones(network)) answer(zone, settings.plane);
  for (auto name : {"www.example.com", "packages.example.com"}) answer(name, settings.web);
  options += "address=/#/\n";  // there are no others
  return {internet_space(settings), settings.dns, std::move(options), ""};
}

NameServer router_name_server(Network const& network, Vpc const& vpc, std::vector<Port> const& ports,
                              Settings const& settings) {
  auto listen = resolver_addresses(vpc);
  NameServer server{router_space(settings, vpc.id), listen.front(), common_options(listen), ""};
  server.options += fmt::format("server={}\n", settings.dns.text());
  for (auto& port : ports) {
    auto& owner = port.at.interface->owner;
    std::vector<std::string> names;
    if (vpc.dns_hostnames) names.push_back(private_name(port.address(), network.region));
    if (auto* id = std::get_if<InterfaceEndpointId>(&owner)) {
      auto* endpoint = network.endpoints.find(*id);
      if (endpoint && is_plain(id->text()))
        std::ranges::move(names_of(network, *endpoint, port.at.subnet->zone), std::back_inserter(names));
    }
    for (auto& name : names) server.hosts += fmt::format("{} {}\n", port.address().text(), name);
  }
  return server;
}

std::string private_name(Address const& address, std::string_view region) {
  auto digits = address.text();
  std::ranges::replace(digits, '.', '-');
  auto domain = region == "us-east-1" ? "ec2" : fmt::format("{}.compute", region);
  return fmt::format("ip-{}.{}.internal", digits, domain);
}

}  // namespace fumidai::lab
