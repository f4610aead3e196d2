// Endpoints of EC2 Instance Connect: CreateInstanceConnectEndpoint, DescribeInstanceConnectEndpoints,
// ModifyInstanceConnectEndpoint, DeleteInstanceConnectEndpoint (ec2-instance-connect.md 3).

#include <map>

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/connect_endpoints.h"
#include "networks/vpcs.h"

namespace fumidai::api::ec2 {

namespace {

struct PublicDnsName {
  std::string dns_name;
};
BOOST_DESCRIBE_STRUCT(PublicDnsName, (), (dns_name))

struct PublicDnsNames {
  PublicDnsName ipv4;
};
BOOST_DESCRIBE_STRUCT(PublicDnsNames, (), (ipv4))

// Without fipsDnsName: there is no endpoint of that kind.
struct ConnectEndpointDescription {
  std::string owner_id, instance_connect_endpoint_id, instance_connect_endpoint_arn, state, dns_name;
  std::optional<std::string> state_message;
  std::vector<std::string> network_interface_id_set;
  std::string vpc_id;
  std::optional<std::string> availability_zone, availability_zone_id;  // unknown once its subnet is gone
  Time created_at{};
  std::string subnet_id;
  bool preserve_client_ip = false;
  std::vector<std::string> security_group_id_set;
  std::vector<Tag> tag_set;
  std::string ip_address_type = "ipv4";
  PublicDnsNames public_dns_names;
  static constexpr auto kId = &ConnectEndpointDescription::instance_connect_endpoint_id;
};
BOOST_DESCRIBE_STRUCT(ConnectEndpointDescription, (),
                      (owner_id, instance_connect_endpoint_id, instance_connect_endpoint_arn, state, dns_name,
                       state_message, network_interface_id_set, vpc_id, availability_zone,
                       availability_zone_id, created_at, subnet_id, preserve_client_ip, security_group_id_set,
                       tag_set, ip_address_type, public_dns_names))

std::vector<FilterKey<ConnectEndpointDescription>> filter_keys(ConnectEndpointDescription const*) {
  return {{"instance-connect-endpoint-id", [](auto const& each) { return Texts{each.*each.kId}; }},
          {"state", [](auto const& each) { return Texts{each.state}; }},
          {"subnet-id", [](auto const& each) { return Texts{each.subnet_id}; }},
          {"vpc-id", [](auto const& each) { return Texts{each.vpc_id}; }}};
}

ConnectEndpointDescription describe(State const& state, Call const& call,
                                    network::ConnectEndpoint const& endpoint) {
  ConnectEndpointDescription description;
  description.owner_id = call.plane.deployment.region.account;
  description.instance_connect_endpoint_id = endpoint.id.text();
  description.instance_connect_endpoint_arn = arn_of(call, networks::kConnectEndpoint, endpoint.id.text());
  description.state = to_string(endpoint.state);
  if (!endpoint.state_message.empty()) description.state_message = endpoint.state_message;
  description.dns_name = endpoint.dns_name;
  description.public_dns_names.ipv4.dns_name = endpoint.dns_name;
  description.vpc_id = endpoint.vpc.text();
  description.subnet_id = endpoint.subnet.text();
  if (auto* subnet = state.network.subnets.find(endpoint.subnet)) {
    description.availability_zone = subnet->zone;
    description.availability_zone_id = networks::zone_id(state.network.region, subnet->zone);
  }
  description.created_at = endpoint.created_at;
  description.preserve_client_ip = endpoint.preserve_client_ip;
  for (auto const* interface : state.network.interfaces_of(endpoint.id)) {
    description.network_interface_id_set.push_back(interface->id.text());
    for (auto const& group : interface->groups) description.security_group_id_set.push_back(group.text());
  }
  description.tag_set = tags_of(state, endpoint.id.text());
  return description;
}

struct CreateConnectEndpointRequest {
  std::string subnet_id;
  std::vector<std::string> security_group_id;
  std::optional<bool> preserve_client_ip;
  std::optional<std::string> client_token;
  std::vector<TagSpecification> tag_specification;
  std::string ip_address_type;
  static constexpr wire::Limit kLimits[] = {
      {"subnet_id", 1, 64, wire::required}, {"security_group_id", 0, 16}, {"client_token", 0, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateConnectEndpointRequest, (),
                      (subnet_id, security_group_id, preserve_client_ip, client_token, tag_specification,
                       ip_address_type))

struct CreateConnectEndpointResponse {
  ConnectEndpointDescription instance_connect_endpoint;
  std::optional<std::string> client_token;
};
BOOST_DESCRIBE_STRUCT(CreateConnectEndpointResponse, (), (instance_connect_endpoint, client_token))

struct DescribeConnectEndpointsRequest {
  std::vector<std::string> instance_connect_endpoint_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
  static constexpr PageRange kPage{1, 50};
};
BOOST_DESCRIBE_STRUCT(DescribeConnectEndpointsRequest, (),
                      (instance_connect_endpoint_id, filter, max_results, next_token))

struct DescribeConnectEndpointsResponse {
  std::vector<ConnectEndpointDescription> instance_connect_endpoint_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeConnectEndpointsResponse, (), (instance_connect_endpoint_set, next_token))

struct ModifyConnectEndpointRequest {
  std::string instance_connect_endpoint_id, ip_address_type;
  std::vector<std::string> security_group_id;
  std::optional<bool> preserve_client_ip;
  static constexpr wire::Limit kLimits[] = {{"instance_connect_endpoint_id", 1, 64, wire::required},
                                            {"security_group_id", 0, 16}};
};
BOOST_DESCRIBE_STRUCT(ModifyConnectEndpointRequest, (),
                      (instance_connect_endpoint_id, ip_address_type, security_group_id, preserve_client_ip))

struct DeleteConnectEndpointRequest {
  std::string instance_connect_endpoint_id;
  static constexpr wire::Limit kLimits[] = {{"instance_connect_endpoint_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteConnectEndpointRequest, (), (instance_connect_endpoint_id))

struct DeleteConnectEndpointResponse {
  ConnectEndpointDescription instance_connect_endpoint;
};
BOOST_DESCRIBE_STRUCT(DeleteConnectEndpointResponse, (), (instance_connect_endpoint))

// Whoever makes an endpoint makes its interface, too.
Result<void> new_endpoint(store::Transaction&, Call const& call, CreateConnectEndpointRequest const& request,
                          sessions::Ask& ask) {
  tell_new(call, networks::kConnectEndpoint, request.tag_specification, ask);
  auto subnet = arn_of(call, networks::kSubnet, request.subnet_id);
  ask.resources.push_back(subnet);
  tell_named(call, request.security_group_id, ask);
  ask.context["ec2:SubnetID"] = {request.subnet_id};
  ask.also.push_back({"ec2:CreateNetworkInterface", subnet, {}});
  return success();
}

Result<std::string> make_endpoint(State& state, Call const& call, CreateConnectEndpointRequest const& request,
                                  networks::Tags const& tags) {
  networks::NewConnectEndpoint wanted{request.subnet_id, request.security_group_id,
                                      request.preserve_client_ip.value_or(false), request.ip_address_type,
                                      call.plane.connect_domain};
  TRY(auto id, networks::create_connect_endpoint(state, wanted, call.plane.connect_limits, call.caller.at));
  CHECK(networks::put_tags(state, id.text(), tags));
  return id.text();
}

Result<CreateConnectEndpointResponse> create_endpoint(State& state, Call const& call,
                                                      CreateConnectEndpointRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kConnectEndpoint));
  TRY(auto id, made_once(state, call, request.client_token,
                         [&] { return make_endpoint(state, call, request, tags); }));
  TRY(auto const* endpoint, networks::find(std::as_const(state.network.connect_endpoints), id));
  return CreateConnectEndpointResponse{describe(state, call, *endpoint), request.client_token};
}

// Each is asked about once: its standing may be another the next moment.
void sort_by_standing(std::vector<ConnectEndpointDescription>& endpoints, sessions::Tunnels const& tunnels) {
  std::map<std::string, sessions::Carriers::Standing> standings;
  for (auto const& each : endpoints) {
    auto const& id = each.instance_connect_endpoint_id;
    standings[id] = tunnels.standing_of(id);
  }
  std::ranges::stable_sort(endpoints, {},
                           [&](auto const& each) { return standings.at(each.instance_connect_endpoint_id); });
}

Result<DescribeConnectEndpointsResponse> describe_endpoints(State const& state, Call const& call,
                                                            DescribeConnectEndpointsRequest const& request) {
  std::vector<ConnectEndpointDescription> all;
  for (auto const& endpoint : state.network.connect_endpoints) all.push_back(describe(state, call, endpoint));
  auto const& ids = request.instance_connect_endpoint_id;
  TRY(auto page, list_of<DescribeConnectEndpointsResponse>(call, request, networks::kConnectEndpoint, ids,
                                                           std::move(all)));
  // Whoever asks for no one in particular, as the AWS CLI, takes the first.
  if (ids.empty() && call.plane.tunnels != nullptr)
    sort_by_standing(page.instance_connect_endpoint_set, *call.plane.tunnels);
  return page;
}

Result<Done> modify_endpoint(State& state, Call const& call, ModifyConnectEndpointRequest const& request) {
  CHECK(networks::modify_connect_endpoint(
      state, request.instance_connect_endpoint_id,
      {request.security_group_id, request.preserve_client_ip, request.ip_address_type}, call.caller.at));
  return Done{};
}

Result<DeleteConnectEndpointResponse> delete_endpoint(State& state, Call const& call,
                                                      DeleteConnectEndpointRequest const& request) {
  auto const& id = request.instance_connect_endpoint_id;
  CHECK(networks::delete_connect_endpoint(state, id, call.caller.at));
  TRY(auto const* endpoint, networks::find(std::as_const(state.network.connect_endpoints), id));
  return DeleteConnectEndpointResponse{describe(state, call, *endpoint)};
}

}  // namespace

std::vector<Action> connect_endpoint_actions() {
  return {
      changes(kEc2, "CreateInstanceConnectEndpoint", on_state<create_endpoint>, new_endpoint),
      looks(kEc2, "DescribeInstanceConnectEndpoints", on_state<describe_endpoints>),
      changes(kEc2, "ModifyInstanceConnectEndpoint", on_state<modify_endpoint>,
              about<&ModifyConnectEndpointRequest::instance_connect_endpoint_id,
                    &ModifyConnectEndpointRequest::security_group_id>),
      changes(kEc2, "DeleteInstanceConnectEndpoint", on_state<delete_endpoint>,
              about<&DeleteConnectEndpointRequest::instance_connect_endpoint_id>),
  };
}

}  // namespace fumidai::api::ec2
