#include "networks/vpcs.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

constexpr std::size_t kMostVpcs = 100;
constexpr std::ptrdiff_t kMostSubnets = 200;  // of a VPC

// IPv4 addresses as numbers, to count with.
std::uint32_t number_of(Address const& address) {
  return std::uint32_t{address.bytes[0]} << 24 | std::uint32_t{address.bytes[1]} << 16 |
         std::uint32_t{address.bytes[2]} << 8 | std::uint32_t{address.bytes[3]};
}

Address address_of(std::uint32_t number) {
  Address address;
  for (std::size_t i = 0; i < 4; i++) address.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return address;
}

std::uint32_t size_of(Cidr const& block) {
  return std::uint32_t{1} << (32 - block.prefix);
}

Result<Cidr> parse_block(std::string const& text) {
  auto block = Cidr::parse(text);
  if (!block || block->base.is_v6 || text.find('/') == text.npos)
    return invalid_parameter("Value (" + escaped(text, 64) +
                             ") for parameter cidrBlock is invalid. This is not a valid CIDR block.");
  return block->masked();
}

bool is_size_allowed(Cidr const& block) {
  return block.prefix >= 16 && block.prefix <= 28;
}

// No host can have an address of these, on AWS or here.
bool is_for_hosts(Cidr const& block) {
  constexpr char const* kNone[] = {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"};
  return std::ranges::none_of(kNone, [&](auto* none) { return Cidr::parse(none)->overlaps(block); });
}

bool is_reserved(network::Subnet const& subnet, Address const& address) {
  auto offset = number_of(address) - number_of(subnet.cidr.base);
  return offset < 4 || offset == size_of(subnet.cidr) - 1;
}

bool is_taken(State const& state, network::Subnet const& subnet, Address const& address) {
  return std::ranges::any_of(state.network.interfaces, [&](auto const& interface) {
    return interface.subnet == subnet.id && interface.private_address == address;
  });
}

// EC2 lets everything out, and in from the group itself.
network::SecurityGroup default_group(network::VpcId const& vpc) {
  network::SecurityGroupId id(new_id(kSecurityGroup));
  auto rule = [](network::Direction direction, std::variant<Cidr, network::SecurityGroupId> peer) {
    return network::SecurityRule{network::SecurityRuleId(new_id(kSecurityRule)),
                                 direction,
                                 network::Protocol::all,
                                 {},
                                 std::move(peer)};
  };
  return {
      id,
      vpc,
      "default",
      "default VPC security group",
      {rule(network::Direction::ingress, id), rule(network::Direction::egress, *Cidr::parse("0.0.0.0/0"))}};
}

// What has to go before its VPC can; the main table and the default group go with it.
bool is_in_use(State const& state, network::VpcId const& vpc) {
  auto const& network = state.network;
  auto of_vpc = [&](auto const& part) { return part.vpc == vpc; };
  auto live_endpoint = [&](auto const& endpoint) {
    return endpoint.vpc == vpc && endpoint.state != network::EndpointState::deleted;
  };
  auto live_door = [&](auto const& endpoint) {
    return endpoint.vpc == vpc && endpoint.state != network::ConnectEndpointState::delete_complete;
  };
  return std::ranges::any_of(network.subnets, of_vpc) ||
         std::ranges::any_of(network.internet_gateways, of_vpc) ||
         std::ranges::any_of(network.endpoints, live_endpoint) ||
         std::ranges::any_of(network.connect_endpoints, live_door) ||
         std::ranges::any_of(network.route_tables,
                             [&](auto const& table) { return table.vpc == vpc && !table.main; }) ||
         std::ranges::any_of(network.security_groups,
                             [&](auto const& group) { return group.vpc == vpc && group.name != "default"; });
}

void drop_tags_of_rules(State& state, network::VpcId const& vpc) {
  for (auto const& group : state.network.security_groups) {
    if (group.vpc != vpc) continue;
    for (auto const& rule : group.rules) drop_tags(state, rule.id.text());
  }
}

// All parts of a VPC of one kind, and their tags.
template <class Value>
void erase_parts(State& state, Table<Value>& table, network::VpcId const& vpc) {
  std::vector<typename Table<Value>::Key> gone;
  for (auto const& part : table) {
    if (part.vpc == vpc) gone.push_back(part.id);
  }
  for (auto const& id : gone) {
    table.erase(id);
    drop_tags(state, id.text());
  }
}

}  // namespace

Result<network::VpcId> create_vpc(State& state, std::string const& cidr_block) {
  TRY(auto block, parse_block(cidr_block));
  if (!is_size_allowed(block) || !is_for_hosts(block))
    return Error{Errc::invalid, "The CIDR '" + block.text() + "' is invalid.", "InvalidVpc.Range"};
  if (state.network.vpcs.size() >= kMostVpcs)
    return Error{Errc::limit_exceeded, "The maximum number of VPCs has been reached.", "VpcLimitExceeded"};
  network::VpcId id(new_id(kVpc));
  state.network.vpcs.put({id, block, true, false, "acl-" + id.text().substr(4)});
  state.network.route_tables.put({network::RouteTableId(new_id(kRouteTable)), id,
                                  network::TableAssociationId(new_id(kTableAssociation))});
  state.network.security_groups.put(default_group(id));
  return id;
}

Result<void> delete_vpc(State& state, std::string const& id) {
  TRY(auto* vpc, find(state.network.vpcs, id));
  auto key = vpc->id;
  if (is_in_use(state, key))
    return dependency_violation("The vpc '" + id + "' has dependencies and cannot be deleted.");
  erase_parts(state, state.network.route_tables, key);
  drop_tags_of_rules(state, key);
  erase_parts(state, state.network.security_groups, key);
  erase_parts(state, state.network.endpoints, key);  // deleted ones that are still shown
  erase_parts(state, state.network.connect_endpoints, key);
  drop_tags(state, vpc->acl);
  state.network.vpcs.erase(key);
  drop_tags(state, id);
  return success();
}

Result<void> modify_vpc(State& state, std::string const& id, VpcAttributes const& attributes) {
  TRY(auto* vpc, find(state.network.vpcs, id));
  if (attributes.dns_support.has_value() == attributes.dns_hostnames.has_value())
    return Error{Errc::invalid, "Exactly one attribute may be modified per call.",
                 "InvalidParameterCombination"};
  if (attributes.dns_support) vpc->dns_support = *attributes.dns_support;
  if (attributes.dns_hostnames) vpc->dns_hostnames = *attributes.dns_hostnames;
  return success();
}

std::vector<std::string> zones_of(std::string_view region) {
  std::vector<std::string> zones;
  for (char letter : {'a', 'b', 'c'}) zones.push_back(std::string(region) + letter);
  return zones;
}

// us-east-1a is use1-az1: two letters, the first of each further word, the number.
std::string zone_id(std::string_view region, std::string_view zone) {
  std::string id;
  for (auto word : split(region, '-')) id += id.empty() ? word.substr(0, 2) : word.substr(0, 1);
  return id + "-az" + std::to_string(zone.back() - 'a' + 1);
}

Result<network::SubnetId> create_subnet(State& state, NewSubnet const& subnet) {
  TRY(auto* vpc, find(state.network.vpcs, subnet.vpc));
  TRY(auto block, parse_block(subnet.cidr_block));
  if (!is_size_allowed(block) || !vpc->cidr.contains(block))
    return Error{Errc::invalid, "The CIDR '" + block.text() + "' is invalid.", "InvalidSubnet.Range"};
  auto overlaps = [&](auto const& other) { return other.vpc == vpc->id && other.cidr.overlaps(block); };
  if (std::ranges::any_of(state.network.subnets, overlaps))
    return Error{Errc::conflict, "The CIDR '" + block.text() + "' conflicts with another subnet",
                 "InvalidSubnet.Conflict"};
  auto zones = zones_of(state.network.region);
  auto zone = subnet.zone.empty() ? zones.front() : subnet.zone;
  if (std::ranges::find(zones, zone) == zones.end())
    return invalid_parameter(
        "Value (" + escaped(zone, 64) +
        ") for parameter availabilityZone is invalid. Subnets can currently only be created in "
        "the following availability zones: " +
        zones[0] + ", " + zones[1] + ", " + zones[2] + ".");
  if (std::ranges::count(state.network.subnets, vpc->id, &network::Subnet::vpc) >= kMostSubnets)
    return Error{Errc::limit_exceeded,
                 "The maximum number of subnets of " + subnet.vpc + " has been reached.",
                 "SubnetLimitExceeded"};
  network::SubnetId id(new_id(kSubnet));
  state.network.subnets.put({id, vpc->id, block, zone});
  return id;
}

Result<void> delete_subnet(State& state, std::string const& id) {
  TRY(auto* subnet, find(state.network.subnets, id));
  auto key = subnet->id;
  auto in_it = [&](auto const& interface) { return interface.subnet == key; };
  if (std::ranges::any_of(state.network.interfaces, in_it))
    return dependency_violation("The subnet '" + id + "' has dependencies and cannot be deleted.");
  for (auto const& table : state.network.route_tables) {
    if (table.serves(key))
      std::erase_if(state.network.route_tables.find(table.id)->associations,
                    [&](auto& association) { return association.subnet == key; });
  }
  state.network.subnets.erase(key);
  drop_tags(state, id);
  return success();
}

std::int64_t free_addresses(State const& state, network::Subnet const& subnet) {
  auto taken = std::ranges::count(state.network.interfaces, subnet.id, &network::NetworkInterface::subnet);
  return std::int64_t{size_of(subnet.cidr)} - 5 - taken;
}

Result<Address> take_address(State const& state, network::Subnet const& subnet) {
  auto first = number_of(subnet.cidr.base);
  for (auto number = first + 4; number < first + size_of(subnet.cidr) - 1; number++) {
    auto address = address_of(number);
    if (!is_taken(state, subnet, address)) return address;
  }
  return Error{
      Errc::limit_exceeded,
      "There are not enough free addresses in subnet '" + subnet.id.text() + "' to satisfy the request.",
      "InsufficientFreeAddressesInSubnet"};
}

Result<Address> take_address(State const& state, network::Subnet const& subnet, std::string const& wanted) {
  auto address = Address::parse(wanted);
  if (!address || address->is_v6)
    return invalid_parameter("Value (" + escaped(wanted, 64) +
                             ") for parameter privateIpAddress is invalid. It is not an IPv4 address.");
  if (!subnet.cidr.contains(*address))
    return invalid_parameter("Address does not fall within the subnet's address range");
  if (is_reserved(subnet, *address))
    return invalid_parameter("Address is in subnet's reserved address range");
  if (is_taken(state, subnet, *address))
    return Error{Errc::conflict, "Address " + address->text() + " is in use.", "InvalidIPAddress.InUse"};
  return *address;
}

}  // namespace fumidai::networks
