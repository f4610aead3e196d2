#pragma once

// An instance as answers describe it: when it is launched, and later.

#include "api/ec2/instance_profile.h"
#include "networks/instances.h"

namespace fumidai::api::ec2 {

struct GroupReference {
  std::string group_id, group_name;
};
BOOST_DESCRIBE_STRUCT(GroupReference, (), (group_id, group_name))

std::vector<GroupReference> group_references(State const& state, network::NetworkInterface const& interface);

struct StateDescription {
  std::int64_t code = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(StateDescription, (), (code, name))

inline StateDescription describe_state(networks::InstanceState state) {
  return {networks::code_of(state), std::string(to_string(state))};
}

struct StateReason {
  std::string code, message;
};
BOOST_DESCRIBE_STRUCT(StateReason, (), (code, message))

struct Placement {
  std::string availability_zone, group_name, tenancy = "default";
};
BOOST_DESCRIBE_STRUCT(Placement, (), (availability_zone, group_name, tenancy))

struct Monitoring {
  std::string state = "disabled";
};
BOOST_DESCRIBE_STRUCT(Monitoring, (), (state))

struct MetadataDescription {
  std::string state = "applied", http_tokens, http_endpoint, http_protocol_ipv6 = "disabled",
              instance_metadata_tags;
  std::int64_t http_put_response_hop_limit = 1;
};
BOOST_DESCRIBE_STRUCT(MetadataDescription, (),
                      (state, http_tokens, http_put_response_hop_limit, http_endpoint, http_protocol_ipv6,
                       instance_metadata_tags))

MetadataDescription describe_metadata(networks::MetadataOptions const& options);

// As requests set them; what is absent stays as it is.
struct MetadataRequest {
  std::optional<std::string> http_tokens, http_endpoint, instance_metadata_tags;
  std::optional<std::int64_t> http_put_response_hop_limit;
};
BOOST_DESCRIBE_STRUCT(MetadataRequest, (),
                      (http_tokens, http_endpoint, instance_metadata_tags, http_put_response_hop_limit))

// Error: InvalidParameterValue.
Result<networks::MetadataOptions> changed(networks::MetadataOptions options, MetadataRequest const& request);

struct PublicAssociation {
  std::string ip_owner_id, public_dns_name, public_ip;
};
BOOST_DESCRIBE_STRUCT(PublicAssociation, (), (ip_owner_id, public_dns_name, public_ip))

struct InterfaceAttachment {
  std::string attachment_id, status = "attached";
  std::int64_t device_index = 0, network_card_index = 0;
  Time attach_time{};
  bool delete_on_termination = true;
};
BOOST_DESCRIBE_STRUCT(InterfaceAttachment, (),
                      (attachment_id, device_index, network_card_index, status, attach_time,
                       delete_on_termination))

struct PrivateAddress {
  std::string private_ip_address, private_dns_name;
  bool primary = true;
  std::optional<PublicAssociation> association;
};
BOOST_DESCRIBE_STRUCT(PrivateAddress, (), (private_ip_address, private_dns_name, primary, association))

struct InstanceInterface {
  std::string network_interface_id, subnet_id, vpc_id, description, owner_id, status = "in-use",
                                                                              interface_type = "interface";
  std::string mac_address, private_ip_address, private_dns_name;
  bool source_dest_check = true;
  std::vector<GroupReference> group_set;
  InterfaceAttachment attachment;
  std::optional<PublicAssociation> association;
  std::vector<PrivateAddress> private_ip_addresses_set;
};
BOOST_DESCRIBE_STRUCT(InstanceInterface, (),
                      (network_interface_id, subnet_id, vpc_id, description, owner_id, status, interface_type,
                       mac_address, private_ip_address, private_dns_name, source_dest_check, group_set,
                       attachment, association, private_ip_addresses_set))

struct InstanceDescription {
  std::string instance_id, image_id;
  StateDescription instance_state;
  std::string private_dns_name, dns_name, reason;
  std::optional<std::string> key_name;
  std::int64_t ami_launch_index = 0;
  std::vector<Nothing> product_codes;
  std::string instance_type;
  Time launch_time{};
  Placement placement;
  Monitoring monitoring;
  std::optional<std::string> subnet_id, vpc_id, private_ip_address, ip_address;
  bool source_dest_check = true;
  std::vector<GroupReference> group_set;
  std::optional<StateReason> state_reason;
  std::string architecture, root_device_type = "ebs", root_device_name;
  std::vector<Nothing> block_device_mapping;
  std::string virtualization_type = "hvm", hypervisor = "xen", client_token;
  std::vector<Tag> tag_set;
  std::vector<InstanceInterface> network_interface_set;
  std::optional<ProfileReference> iam_instance_profile;
  bool ebs_optimized = false, ena_support = true;
  MetadataDescription metadata_options;
  std::string platform_details = "Linux/UNIX", usage_operation = "RunInstances";
};
BOOST_DESCRIBE_STRUCT(InstanceDescription, (),
                      (instance_id, image_id, instance_state, private_dns_name, dns_name, reason, key_name,
                       ami_launch_index, product_codes, instance_type, launch_time, placement, monitoring,
                       subnet_id, vpc_id, private_ip_address, ip_address, source_dest_check, group_set,
                       state_reason, architecture, root_device_type, root_device_name, block_device_mapping,
                       virtualization_type, hypervisor, client_token, tag_set, network_interface_set,
                       iam_instance_profile, ebs_optimized, ena_support, metadata_options, platform_details,
                       usage_operation))

// Instances that were launched together.
struct ReservationDescription {
  std::string reservation_id, owner_id;
  std::vector<Nothing> group_set;  // groups without a VPC, which there are none of
  std::vector<InstanceDescription> instances_set;
};
BOOST_DESCRIBE_STRUCT(ReservationDescription, (), (reservation_id, owner_id, group_set, instances_set))

InstanceDescription describe(State const& state, Call const& call, Profiles const& profiles,
                             networks::Launch const& launch);

}  // namespace fumidai::api::ec2
