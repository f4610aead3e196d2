// Interface endpoints: CreateVpcEndpoint, DescribeVpcEndpoints, ModifyVpcEndpoint, DeleteVpcEndpoints, and
// what there are endpoints for: DescribeVpcEndpointServices, DescribePrefixLists.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/interface_endpoints.h"
#include "networks/vpcs.h"
#include "policy/policy.h"

namespace fumidai::api::ec2 {

namespace {

// Of zones and names of AWS's own; nothing depends on which one it is.
constexpr std::string_view kHostedZone = "Z7HUB22UULQXV";
constexpr std::string_view kFullAccess =
    R"({"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]})";

struct EndpointGroup {
  std::string group_id, group_name;
};
BOOST_DESCRIBE_STRUCT(EndpointGroup, (), (group_id, group_name))

struct DnsEntry {
  std::string dns_name, hosted_zone_id;
};
BOOST_DESCRIBE_STRUCT(DnsEntry, (), (dns_name, hosted_zone_id))

struct DnsOptions {
  std::string dns_record_ip_type = "ipv4";
};
BOOST_DESCRIBE_STRUCT(DnsOptions, (), (dns_record_ip_type))

struct EndpointDescription {
  std::string vpc_endpoint_id, vpc_endpoint_type = "Interface", vpc_id, service_name, state, policy_document;
  std::vector<std::string> route_table_id_set, subnet_id_set;
  std::vector<EndpointGroup> group_set;
  std::string ip_address_type = "ipv4";
  DnsOptions dns_options;
  bool private_dns_enabled = false, requester_managed = false;
  std::vector<std::string> network_interface_id_set;
  std::vector<DnsEntry> dns_entry_set;
  Time creation_timestamp{};
  std::vector<Tag> tag_set;
  std::string owner_id;
  static constexpr auto kId = &EndpointDescription::vpc_endpoint_id;
};
BOOST_DESCRIBE_STRUCT(EndpointDescription, (),
                      (vpc_endpoint_id, vpc_endpoint_type, vpc_id, service_name, state, policy_document,
                       route_table_id_set, subnet_id_set, group_set, ip_address_type, dns_options,
                       private_dns_enabled, requester_managed, network_interface_id_set, dns_entry_set,
                       creation_timestamp, tag_set, owner_id))

std::vector<FilterKey<EndpointDescription>> filter_keys(EndpointDescription const*) {
  return {{"vpc-endpoint-id", [](auto const& endpoint) { return Texts{endpoint.vpc_endpoint_id}; }},
          {"vpc-id", [](auto const& endpoint) { return Texts{endpoint.vpc_id}; }},
          {"service-name", [](auto const& endpoint) { return Texts{endpoint.service_name}; }},
          {"vpc-endpoint-state", [](auto const& endpoint) { return Texts{endpoint.state}; }},
          {"vpc-endpoint-type", [](auto const& endpoint) { return Texts{endpoint.vpc_endpoint_type}; }},
          {"ip-address-type", [](auto const& endpoint) { return Texts{endpoint.ip_address_type}; }}};
}

void describe_interfaces(State const& state, network::InterfaceEndpoint const& endpoint,
                         EndpointDescription& description) {
  for (auto const* interface : state.network.interfaces_of(endpoint.id)) {
    description.network_interface_id_set.push_back(interface->id.text());
    description.subnet_id_set.push_back(interface->subnet.text());
  }
  for (auto const& id : networks::groups_of(state, endpoint)) {
    auto const* group = state.network.security_groups.find(id);
    description.group_set.push_back({id.text(), group ? group->name : ""});
  }
}

EndpointDescription describe(State const& state, Call const& call,
                             network::InterfaceEndpoint const& endpoint) {
  EndpointDescription description;
  description.vpc_endpoint_id = endpoint.id.text();
  description.vpc_id = endpoint.vpc.text();
  description.service_name = endpoint.service;
  description.state = to_string(endpoint.state);
  description.policy_document = endpoint.policy.empty() ? kFullAccess : endpoint.policy;
  description.private_dns_enabled = endpoint.private_dns;
  describe_interfaces(state, endpoint, description);
  for (auto const& name : networks::dns_names(state, endpoint))
    description.dns_entry_set.push_back({name, std::string(kHostedZone)});
  description.creation_timestamp = endpoint.created_at;
  description.tag_set = tags_of(state, endpoint.id.text());
  description.owner_id = call.plane.deployment.region.account;
  return description;
}

struct CreateEndpointRequest {
  std::string vpc_id, service_name, vpc_endpoint_type;
  std::vector<std::string> subnet_id, security_group_id, route_table_id;
  std::optional<bool> private_dns_enabled;
  std::string policy_document;
  std::optional<std::string> client_token, ip_address_type;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"vpc_id", 1, 64, wire::required},
                                            {"service_name", 1, 256, wire::required},
                                            {"subnet_id", 0, 16},
                                            {"security_group_id", 0, 16},
                                            {"policy_document", 0, 20480},
                                            {"client_token", 0, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateEndpointRequest, (),
                      (vpc_id, service_name, vpc_endpoint_type, subnet_id, security_group_id, route_table_id,
                       private_dns_enabled, policy_document, client_token, ip_address_type,
                       tag_specification))

struct CreateEndpointResponse {
  EndpointDescription vpc_endpoint;
  std::optional<std::string> client_token;
};
BOOST_DESCRIBE_STRUCT(CreateEndpointResponse, (), (vpc_endpoint, client_token))

struct DescribeEndpointsRequest {
  std::vector<std::string> vpc_endpoint_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeEndpointsRequest, (), (vpc_endpoint_id, filter, max_results, next_token))

struct DescribeEndpointsResponse {
  std::vector<EndpointDescription> vpc_endpoint_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeEndpointsResponse, (), (vpc_endpoint_set, next_token))

struct ModifyEndpointRequest {
  std::string vpc_endpoint_id;
  std::vector<std::string> add_subnet_id, remove_subnet_id, add_security_group_id, remove_security_group_id,
      add_route_table_id, remove_route_table_id;
  std::optional<bool> private_dns_enabled, reset_policy;
  std::optional<std::string> policy_document;
  static constexpr wire::Limit kLimits[] = {{"vpc_endpoint_id", 1, 64, wire::required},
                                            {"add_subnet_id", 0, 16},
                                            {"remove_subnet_id", 0, 16},
                                            {"add_security_group_id", 0, 16},
                                            {"remove_security_group_id", 0, 16},
                                            {"policy_document", 0, 20480}};
};
BOOST_DESCRIBE_STRUCT(ModifyEndpointRequest, (),
                      (vpc_endpoint_id, add_subnet_id, remove_subnet_id, add_security_group_id,
                       remove_security_group_id, add_route_table_id, remove_route_table_id,
                       private_dns_enabled, reset_policy, policy_document))

struct DeleteEndpointsRequest {
  std::vector<std::string> vpc_endpoint_id;
  static constexpr wire::Limit kLimits[] = {{"vpc_endpoint_id", 1, 100, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteEndpointsRequest, (), (vpc_endpoint_id))

struct ItemError {
  std::string code, message;
};
BOOST_DESCRIBE_STRUCT(ItemError, (), (code, message))

struct UnsuccessfulItem {
  ItemError error;
  std::string resource_id;
};
BOOST_DESCRIBE_STRUCT(UnsuccessfulItem, (), (error, resource_id))

struct DeleteEndpointsResponse {
  std::vector<UnsuccessfulItem> unsuccessful;
};
BOOST_DESCRIBE_STRUCT(DeleteEndpointsResponse, (), (unsuccessful))

struct ServiceType {
  std::string service_type = "Interface";
};
BOOST_DESCRIBE_STRUCT(ServiceType, (), (service_type))

struct ServiceDnsName {
  std::string private_dns_name;
};
BOOST_DESCRIBE_STRUCT(ServiceDnsName, (), (private_dns_name))

struct ServiceDescription {
  std::string service_name;
  std::vector<ServiceType> service_type{{}};
  std::vector<std::string> availability_zone_set;
  std::string owner = "amazon", private_dns_name;
  std::vector<ServiceDnsName> private_dns_name_set;
  bool vpc_endpoint_policy_supported = true, acceptance_required = false, manages_vpc_endpoints = false;
  std::vector<std::string> supported_ip_address_type_set{"ipv4"};
  static constexpr auto kId = &ServiceDescription::service_name;
};
BOOST_DESCRIBE_STRUCT(ServiceDescription, (),
                      (service_name, service_type, availability_zone_set, owner, private_dns_name,
                       private_dns_name_set, vpc_endpoint_policy_supported, acceptance_required,
                       manages_vpc_endpoints, supported_ip_address_type_set))

std::vector<FilterKey<ServiceDescription>> filter_keys(ServiceDescription const*) {
  return {{"service-name", [](auto const& service) { return Texts{service.service_name}; }},
          {"service-type", [](auto const&) { return Texts{"Interface"}; }},
          {"owner", [](auto const& service) { return Texts{service.owner}; }}};
}

struct DescribeServicesRequest {
  std::vector<std::string> service_name;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeServicesRequest, (), (service_name, filter, max_results, next_token))

struct DescribeServicesResponse {
  std::vector<std::string> service_name_set;
  std::vector<ServiceDescription> service_detail_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeServicesResponse, (), (service_name_set, service_detail_set, next_token))

struct DescribePrefixListsRequest {
  std::vector<std::string> prefix_list_id;
};
BOOST_DESCRIBE_STRUCT(DescribePrefixListsRequest, (), (prefix_list_id))

struct DescribePrefixListsResponse {
  std::vector<Nothing> prefix_list_set;
};
BOOST_DESCRIBE_STRUCT(DescribePrefixListsResponse, (), (prefix_list_set))

Error wrong(std::string sentence) {
  return {Errc::invalid, std::move(sentence), "InvalidParameter"};
}

// The kinds that need a route table are not served.
Result<void> check_kind(CreateEndpointRequest const& request) {
  auto type = request.vpc_endpoint_type.empty() ? "Gateway" : request.vpc_endpoint_type;
  if (type != "Interface")
    return wrong("Endpoint type (" + escaped(type, 64) + ") does not match available service types " +
                 "([Interface]). Give the type: --vpc-endpoint-type Interface");
  if (!request.route_table_id.empty())
    return wrong("Route table IDs are only supported for Gateway type VPC endpoints.");
  if (request.ip_address_type && *request.ip_address_type != "ipv4")
    return wrong("Only the IP address type ipv4 is supported.");
  return success();
}

Result<void> check_policy(std::string const& document) {
  if (document.empty()) return success();
  auto policy = policy::parse_policy(document, policy::PolicyKind::resource);
  if (policy) return success();
  return Error{Errc::invalid, "Invalid policy document: " + policy.error().detail, "InvalidPolicyDocument"};
}

Result<void> new_endpoint(store::Transaction&, Call const& call, CreateEndpointRequest const& request,
                          sessions::Ask& ask) {
  tell_new(call, networks::kInterfaceEndpoint, request.tag_specification, ask);
  ask.resources.push_back(arn_of(call, networks::kVpc, request.vpc_id));
  for (auto const& id : request.subnet_id) ask.resources.push_back(arn_of(call, networks::kSubnet, id));
  for (auto const& id : request.security_group_id)
    ask.resources.push_back(arn_of(call, networks::kSecurityGroup, id));
  return success();
}

Result<std::string> make_endpoint(State& state, Call const& call, CreateEndpointRequest const& request,
                                  networks::Tags const& tags) {
  networks::NewEndpoint wanted{request.vpc_id,
                               request.service_name,
                               request.subnet_id,
                               request.security_group_id,
                               request.private_dns_enabled.value_or(true),
                               request.policy_document};
  TRY(auto id, networks::create_endpoint(state, wanted, call.caller.at));
  CHECK(networks::put_tags(state, id.text(), tags));
  return id.text();
}

Result<CreateEndpointResponse> create_endpoint(State& state, Call const& call,
                                               CreateEndpointRequest const& request) {
  CHECK(check_kind(request));
  CHECK(check_policy(request.policy_document));
  TRY(auto tags, tags_for(request.tag_specification, networks::kInterfaceEndpoint));
  TRY(auto id, made_once(state, call, request.client_token,
                         [&] { return make_endpoint(state, call, request, tags); }));
  TRY(auto const* endpoint, networks::find(std::as_const(state.network.endpoints), id));
  return CreateEndpointResponse{describe(state, call, *endpoint), request.client_token};
}

Result<DescribeEndpointsResponse> describe_endpoints(State const& state, Call const& call,
                                                     DescribeEndpointsRequest const& request) {
  std::vector<EndpointDescription> all;
  for (auto const& endpoint : state.network.endpoints) all.push_back(describe(state, call, endpoint));
  return list_of<DescribeEndpointsResponse>(call, request, networks::kInterfaceEndpoint,
                                            request.vpc_endpoint_id, std::move(all));
}

Result<void> this_endpoint(store::Transaction&, Call const& call, ModifyEndpointRequest const& request,
                           sessions::Ask& ask) {
  ask.resources = {arn_of(call, networks::kInterfaceEndpoint, request.vpc_endpoint_id)};
  for (auto const* ids : {&request.add_subnet_id, &request.remove_subnet_id, &request.add_security_group_id,
                          &request.remove_security_group_id})
    for (auto const& id : *ids) ask.resources.push_back(arn_of(call, id));
  return success();
}

Result<Done> modify_endpoint(State& state, Call const&, ModifyEndpointRequest const& request) {
  if (!request.add_route_table_id.empty() || !request.remove_route_table_id.empty())
    return wrong("Route table IDs are only supported for Gateway type VPC endpoints.");
  CHECK(check_policy(request.policy_document.value_or("")));
  networks::EndpointChange change{request.add_subnet_id,         request.remove_subnet_id,
                                  request.add_security_group_id, request.remove_security_group_id,
                                  request.private_dns_enabled,   request.policy_document};
  if (request.reset_policy.value_or(false)) change.policy = "";
  CHECK(networks::modify_endpoint(state, request.vpc_endpoint_id, change));
  return Done{};
}

// Each by itself: what cannot be deleted is in the answer.
Result<DeleteEndpointsResponse> delete_endpoints(State& state, Call const& call,
                                                 DeleteEndpointsRequest const& request) {
  DeleteEndpointsResponse response;
  for (auto const& id : request.vpc_endpoint_id) {
    auto gone = networks::delete_endpoint(state, id, call.caller.at);
    if (!gone)
      response.unsuccessful.push_back(
          {{"InvalidVpcEndpoint.NotFound", gone.error().detail}, escaped(id, 64)});
  }
  return response;
}

ServiceDescription describe_service(State const& state, std::string const& name) {
  ServiceDescription description;
  description.service_name = name;
  description.availability_zone_set = networks::zones_of(state.network.region);
  description.private_dns_name = networks::private_dns_name(state.network.region, name);
  description.private_dns_name_set = {{description.private_dns_name}};
  return description;
}

// They are few: one page has room for all.
Result<DescribeServicesResponse> describe_services(State const& state, Call const&,
                                                   DescribeServicesRequest const& request) {
  auto names = networks::endpoint_services(state.network.region);
  for (auto const& name : request.service_name) {
    if (std::ranges::count(names, name) == 0)
      return Error{Errc::not_found, "The Vpc Endpoint Service '" + escaped(name, 128) + "' does not exist",
                   "InvalidServiceName"};
  }
  std::vector<ServiceDescription> all;
  for (auto const& name : names) {
    if (request.service_name.empty() || std::ranges::count(request.service_name, name) > 0)
      all.push_back(describe_service(state, name));
  }
  DescribeServicesResponse response;
  TRY(response.service_detail_set, filtered(std::move(all), request.filter));
  for (auto const& service : response.service_detail_set)
    response.service_name_set.push_back(service.service_name);
  return response;
}

// Gateway endpoints would bring them.
Result<DescribePrefixListsResponse> describe_prefix_lists(State const&, Call const&,
                                                          DescribePrefixListsRequest const& request) {
  if (request.prefix_list_id.empty()) return DescribePrefixListsResponse{};
  return Error{Errc::not_found,
               "The prefix list ID '" + escaped(request.prefix_list_id[0], 64) + "' does not exist",
               "InvalidPrefixListId.NotFound"};
}

}  // namespace

std::vector<Action> vpc_endpoint_actions() {
  return {
      changes(kEc2, "CreateVpcEndpoint", on_state<create_endpoint>, new_endpoint),
      looks(kEc2, "DescribeVpcEndpoints", on_state<describe_endpoints>),
      changes(kEc2, "ModifyVpcEndpoint", on_state<modify_endpoint>, this_endpoint),
      changes(kEc2, "DeleteVpcEndpoints", on_state<delete_endpoints>,
              about<&DeleteEndpointsRequest::vpc_endpoint_id>),
      looks(kEc2, "DescribeVpcEndpointServices", on_state<describe_services>),
      looks(kEc2, "DescribePrefixLists", on_state<describe_prefix_lists>),
  };
}

}  // namespace fumidai::api::ec2
