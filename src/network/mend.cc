#include "network/mend.h"

#include <fmt/format.h>

#include <algorithm>

namespace fumidai::network {

namespace {

std::string quoted(std::string_view argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@+";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == argument.npos) return std::string(argument);
  std::string text = "'";
  for (char c : argument) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string route_command(Location const& from, Route const* instead_of, std::string_view option,
                          std::string_view target) {
  auto destination = instead_of ? instead_of->destination.text() : "0.0.0.0/0";
  return aws_command({"ec2", instead_of ? "replace-route" : "create-route", "--route-table-id",
                      from.table->id.text(), "--destination-cidr-block", destination, option, target});
}

NatGateway const* working_nat_gateway(Network const& network, VpcId const& vpc) {
  for (auto& gateway : network.nat_gateways) {
    auto* subnet = network.subnets.find(gateway.subnet);
    bool works = gateway.state == NatState::available && gateway.is_public && subnet && subnet->vpc == vpc &&
                 network.is_public(*subnet);
    if (works) return &gateway;
  }
  return nullptr;
}

std::string free_allocation(Network const& network, Mend& mend) {
  for (auto& address : network.elastic_addresses) {
    if (!address.interface) return address.id.text();
  }
  mend.commands.push_back(aws_command({"ec2", "allocate-address", "--domain", "vpc"}));
  return "<allocation-id>";
}

std::string public_subnet(Network const& network, VpcId const& vpc) {
  for (auto& subnet : network.subnets) {
    if (subnet.vpc == vpc && network.is_public(subnet)) return subnet.id.text();
  }
  return "<public-subnet-id>";
}

// "8--1" is how the CLI takes an ICMP type with any code.
std::string port_text(Flow const& flow) {
  bool is_icmp = flow.protocol == Protocol::icmp || flow.protocol == Protocol::icmp_v6;
  return std::to_string(flow.port) + (is_icmp ? "--1" : "");
}

Mend mend_nat_gateway(Network const& network, Location const& from, Route const* instead_of) {
  Mend mend;
  auto allocation = free_allocation(network, mend);
  mend.commands.push_back(aws_command({"ec2", "create-nat-gateway", "--subnet-id",
                                       public_subnet(network, from.vpc->id), "--allocation-id", allocation}));
  mend.commands.push_back(route_command(from, instead_of, "--nat-gateway-id", "<nat-gateway-id>"));
  return mend;
}

}  // namespace

std::string Mend::text() const {
  return fmt::format("{}", fmt::join(commands, "\n"));
}

std::string aws_command(std::initializer_list<std::string_view> arguments) {
  std::string command = "aws";
  for (auto argument : arguments) command += " " + quoted(argument);
  return command;
}

Mend mend_rule(std::vector<SecurityGroupId> const& groups, Direction direction, Flow const& flow,
               Peer const& peer) {
  auto group = groups.empty() ? "<group-id>" : groups.front().text();
  auto anywhere = direction == Direction::egress ? "0.0.0.0/0" : "<your-address>/32";
  auto block = peer.address == the_internet() ? anywhere : Cidr::of(peer.address).text();
  auto [option, value] = peer.groups.empty() ? std::pair("--cidr", block)
                                             : std::pair("--source-group", peer.groups.front().text());
  return {{aws_command({"ec2", fmt::format("authorize-security-group-{}", to_string(direction)), "--group-id",
                        group, "--protocol", to_string(flow.protocol), "--port", port_text(flow), option,
                        value})}};
}

Mend mend_way_out(Network const& network, Location const& from, Route const* instead_of) {
  if (!network.gateway_of(from.vpc->id)) return mend_internet_gateway(network, from.vpc->id);
  if (network.public_address(*from.interface)) return mend_route_to_gateway(network, from, instead_of);
  if (auto* gateway = working_nat_gateway(network, from.vpc->id)) {
    return {{route_command(from, instead_of, "--nat-gateway-id", gateway->id.text())}};
  }
  return mend_nat_gateway(network, from, instead_of);
}

Mend mend_route_to_gateway(Network const& network, Location const& from, Route const* instead_of) {
  auto* gateway = network.gateway_of(from.vpc->id);
  return {{route_command(from, instead_of, "--gateway-id",
                         gateway ? gateway->id.text() : "<internet-gateway-id>")}};
}

Mend mend_internet_gateway(Network const& network, VpcId const& vpc) {
  Mend mend;
  std::string id = "<internet-gateway-id>";
  auto free = std::ranges::find(network.internet_gateways, std::optional<VpcId>(), &InternetGateway::vpc);
  if (free != network.internet_gateways.end()) {
    id = free->id.text();
  } else {
    mend.commands.push_back(aws_command({"ec2", "create-internet-gateway"}));
  }
  mend.commands.push_back(
      aws_command({"ec2", "attach-internet-gateway", "--internet-gateway-id", id, "--vpc-id", vpc.text()}));
  return mend;
}

Mend mend_public_address(Network const& network, InterfaceId const& interface) {
  Mend mend;
  auto allocation = free_allocation(network, mend);
  mend.commands.push_back(aws_command({"ec2", "associate-address", "--allocation-id", allocation,
                                       "--network-interface-id", interface.text()}));
  return mend;
}

}  // namespace fumidai::network
