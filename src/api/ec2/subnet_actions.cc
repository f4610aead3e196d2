// Subnets: CreateSubnet, DescribeSubnets, DeleteSubnet, ModifySubnetAttribute.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/vpcs.h"

namespace fumidai::api::ec2 {

namespace {

struct SubnetDescription {
  std::string subnet_id, subnet_arn, vpc_id, owner_id, state = "available", cidr_block, availability_zone,
                                                       availability_zone_id;
  std::int64_t available_ip_address_count = 0;
  bool default_for_az = false, map_public_ip_on_launch = false, assign_ipv6_address_on_creation = false;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &SubnetDescription::subnet_id;
};
BOOST_DESCRIBE_STRUCT(SubnetDescription, (),
                      (subnet_id, subnet_arn, vpc_id, owner_id, state, cidr_block, availability_zone,
                       availability_zone_id, available_ip_address_count, default_for_az,
                       map_public_ip_on_launch, assign_ipv6_address_on_creation, tag_set))

std::vector<FilterKey<SubnetDescription>> filter_keys(SubnetDescription const*) {
  auto zone = [](SubnetDescription const& subnet) { return Texts{subnet.availability_zone}; };
  auto cidr = [](SubnetDescription const& subnet) { return Texts{subnet.cidr_block}; };
  return {{"subnet-id", [](auto const& subnet) { return Texts{subnet.subnet_id}; }},
          {"subnet-arn", [](auto const& subnet) { return Texts{subnet.subnet_arn}; }},
          {"vpc-id", [](auto const& subnet) { return Texts{subnet.vpc_id}; }},
          {"state", [](auto const& subnet) { return Texts{subnet.state}; }},
          {"owner-id", [](auto const& subnet) { return Texts{subnet.owner_id}; }},
          {"availability-zone", zone},
          {"availabilityZone", zone},
          {"availability-zone-id", [](auto const& subnet) { return Texts{subnet.availability_zone_id}; }},
          {"cidr-block", cidr},
          {"cidr", cidr},
          {"cidrBlock", cidr},
          {"available-ip-address-count",
           [](auto const& subnet) { return Texts{std::to_string(subnet.available_ip_address_count)}; }},
          {"default-for-az", [](auto const&) { return Texts{"false"}; }},
          {"map-public-ip-on-launch",
           [](auto const& subnet) { return Texts{subnet.map_public_ip_on_launch ? "true" : "false"}; }}};
}

SubnetDescription describe(State const& state, Call const& call, network::Subnet const& subnet) {
  SubnetDescription description;
  description.subnet_id = subnet.id.text();
  description.subnet_arn = arn_of(call, networks::kSubnet, subnet.id.text());
  description.vpc_id = subnet.vpc.text();
  description.owner_id = call.plane.deployment.region.account;
  description.cidr_block = subnet.cidr.text();
  description.availability_zone = subnet.zone;
  description.availability_zone_id = networks::zone_id(state.network.region, subnet.zone);
  description.available_ip_address_count = networks::free_addresses(state, subnet);
  description.map_public_ip_on_launch = subnet.maps_public_ip;
  description.tag_set = tags_of(state, subnet.id.text());
  return description;
}

struct CreateSubnetRequest {
  std::string vpc_id, cidr_block, availability_zone, availability_zone_id;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required},
                                            {"cidr_block", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(CreateSubnetRequest, (),
                      (vpc_id, cidr_block, availability_zone, availability_zone_id, tag_specification))

struct CreateSubnetResponse {
  SubnetDescription subnet;
};
BOOST_DESCRIBE_STRUCT(CreateSubnetResponse, (), (subnet))

struct DescribeSubnetsRequest {
  std::vector<std::string> subnet_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSubnetsRequest, (), (subnet_id, filter, max_results, next_token))

struct DescribeSubnetsResponse {
  std::vector<SubnetDescription> subnet_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSubnetsResponse, (), (subnet_set, next_token))

struct DeleteSubnetRequest {
  std::string subnet_id;
  static constexpr wire::Limit kLimits[] = {{"subnet_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteSubnetRequest, (), (subnet_id))

struct ModifySubnetAttributeRequest {
  std::string subnet_id;
  AttributeValue map_public_ip_on_launch;
  static constexpr wire::Limit kLimits[] = {{"subnet_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ModifySubnetAttributeRequest, (), (subnet_id, map_public_ip_on_launch))

Result<void> new_subnet(store::Transaction&, Call const& call, CreateSubnetRequest const& request,
                        sessions::Ask& ask) {
  tell_new(call, networks::kSubnet, request.tag_specification, ask);
  ask.resources.push_back(arn_of(call, networks::kVpc, request.vpc_id));
  return success();
}

// By its name, or by its id.
std::string zone_of(State const& state, CreateSubnetRequest const& request) {
  for (auto const& zone : networks::zones_of(state.network.region)) {
    if (networks::zone_id(state.network.region, zone) == request.availability_zone_id) return zone;
  }
  return request.availability_zone_id.empty() ? request.availability_zone : request.availability_zone_id;
}

Result<CreateSubnetResponse> create_subnet(State& state, Call const& call,
                                           CreateSubnetRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kSubnet));
  TRY(auto id, networks::create_subnet(state, {request.vpc_id, request.cidr_block, zone_of(state, request)}));
  CHECK(networks::put_tags(state, id.text(), tags));
  return CreateSubnetResponse{describe(state, call, *state.network.subnets.find(id))};
}

Result<DescribeSubnetsResponse> describe_subnets(State const& state, Call const& call,
                                                 DescribeSubnetsRequest const& request) {
  std::vector<SubnetDescription> all;
  for (auto const& subnet : state.network.subnets) all.push_back(describe(state, call, subnet));
  return list_of<DescribeSubnetsResponse>(call, request, networks::kSubnet, request.subnet_id,
                                          std::move(all));
}

Result<Done> delete_subnet(State& state, Call const&, DeleteSubnetRequest const& request) {
  CHECK(networks::delete_subnet(state, request.subnet_id));
  return Done{};
}

Result<Done> modify_subnet_attribute(State& state, Call const&, ModifySubnetAttributeRequest const& request) {
  TRY(auto* subnet, networks::find(state.network.subnets, request.subnet_id));
  if (!request.map_public_ip_on_launch.value)
    return Error{Errc::invalid, "The request must contain the parameter MapPublicIpOnLaunch",
                 "MissingParameter"};
  subnet->maps_public_ip = *request.map_public_ip_on_launch.value;
  return Done{};
}

}  // namespace

std::vector<Action> subnet_actions() {
  return {
      changes(kEc2, "CreateSubnet", on_state<create_subnet>, new_subnet),
      looks(kEc2, "DescribeSubnets", on_state<describe_subnets>),
      changes(kEc2, "DeleteSubnet", on_state<delete_subnet>, about<&DeleteSubnetRequest::subnet_id>),
      changes(kEc2, "ModifySubnetAttribute", on_state<modify_subnet_attribute>,
              about<&ModifySubnetAttributeRequest::subnet_id>),
  };
}

}  // namespace fumidai::api::ec2
