// NAT gateways: CreateNatGateway, DescribeNatGateways, DeleteNatGateway.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/client_tokens.h"
#include "networks/nat_gateways.h"

namespace fumidai::api::ec2 {

namespace {

struct NatAddress {
  std::string network_interface_id, private_ip;
  std::optional<std::string> allocation_id, public_ip, association_id;
  bool is_primary = true;
  std::string status = "succeeded";
};
BOOST_DESCRIBE_STRUCT(NatAddress, (),
                      (network_interface_id, private_ip, allocation_id, public_ip, association_id, is_primary,
                       status))

struct NatGatewayDescription {
  std::string nat_gateway_id, subnet_id;
  std::optional<std::string> vpc_id;  // not known when its subnet went before it
  std::string state, connectivity_type;
  Time create_time{};
  std::optional<Time> delete_time;
  std::optional<std::string> failure_code, failure_message;
  std::vector<NatAddress> nat_gateway_address_set;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &NatGatewayDescription::nat_gateway_id;
};
BOOST_DESCRIBE_STRUCT(NatGatewayDescription, (),
                      (nat_gateway_id, subnet_id, vpc_id, state, connectivity_type, create_time, delete_time,
                       failure_code, failure_message, nat_gateway_address_set, tag_set))

std::vector<FilterKey<NatGatewayDescription>> filter_keys(NatGatewayDescription const*) {
  return {{"nat-gateway-id", [](auto const& gateway) { return Texts{gateway.nat_gateway_id}; }},
          {"state", [](auto const& gateway) { return Texts{gateway.state}; }},
          {"subnet-id", [](auto const& gateway) { return Texts{gateway.subnet_id}; }},
          {"vpc-id", [](auto const& gateway) { return texts_of(gateway.vpc_id); }},
          {"connectivity-type", [](auto const& gateway) { return Texts{gateway.connectivity_type}; }}};
}

std::vector<NatAddress> describe_addresses(State const& state, network::NatGateway const& gateway) {
  auto held = networks::address_of(state, gateway);
  if (!held) return {};
  NatAddress address;
  address.network_interface_id = gateway.interface.text();
  address.private_ip = held->private_address.text();
  if (held->public_address) {
    address.allocation_id = held->allocation.text();
    address.public_ip = held->public_address->text();
    address.association_id = held->association.text();
  }
  return {std::move(address)};
}

NatGatewayDescription describe(State const& state, network::NatGateway const& gateway) {
  NatGatewayDescription description;
  description.nat_gateway_id = gateway.id.text();
  description.subnet_id = gateway.subnet.text();
  if (auto* subnet = state.network.subnets.find(gateway.subnet)) description.vpc_id = subnet->vpc.text();
  description.state = network::to_string(gateway.state);
  description.connectivity_type = gateway.is_public ? "public" : "private";
  description.create_time = gateway.created_at;
  if (gateway.deleted_at != Time{}) description.delete_time = gateway.deleted_at;
  if (gateway.state == network::NatState::failed) {
    description.failure_code = gateway.failure;
    description.failure_message = networks::failure_message(gateway);
  }
  description.nat_gateway_address_set = describe_addresses(state, gateway);
  description.tag_set = tags_of(state, gateway.id.text());
  return description;
}

struct CreateNatGatewayRequest {
  std::string subnet_id, allocation_id, connectivity_type = "public", private_ip_address, client_token;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"subnet_id", 1, 64, wire::required}, {"client_token", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateNatGatewayRequest, (),
                      (subnet_id, allocation_id, connectivity_type, private_ip_address, client_token,
                       tag_specification))

struct CreateNatGatewayResponse {
  NatGatewayDescription nat_gateway;
  std::string client_token;
};
BOOST_DESCRIBE_STRUCT(CreateNatGatewayResponse, (), (nat_gateway, client_token))

struct DescribeNatGatewaysRequest {
  std::vector<std::string> nat_gateway_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNatGatewaysRequest, (), (nat_gateway_id, filter, max_results, next_token))

struct DescribeNatGatewaysResponse {
  std::vector<NatGatewayDescription> nat_gateway_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNatGatewaysResponse, (), (nat_gateway_set, next_token))

struct DeleteNatGatewayRequest {
  std::string nat_gateway_id;
  static constexpr wire::Limit kLimits[] = {{"nat_gateway_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteNatGatewayRequest, (), (nat_gateway_id))

struct DeleteNatGatewayResponse {
  std::string nat_gateway_id;
};
BOOST_DESCRIBE_STRUCT(DeleteNatGatewayResponse, (), (nat_gateway_id))

Result<void> new_gateway(store::Transaction&, Call const& call, CreateNatGatewayRequest const& request,
                         sessions::Ask& ask) {
  tell_new(call, networks::kNatGateway, request.tag_specification, ask);
  tell_named(call, request.subnet_id, ask);
  tell_named(call, request.allocation_id, ask);
  return success();
}

// Makes one, or finds what the same call made before.
Result<std::string> make_gateway(State& state, Call const& call, CreateNatGatewayRequest const& request) {
  auto now = call.plane.clock.now();
  networks::TokenUse use{"CreateNatGateway", request.client_token, digest_of(call)};
  TRY(auto made, networks::made_before(state, use));
  if (!made.empty()) return made.front();
  if (request.connectivity_type != "public" && request.connectivity_type != "private")
    return networks::invalid_parameter(
        "Value (" + escaped(request.connectivity_type, 64) +
        ") for parameter connectivityType is invalid. It is public or private.");
  TRY(auto tags, tags_for(request.tag_specification, networks::kNatGateway));
  TRY(auto id,
      networks::create_nat_gateway(state,
                                   {request.subnet_id, request.allocation_id,
                                    request.connectivity_type == "public", request.private_ip_address},
                                   now));
  CHECK(networks::put_tags(state, id.text(), tags));
  networks::remember_made(state, use, {id.text()}, now);
  return id.text();
}

Result<CreateNatGatewayResponse> create_nat_gateway(State& state, Call const& call,
                                                    CreateNatGatewayRequest const& request) {
  TRY(auto id, make_gateway(state, call, request));
  TRY(auto* gateway, networks::find(state.network.nat_gateways, id));
  return CreateNatGatewayResponse{describe(state, *gateway), request.client_token};
}

Result<DescribeNatGatewaysResponse> describe_nat_gateways(State const& state, Call const& call,
                                                          DescribeNatGatewaysRequest const& request) {
  std::vector<NatGatewayDescription> all;
  for (auto const& gateway : state.network.nat_gateways) all.push_back(describe(state, gateway));
  return list_of<DescribeNatGatewaysResponse>(call, request, networks::kNatGateway, request.nat_gateway_id,
                                              std::move(all));
}

Result<DeleteNatGatewayResponse> delete_nat_gateway(State& state, Call const& call,
                                                    DeleteNatGatewayRequest const& request) {
  CHECK(networks::delete_nat_gateway(state, request.nat_gateway_id, call.plane.clock.now()));
  return DeleteNatGatewayResponse{request.nat_gateway_id};
}

}  // namespace

std::vector<Action> nat_gateway_actions() {
  return {
      changes(kEc2, "CreateNatGateway", on_state<create_nat_gateway>, new_gateway),
      looks(kEc2, "DescribeNatGateways", on_state<describe_nat_gateways>),
      changes(kEc2, "DeleteNatGateway", on_state<delete_nat_gateway>,
              about<&DeleteNatGatewayRequest::nat_gateway_id>),
  };
}

}  // namespace fumidai::api::ec2
