#include "api/ec2/instance_description.h"

#include "base/bytes.h"
#include "networks/images.h"

namespace fumidai::api::ec2 {

namespace {

std::string on_or_off(bool on) {
  return on ? "enabled" : "disabled";
}

Result<bool> is_on(std::string_view parameter, std::string const& value, std::string_view on,
                   std::string_view off) {
  if (value == on) return true;
  if (value == off) return false;
  return networks::invalid_parameter("Value (" + escaped(value, 64) + ") for parameter " +
                                     std::string(parameter) + " is invalid. It is " + std::string(on) +
                                     " or " + std::string(off) + ".");
}

std::optional<PublicAssociation> association_of(State const& state, Call const& call, network::Vpc const& vpc,
                                                network::NetworkInterface const& interface) {
  auto address = state.network.public_address(interface);
  if (!address) return {};
  auto owner =
      state.network.elastic_address_of(interface.id) ? call.plane.deployment.region.account : "amazon";
  auto name = vpc.dns_hostnames ? networks::public_host_name(state.network.region, *address) : "";
  return PublicAssociation{owner, name, address->text()};
}

InstanceInterface describe_interface(State const& state, Call const& call, networks::Launch const& launch,
                                     network::Location const& location) {
  auto const& interface = *location.interface;
  InstanceInterface description;
  description.network_interface_id = interface.id.text();
  description.subnet_id = interface.subnet.text();
  description.vpc_id = location.vpc->id.text();
  description.description = interface.description;
  description.owner_id = call.plane.deployment.region.account;
  description.mac_address = network::mac_address(interface.id);
  description.private_ip_address = interface.private_address.text();
  description.private_dns_name = networks::private_host_name(state.network.region, interface.private_address);
  description.source_dest_check = state.network.instances.find(launch.id)->source_dest_check;
  description.group_set = group_references(state, interface);
  description.attachment.attachment_id = interface.attachment;
  description.attachment.attach_time = launch.launched_at;
  description.association = association_of(state, call, *location.vpc, interface);
  description.private_ip_addresses_set = {
      {description.private_ip_address, description.private_dns_name, true, description.association}};
  return description;
}

// Where it is; of a terminated one, nothing.
void describe_place(State const& state, Call const& call, networks::Launch const& launch,
                    network::Location const& location, InstanceDescription& description) {
  auto interface = describe_interface(state, call, launch, location);
  description.private_dns_name = interface.private_dns_name;
  description.placement.availability_zone = location.subnet->zone;
  description.subnet_id = interface.subnet_id;
  description.vpc_id = interface.vpc_id;
  description.private_ip_address = interface.private_ip_address;
  if (interface.association) {
    description.ip_address = interface.association->public_ip;
    description.dns_name = interface.association->public_dns_name;
  }
  description.group_set = interface.group_set;
  description.network_interface_set.push_back(std::move(interface));
}

}  // namespace

std::vector<GroupReference> group_references(State const& state, network::NetworkInterface const& interface) {
  std::vector<GroupReference> groups;
  for (auto const& id : interface.groups) {
    auto const* group = state.network.security_groups.find(id);
    groups.push_back({id.text(), group ? group->name : ""});
  }
  return groups;
}

MetadataDescription describe_metadata(networks::MetadataOptions const& options) {
  MetadataDescription description;
  description.http_tokens = options.tokens_required ? "required" : "optional";
  description.http_endpoint = on_or_off(options.enabled);
  description.instance_metadata_tags = on_or_off(options.tags);
  description.http_put_response_hop_limit = options.hop_limit;
  return description;
}

Result<networks::MetadataOptions> changed(networks::MetadataOptions options, MetadataRequest const& request) {
  if (request.http_tokens) {
    TRY(options.tokens_required, is_on("HttpTokens", *request.http_tokens, "required", "optional"));
  }
  if (request.http_endpoint) {
    TRY(options.enabled, is_on("HttpEndpoint", *request.http_endpoint, "enabled", "disabled"));
  }
  if (request.instance_metadata_tags) {
    TRY(options.tags, is_on("InstanceMetadataTags", *request.instance_metadata_tags, "enabled", "disabled"));
  }
  options.hop_limit = request.http_put_response_hop_limit.value_or(options.hop_limit);
  return options;
}

InstanceDescription describe(State const& state, Call const& call, Profiles const& profiles,
                             networks::Launch const& launch) {
  auto const& instance = *state.network.instances.find(launch.id);
  InstanceDescription description;
  description.instance_id = launch.id.text();
  description.image_id = launch.image;
  description.instance_state = describe_state(instance.state);
  if (!launch.reason.empty()) {
    description.reason = "User initiated (" + to_iso_seconds(launch.state_since) + ")";
    if (!launch.reason_code.starts_with("Client.")) description.reason = launch.reason_code;
    description.state_reason = StateReason{launch.reason_code, launch.reason};
  }
  if (!instance.key_name.empty()) description.key_name = instance.key_name;
  description.ami_launch_index = launch.index;
  description.instance_type = instance.type;
  description.launch_time = launch.launched_at;
  description.source_dest_check = instance.source_dest_check;
  description.architecture = networks::architecture();
  description.root_device_name = networks::images()[0].root_device;
  description.client_token = launch.client_token;
  description.tag_set = tags_of(state, launch.id.text());
  if (instance.profile) description.iam_instance_profile = profiles.of(instance.profile->name);
  description.metadata_options = describe_metadata(launch.metadata);
  if (auto location = state.network.locate(instance.interface))
    describe_place(state, call, launch, *location, description);
  return description;
}

}  // namespace fumidai::api::ec2
