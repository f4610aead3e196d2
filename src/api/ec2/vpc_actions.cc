// VPCs: CreateVpc, DescribeVpcs, DeleteVpc, ModifyVpcAttribute, DescribeVpcAttribute.

#include "networks/vpcs.h"

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "base/bytes.h"

namespace fumidai::api::ec2 {

namespace {

struct CidrState {
  std::string state = "associated";
};
BOOST_DESCRIBE_STRUCT(CidrState, (), (state))

struct CidrAssociation {
  std::string association_id, cidr_block;
  CidrState cidr_block_state;
};
BOOST_DESCRIBE_STRUCT(CidrAssociation, (), (association_id, cidr_block, cidr_block_state))

struct VpcDescription {
  std::string vpc_id, owner_id, state = "available", cidr_block;
  std::vector<CidrAssociation> cidr_block_association_set;
  std::string dhcp_options_id, instance_tenancy = "default";
  bool is_default = false;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &VpcDescription::vpc_id;
};
BOOST_DESCRIBE_STRUCT(VpcDescription, (),
                      (vpc_id, owner_id, state, cidr_block, cidr_block_association_set, dhcp_options_id,
                       instance_tenancy, is_default, tag_set))

std::vector<FilterKey<VpcDescription>> filter_keys(VpcDescription const*) {
  return {{"vpc-id", [](auto const& vpc) { return Texts{vpc.vpc_id}; }},
          {"cidr", [](auto const& vpc) { return Texts{vpc.cidr_block}; }},
          {"cidr-block-association.cidr-block", [](auto const& vpc) { return Texts{vpc.cidr_block}; }},
          {"state", [](auto const& vpc) { return Texts{vpc.state}; }},
          {"dhcp-options-id", [](auto const& vpc) { return Texts{vpc.dhcp_options_id}; }},
          {"owner-id", [](auto const& vpc) { return Texts{vpc.owner_id}; }},
          {"is-default", [](auto const& vpc) { return Texts{vpc.is_default ? "true" : "false"}; }}};
}

// One for all VPCs, AWS's defaults.
constexpr std::string_view kDhcpOptions = "dopt-0d0f00000000d0f0a";

VpcDescription describe(State const& state, Call const& call, network::Vpc const& vpc) {
  VpcDescription description;
  description.vpc_id = vpc.id.text();
  description.owner_id = call.plane.deployment.region.account;
  description.cidr_block = vpc.cidr.text();
  description.cidr_block_association_set = {
      {"vpc-cidr-assoc-" + vpc.id.text().substr(4), vpc.cidr.text(), {}}};
  description.dhcp_options_id = kDhcpOptions;
  description.tag_set = tags_of(state, vpc.id.text());
  return description;
}

struct CreateVpcRequest {
  std::string cidr_block;
  std::optional<std::string> instance_tenancy;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"cidr_block", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(CreateVpcRequest, (), (cidr_block, instance_tenancy, tag_specification))

struct CreateVpcResponse {
  VpcDescription vpc;
};
BOOST_DESCRIBE_STRUCT(CreateVpcResponse, (), (vpc))

struct DescribeVpcsRequest {
  std::vector<std::string> vpc_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeVpcsRequest, (), (vpc_id, filter, max_results, next_token))

struct DescribeVpcsResponse {
  std::vector<VpcDescription> vpc_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeVpcsResponse, (), (vpc_set, next_token))

struct DeleteVpcRequest {
  std::string vpc_id;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteVpcRequest, (), (vpc_id))

struct ModifyVpcAttributeRequest {
  std::string vpc_id;
  AttributeValue enable_dns_support, enable_dns_hostnames;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ModifyVpcAttributeRequest, (), (vpc_id, enable_dns_support, enable_dns_hostnames))

struct DescribeVpcAttributeRequest {
  std::string vpc_id, attribute;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required},
                                            {"attribute", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DescribeVpcAttributeRequest, (), (vpc_id, attribute))

struct DescribeVpcAttributeResponse {
  std::string vpc_id;
  std::optional<AttributeValue> enable_dns_support, enable_dns_hostnames;
};
BOOST_DESCRIBE_STRUCT(DescribeVpcAttributeResponse, (), (vpc_id, enable_dns_support, enable_dns_hostnames))

Result<void> new_vpc(store::Transaction&, Call const& call, CreateVpcRequest const& request,
                     sessions::Ask& ask) {
  tell_new(call, networks::kVpc, request.tag_specification, ask);
  return success();
}

Result<CreateVpcResponse> create_vpc(State& state, Call const& call, CreateVpcRequest const& request) {
  if (request.instance_tenancy.value_or("default") != "default")
    return networks::invalid_parameter(
        "Value (" + escaped(*request.instance_tenancy, 64) +
        ") for parameter instanceTenancy is invalid. Instances here share their "
        "machine: default is all that there is.");
  TRY(auto tags, tags_for(request.tag_specification, networks::kVpc));
  TRY(auto id, networks::create_vpc(state, request.cidr_block));
  CHECK(networks::put_tags(state, id.text(), tags));
  return CreateVpcResponse{describe(state, call, *state.network.vpcs.find(id))};
}

Result<DescribeVpcsResponse> describe_vpcs(State const& state, Call const& call,
                                           DescribeVpcsRequest const& request) {
  std::vector<VpcDescription> all;
  for (auto const& vpc : state.network.vpcs) all.push_back(describe(state, call, vpc));
  return list_of<DescribeVpcsResponse>(call, request, networks::kVpc, request.vpc_id, std::move(all));
}

Result<Done> delete_vpc(State& state, Call const&, DeleteVpcRequest const& request) {
  CHECK(networks::delete_vpc(state, request.vpc_id));
  return Done{};
}

Result<Done> modify_vpc_attribute(State& state, Call const&, ModifyVpcAttributeRequest const& request) {
  CHECK(networks::modify_vpc(state, request.vpc_id,
                             {request.enable_dns_support.value, request.enable_dns_hostnames.value}));
  return Done{};
}

Result<DescribeVpcAttributeResponse> describe_vpc_attribute(State const& state, Call const&,
                                                            DescribeVpcAttributeRequest const& request) {
  TRY(auto* vpc, networks::find(state.network.vpcs, request.vpc_id));
  DescribeVpcAttributeResponse response{request.vpc_id, {}, {}};
  if (request.attribute == "enableDnsSupport") {
    response.enable_dns_support = AttributeValue{vpc->dns_support};
  } else if (request.attribute == "enableDnsHostnames") {
    response.enable_dns_hostnames = AttributeValue{vpc->dns_hostnames};
  } else {
    return networks::invalid_parameter("Value (" + escaped(request.attribute, 64) +
                                       ") for parameter attribute is invalid. Unknown attribute.");
  }
  return response;
}

}  // namespace

std::vector<Action> vpc_actions() {
  return {
      changes(kEc2, "CreateVpc", on_state<create_vpc>, new_vpc),
      looks(kEc2, "DescribeVpcs", on_state<describe_vpcs>),
      changes(kEc2, "DeleteVpc", on_state<delete_vpc>, about<&DeleteVpcRequest::vpc_id>),
      changes(kEc2, "ModifyVpcAttribute", on_state<modify_vpc_attribute>,
              about<&ModifyVpcAttributeRequest::vpc_id>),
      looks(kEc2, "DescribeVpcAttribute", on_state<describe_vpc_attribute>),
  };
}

}  // namespace fumidai::api::ec2
