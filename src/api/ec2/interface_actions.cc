// Network interfaces: DescribeNetworkInterfaces.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/interfaces.h"
#include "networks/vpcs.h"

namespace fumidai::api::ec2 {

namespace {

struct InterfaceAssociation {
  std::optional<std::string> allocation_id, association_id;  // of an elastic address
  std::string ip_owner_id, public_ip;
  std::optional<std::string> public_dns_name;
};
BOOST_DESCRIBE_STRUCT(InterfaceAssociation, (),
                      (allocation_id, association_id, ip_owner_id, public_ip, public_dns_name))

struct InterfaceAttachment {
  std::string attachment_id;
  std::int64_t device_index = 0, network_card_index = 0;
  std::optional<std::string> instance_id;
  std::string instance_owner_id, status = "attached";
  std::optional<Time> attach_time;
  bool delete_on_termination = true;
};
BOOST_DESCRIBE_STRUCT(InterfaceAttachment, (),
                      (attachment_id, device_index, network_card_index, instance_id, instance_owner_id,
                       status, attach_time, delete_on_termination))

struct InterfaceGroup {
  std::string group_id, group_name;
};
BOOST_DESCRIBE_STRUCT(InterfaceGroup, (), (group_id, group_name))

struct PrivateAddress {
  std::string private_ip_address;
  std::optional<std::string> private_dns_name;
  bool primary = true;
  std::optional<InterfaceAssociation> association;
};
BOOST_DESCRIBE_STRUCT(PrivateAddress, (), (private_ip_address, private_dns_name, primary, association))

struct InterfaceDescription {
  std::string network_interface_id, subnet_id, vpc_id, availability_zone, availability_zone_id, description,
      owner_id, interface_type, status, mac_address, private_ip_address;
  std::optional<std::string> private_dns_name;
  bool requester_managed = false, source_dest_check = true;
  std::vector<InterfaceGroup> group_set;
  std::vector<PrivateAddress> private_ip_addresses_set;
  std::optional<InterfaceAssociation> association;
  std::optional<InterfaceAttachment> attachment;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &InterfaceDescription::network_interface_id;
};
BOOST_DESCRIBE_STRUCT(InterfaceDescription, (),
                      (network_interface_id, subnet_id, vpc_id, availability_zone, availability_zone_id,
                       description, owner_id, interface_type, status, mac_address, private_ip_address,
                       private_dns_name, requester_managed, source_dest_check, group_set,
                       private_ip_addresses_set, association, attachment, tag_set))

using Description = InterfaceDescription;

// The text of a member; of one that is in a part, where there is that part.
template <auto member>
Texts text(Description const& interface) {
  return texts_of(interface.*member);
}
template <auto part, auto member>
Texts text_in(Description const& interface) {
  return interface.*part ? texts_of((*(interface.*part)).*member) : Texts();
}
template <auto list, auto member>
Texts text_of_each(Description const& interface) {
  return texts_of(interface.*list, member);
}

std::vector<FilterKey<Description>> filter_keys(Description const*) {
  constexpr auto attachment = &Description::attachment;
  constexpr auto association = &Description::association;
  constexpr auto groups = &Description::group_set;
  return {{"network-interface-id", text<&Description::network_interface_id>},
          {"vpc-id", text<&Description::vpc_id>},
          {"subnet-id", text<&Description::subnet_id>},
          {"group-id", text_of_each<groups, &InterfaceGroup::group_id>},
          {"group-name", text_of_each<groups, &InterfaceGroup::group_name>},
          {"private-ip-address", text<&Description::private_ip_address>},
          {"addresses.private-ip-address", text<&Description::private_ip_address>},
          {"private-dns-name", text<&Description::private_dns_name>},
          {"description", text<&Description::description>},
          {"interface-type", text<&Description::interface_type>},
          {"status", text<&Description::status>},
          {"mac-address", text<&Description::mac_address>},
          {"availability-zone", text<&Description::availability_zone>},
          {"owner-id", text<&Description::owner_id>},
          {"requester-managed", text<&Description::requester_managed>},
          {"source-dest-check", text<&Description::source_dest_check>},
          {"attachment.attachment-id", text_in<attachment, &InterfaceAttachment::attachment_id>},
          {"attachment.instance-id", text_in<attachment, &InterfaceAttachment::instance_id>},
          {"attachment.status", text_in<attachment, &InterfaceAttachment::status>},
          {"association.allocation-id", text_in<association, &InterfaceAssociation::allocation_id>},
          {"association.association-id", text_in<association, &InterfaceAssociation::association_id>},
          {"association.public-ip", text_in<association, &InterfaceAssociation::public_ip>},
          {"addresses.association.public-ip", text_in<association, &InterfaceAssociation::public_ip>}};
}

network::Vpc const* vpc_of(State const& state, network::Subnet const* subnet) {
  return subnet ? state.network.vpcs.find(subnet->vpc) : nullptr;
}

std::optional<InterfaceAssociation> describe_association(State const& state, Call const& call,
                                                         network::NetworkInterface const& interface,
                                                         bool has_names) {
  auto address = state.network.public_address(interface);
  if (!address) return {};
  InterfaceAssociation association;
  association.public_ip = address->text();
  association.ip_owner_id = "amazon";
  if (has_names) association.public_dns_name = networks::public_name(state.network.region, *address);
  if (auto* elastic = state.network.elastic_address_of(interface.id)) {
    association.ip_owner_id = call.plane.deployment.region.account;
    association.allocation_id = elastic->id.text();
    association.association_id = elastic->association.text();
  }
  return association;
}

// Since when whoever has it is there.
std::optional<Time> attached_at(State const& state, network::InterfaceOwner const& owner) {
  if (auto* id = std::get_if<InstanceId>(&owner)) {
    auto* launch = state.launches.find(*id);
    if (launch) return launch->launched_at;
  } else if (auto* nat = std::get_if<network::NatGatewayId>(&owner)) {
    auto* gateway = state.network.nat_gateways.find(*nat);
    if (gateway) return gateway->created_at;
  } else if (auto* vpce = std::get_if<network::InterfaceEndpointId>(&owner)) {
    auto* endpoint = state.network.endpoints.find(*vpce);
    if (endpoint) return endpoint->created_at;
  } else if (auto* eice = std::get_if<network::ConnectEndpointId>(&owner)) {
    auto* endpoint = state.network.connect_endpoints.find(*eice);
    if (endpoint) return endpoint->created_at;
  }
  return {};
}

std::optional<InterfaceAttachment> describe_attachment(State const& state, Call const& call,
                                                       network::NetworkInterface const& interface) {
  if (std::holds_alternative<std::monostate>(interface.owner)) return {};
  InterfaceAttachment attachment;
  attachment.attachment_id = interface.attachment;
  attachment.instance_owner_id = "amazon-aws";
  attachment.attach_time = attached_at(state, interface.owner);
  if (auto* instance = std::get_if<InstanceId>(&interface.owner)) {
    attachment.instance_id = instance->text();
    attachment.instance_owner_id = call.plane.deployment.region.account;
  }
  return attachment;
}

bool checks_source(State const& state, network::InterfaceOwner const& owner) {
  if (std::holds_alternative<network::NatGatewayId>(owner)) return false;
  auto* instance = std::get_if<InstanceId>(&owner);
  auto* known = instance ? state.network.instances.find(*instance) : nullptr;
  return !known || known->source_dest_check;
}

std::vector<InterfaceGroup> interface_groups(State const& state, network::NetworkInterface const& interface) {
  std::vector<InterfaceGroup> groups;
  for (auto const& id : interface.groups) {
    auto* group = state.network.security_groups.find(id);
    groups.push_back({id.text(), group ? group->name : std::string()});
  }
  return groups;
}

Description describe(State const& state, Call const& call, network::NetworkInterface const& interface) {
  auto const& owner = interface.owner;
  bool is_free = std::holds_alternative<std::monostate>(owner),
       is_of_instance = std::holds_alternative<InstanceId>(owner);
  auto* subnet = state.network.subnets.find(interface.subnet);
  auto* vpc = vpc_of(state, subnet);
  bool has_names = vpc && vpc->has_private_dns();
  Description description;
  description.network_interface_id = interface.id.text();
  description.subnet_id = interface.subnet.text();
  if (vpc) description.vpc_id = vpc->id.text();
  if (subnet) {
    description.availability_zone = subnet->zone;
    description.availability_zone_id = networks::zone_id(state.network.region, subnet->zone);
  }
  description.description = interface.description;
  description.owner_id = call.plane.deployment.region.account;
  description.interface_type = network::type_of(owner);
  description.status = is_free ? "available" : "in-use";
  description.mac_address = network::mac_address(interface.id);
  description.private_ip_address = interface.private_address.text();
  if (has_names)
    description.private_dns_name = networks::private_name(state.network.region, interface.private_address);
  description.requester_managed = !is_free && !is_of_instance;
  description.source_dest_check = checks_source(state, owner);
  description.group_set = interface_groups(state, interface);
  description.association = describe_association(state, call, interface, has_names);
  description.private_ip_addresses_set = {
      {description.private_ip_address, description.private_dns_name, true, description.association}};
  description.attachment = describe_attachment(state, call, interface);
  description.tag_set = tags_of(state, interface.id.text());
  return description;
}

struct DescribeNetworkInterfacesRequest {
  std::vector<std::string> network_interface_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNetworkInterfacesRequest, (),
                      (network_interface_id, filter, max_results, next_token))

struct DescribeNetworkInterfacesResponse {
  std::vector<Description> network_interface_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNetworkInterfacesResponse, (), (network_interface_set, next_token))

Result<DescribeNetworkInterfacesResponse> describe_network_interfaces(
    State const& state, Call const& call, DescribeNetworkInterfacesRequest const& request) {
  std::vector<Description> all;
  for (auto const& interface : state.network.interfaces) all.push_back(describe(state, call, interface));
  return list_of<DescribeNetworkInterfacesResponse>(call, request, networks::kNetworkInterface,
                                                    request.network_interface_id, std::move(all));
}

}  // namespace

std::vector<Action> interface_actions() {
  return {looks(kEc2, "DescribeNetworkInterfaces", on_state<describe_network_interfaces>)};
}

}  // namespace fumidai::api::ec2
