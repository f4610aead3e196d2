// RunInstances.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/instance_description.h"
#include "api/lab.h"
#include "networks/client_tokens.h"
#include "networks/images.h"

namespace fumidai::api::ec2 {

namespace {

struct PrivateAddressSpecification {
  std::string private_ip_address;
};
BOOST_DESCRIBE_STRUCT(PrivateAddressSpecification, (), (private_ip_address))

struct InterfaceSpecification {
  std::int64_t device_index = 0;
  std::optional<std::string> network_interface_id, subnet_id, private_ip_address;
  std::optional<bool> associate_public_ip_address;
  std::vector<std::string> security_group_id;
  std::vector<PrivateAddressSpecification> private_ip_addresses;  // where the AWS CLI puts the one
  static constexpr wire::Limit kLimits[] = {{"security_group_id", 0, 16}, {"private_ip_addresses", 0, 1}};
};
BOOST_DESCRIBE_STRUCT(InterfaceSpecification, (),
                      (device_index, network_interface_id, subnet_id, private_ip_address,
                       associate_public_ip_address, security_group_id, private_ip_addresses))

struct RunInstancesRequest {
  std::string image_id;
  std::optional<std::int64_t> min_count, max_count;
  std::optional<std::string> instance_type, key_name, subnet_id, private_ip_address, client_token;
  std::vector<std::string> security_group_id, security_group;
  Secret user_data;  // base64; often there is a password in it
  std::optional<ProfileName> iam_instance_profile;
  MetadataRequest metadata_options;
  std::vector<InterfaceSpecification> network_interface;
  std::vector<TagSpecification> tag_specification;
  std::optional<bool> disable_api_termination;
  static constexpr wire::Limit kLimits[] = {{"image_id", 1, 255, wire::required},
                                            {"min_count", 1, 1000, wire::required},
                                            {"max_count", 1, 1000, wire::required},
                                            {"security_group_id", 0, 16},
                                            {"network_interface", 0, 1},
                                            {"client_token", 0, 64}};
};
BOOST_DESCRIBE_STRUCT(RunInstancesRequest, (),
                      (image_id, min_count, max_count, instance_type, key_name, subnet_id, private_ip_address,
                       client_token, security_group_id, security_group, user_data, iam_instance_profile,
                       metadata_options, network_interface, tag_specification, disable_api_termination))

// Where the subnet and the groups are: at the interface, or without one at the top.
struct Place {
  std::string subnet, private_address;
  std::vector<std::string> groups;
  std::optional<bool> public_address;
};

Place place_of(RunInstancesRequest const& request) {
  if (request.network_interface.empty())
    return {request.subnet_id.value_or(""),
            request.private_ip_address.value_or(""),
            request.security_group_id,
            {}};
  auto const& interface = request.network_interface[0];
  auto address = interface.private_ip_address.value_or("");
  if (address.empty() && !interface.private_ip_addresses.empty())
    address = interface.private_ip_addresses[0].private_ip_address;
  return {interface.subnet_id.value_or(""), std::move(address), interface.security_group_id,
          interface.associate_public_ip_address};
}

Error wrong_combination(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidParameterCombination"};
}

Result<void> check_place(RunInstancesRequest const& request) {
  if (!request.security_group.empty())
    return wrong_combination("The parameter groupName cannot be used with the parameter subnet");
  if (request.network_interface.empty()) return success();
  auto refused = [](std::string_view what) {
    return wrong_combination("Network interfaces and an instance-level " + std::string(what) +
                             " may not be specified on the same request");
  };
  if (!request.security_group_id.empty()) return refused("security groups");
  if (request.subnet_id) return refused("subnet ID");
  if (request.private_ip_address) return refused("private IP address");
  auto const& interface = request.network_interface[0];
  if (interface.network_interface_id)
    return Error{Errc::unsupported,
                 "Instances cannot be launched with an interface that is there. Name a subnet for a new one.",
                 "UnsupportedOperation"};
  if (interface.device_index != 0)
    return networks::invalid_parameter(
        "Value (" + std::to_string(interface.device_index) +
        ") for parameter deviceIndex is invalid. An instance has one interface, "
        "with the index 0.");
  return success();
}

struct SpecificationsOfLaunch {
  std::vector<TagSpecification> instance, interface;
};

SpecificationsOfLaunch specifications_of(RunInstancesRequest const& request) {
  SpecificationsOfLaunch of;
  for (auto const& specification : request.tag_specification)
    (specification.resource_type == "network-interface" ? of.interface : of.instance)
        .push_back(specification);
  return of;
}

// All that AWS asks about (api-surface.md 4.4).
Result<void> new_instances(store::Transaction& transaction, Call const& call,
                           RunInstancesRequest const& request, sessions::Ask& ask) {
  auto place = place_of(request);
  auto image = networks::resolve_image(request.image_id);
  ask.resources = {arn_of(call, networks::kImage, image ? *image : request.image_id),
                   arn_of(call, networks::kInstance, "*"), arn_of(call, networks::kNetworkInterface, "*"),
                   "arn:aws:ec2:" + call.plane.deployment.region.name + ":" +
                       call.plane.deployment.region.account + ":volume/*",
                   arn_of(call, networks::kSubnet, place.subnet)};
  for (auto const& id : place.groups) ask.resources.push_back(arn_of(call, networks::kSecurityGroup, id));
  if (request.key_name) ask.resources.push_back(arn_of(call, networks::kKeyPair, *request.key_name));
  ask.context["ec2:InstanceType"] = {request.instance_type.value_or(networks::NewInstances().type)};
  auto specifications = specifications_of(request);
  tell_new_tags(call, networks::kInstance, specifications.instance, ask);
  tell_new_tags(call, networks::kNetworkInterface, specifications.interface, ask);
  // Who lets a parameter name the image must be allowed to read it.
  if (auto parameter = networks::parameter_of(request.image_id); !parameter.empty())
    ask.also.push_back(
        {"ssm:GetParameters",
         "arn:aws:ssm:" + call.plane.deployment.region.name + "::parameter" + std::string(parameter),
         {}});
  if (request.iam_instance_profile)
    CHECK(tell_profile(transaction, call, *request.iam_instance_profile, ask));
  return success();
}

struct TagsOfLaunch {
  networks::Tags instance, interface;
};

Result<TagsOfLaunch> tags_of_launch(RunInstancesRequest const& request) {
  auto specifications = specifications_of(request);
  TagsOfLaunch tags;
  TRY(tags.interface, tags_for(specifications.interface, networks::kNetworkInterface));
  TRY(tags.instance, tags_for(specifications.instance, networks::kInstance));
  return tags;
}

Result<networks::NewInstances> wanted_by(store::Transaction& transaction, Call const& call,
                                         RunInstancesRequest const& request) {
  CHECK(check_place(request));
  auto place = place_of(request);
  networks::NewInstances wanted;
  TRY(wanted.image, networks::resolve_image(request.image_id));
  wanted.type = request.instance_type.value_or(wanted.type);
  wanted.subnet = place.subnet;
  wanted.groups = place.groups;
  wanted.private_address = place.private_address;
  wanted.public_address = place.public_address;
  wanted.key_name = request.key_name.value_or("");
  wanted.user_data = request.user_data.reveal();
  if (request.iam_instance_profile) {
    TRY(wanted.profile, find_profile(transaction, call, *request.iam_instance_profile));
  }
  TRY(wanted.metadata, changed({}, request.metadata_options));
  wanted.is_protected = request.disable_api_termination.value_or(false);
  wanted.client_token = request.client_token.value_or("");
  wanted.least = *request.min_count;
  wanted.most = *request.max_count;
  return wanted;
}

Result<networks::Ids> launch(State& state, Call const& call, networks::NewInstances const& wanted,
                             TagsOfLaunch const& tags) {
  TRY(auto made, networks::run_instances(state, wanted, call.caller.at));
  networks::Ids ids;
  for (auto const& id : made) {
    CHECK(networks::put_tags(state, id.text(), tags.instance));
    CHECK(networks::put_tags(state, state.network.instances.find(id)->interface.text(), tags.interface));
    ids.push_back(id.text());
  }
  return ids;
}

Result<ReservationDescription> describe_launch(State& state, Call const& call, Profiles const& profiles,
                                               networks::Ids const& ids) {
  ReservationDescription reservation;
  reservation.owner_id = call.plane.deployment.region.account;
  for (auto const& id : ids) {
    TRY(auto found, networks::find_instance(state, id));
    reservation.reservation_id = found.launch->reservation;
    reservation.instances_set.push_back(describe(state, call, profiles, *found.launch));
  }
  return reservation;
}

// Without a lab what is wrong with the request is said first.
Result<ReservationDescription> run_instances(store::Transaction& transaction, Call const& call,
                                             RunInstancesRequest const& request) {
  TRY(auto wanted, wanted_by(transaction, call, request));
  TRY(auto tags, tags_of_launch(request));
  TRY(auto profiles, Profiles::read(transaction, call));
  return call.plane.networks.change(transaction, [&](State& state) -> Result<ReservationDescription> {
    networks::forget_terminated(state, call.caller.at);
    TRY(auto ids, networks::once(state, call.addressed.operation, request.client_token, digest_of(call),
                                 call.caller.at, [&] { return launch(state, call, wanted, tags); }));
    if (!call.plane.lab) return no_lab();
    return describe_launch(state, call, profiles, ids);
  });
}

}  // namespace

std::vector<Action> run_instances_actions() {
  return {changes(kEc2, "RunInstances", run_instances, new_instances)};
}

}  // namespace fumidai::api::ec2
