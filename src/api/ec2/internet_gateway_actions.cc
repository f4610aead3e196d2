// Internet gateways: CreateInternetGateway, AttachInternetGateway, DetachInternetGateway,
// DescribeInternetGateways, DeleteInternetGateway.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/internet_gateways.h"

namespace fumidai::api::ec2 {

namespace {

struct GatewayAttachment {
  std::string vpc_id, state = "available";
};
BOOST_DESCRIBE_STRUCT(GatewayAttachment, (), (vpc_id, state))

struct InternetGatewayDescription {
  std::string internet_gateway_id, owner_id;
  std::vector<GatewayAttachment> attachment_set;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &InternetGatewayDescription::internet_gateway_id;
};
BOOST_DESCRIBE_STRUCT(InternetGatewayDescription, (),
                      (internet_gateway_id, owner_id, attachment_set, tag_set))

std::vector<FilterKey<InternetGatewayDescription>> filter_keys(InternetGatewayDescription const*) {
  return {{"internet-gateway-id", [](auto const& gateway) { return Texts{gateway.internet_gateway_id}; }},
          {"owner-id", [](auto const& gateway) { return Texts{gateway.owner_id}; }},
          {"attachment.vpc-id",
           [](auto const& gateway) { return texts_of(gateway.attachment_set, &GatewayAttachment::vpc_id); }},
          {"attachment.state",
           [](auto const& gateway) { return texts_of(gateway.attachment_set, &GatewayAttachment::state); }}};
}

InternetGatewayDescription describe(State const& state, Call const& call,
                                    network::InternetGateway const& gateway) {
  InternetGatewayDescription description{gateway.id.text(), call.plane.deployment.region.account, {}, {}};
  if (gateway.vpc) description.attachment_set = {{gateway.vpc->text()}};
  description.tag_set = tags_of(state, gateway.id.text());
  return description;
}

struct CreateInternetGatewayRequest {
  std::vector<TagSpecification> tag_specification;
};
BOOST_DESCRIBE_STRUCT(CreateInternetGatewayRequest, (), (tag_specification))

struct CreateInternetGatewayResponse {
  InternetGatewayDescription internet_gateway;
};
BOOST_DESCRIBE_STRUCT(CreateInternetGatewayResponse, (), (internet_gateway))

// Of Attach and Detach.
struct AttachmentRequest {
  std::string internet_gateway_id, vpc_id;
  static constexpr wire::Limit kLimits[] = {{"internet_gateway_id", 1, 64, wire::required},
                                            {"vpc_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(AttachmentRequest, (), (internet_gateway_id, vpc_id))

struct DescribeInternetGatewaysRequest {
  std::vector<std::string> internet_gateway_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInternetGatewaysRequest, (),
                      (internet_gateway_id, filter, max_results, next_token))

struct DescribeInternetGatewaysResponse {
  std::vector<InternetGatewayDescription> internet_gateway_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeInternetGatewaysResponse, (), (internet_gateway_set, next_token))

struct DeleteInternetGatewayRequest {
  std::string internet_gateway_id;
  static constexpr wire::Limit kLimits[] = {{"internet_gateway_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteInternetGatewayRequest, (), (internet_gateway_id))

Result<void> new_gateway(store::Transaction&, Call const& call, CreateInternetGatewayRequest const& request,
                         sessions::Ask& ask) {
  tell_new(call, networks::kInternetGateway, request.tag_specification, ask);
  return success();
}

Result<CreateInternetGatewayResponse> create_internet_gateway(State& state, Call const& call,
                                                              CreateInternetGatewayRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kInternetGateway));
  TRY(auto id, networks::create_internet_gateway(state));
  CHECK(networks::put_tags(state, id.text(), tags));
  return CreateInternetGatewayResponse{describe(state, call, *state.network.internet_gateways.find(id))};
}

Result<Done> attach_internet_gateway(State& state, Call const&, AttachmentRequest const& request) {
  CHECK(networks::attach_internet_gateway(state, request.internet_gateway_id, request.vpc_id));
  return Done{};
}

Result<Done> detach_internet_gateway(State& state, Call const&, AttachmentRequest const& request) {
  CHECK(networks::detach_internet_gateway(state, request.internet_gateway_id, request.vpc_id));
  return Done{};
}

Result<DescribeInternetGatewaysResponse> describe_internet_gateways(
    State const& state, Call const& call, DescribeInternetGatewaysRequest const& request) {
  std::vector<InternetGatewayDescription> all;
  for (auto const& gateway : state.network.internet_gateways) all.push_back(describe(state, call, gateway));
  return list_of<DescribeInternetGatewaysResponse>(call, request, networks::kInternetGateway,
                                                   request.internet_gateway_id, std::move(all));
}

Result<Done> delete_internet_gateway(State& state, Call const&, DeleteInternetGatewayRequest const& request) {
  CHECK(networks::delete_internet_gateway(state, request.internet_gateway_id));
  return Done{};
}

constexpr auto kAboutAttachment = about<&AttachmentRequest::internet_gateway_id, &AttachmentRequest::vpc_id>;

}  // namespace

std::vector<Action> internet_gateway_actions() {
  return {
      changes(kEc2, "CreateInternetGateway", on_state<create_internet_gateway>, new_gateway),
      changes(kEc2, "AttachInternetGateway", on_state<attach_internet_gateway>, kAboutAttachment),
      changes(kEc2, "DetachInternetGateway", on_state<detach_internet_gateway>, kAboutAttachment),
      looks(kEc2, "DescribeInternetGateways", on_state<describe_internet_gateways>),
      changes(kEc2, "DeleteInternetGateway", on_state<delete_internet_gateway>,
              about<&DeleteInternetGatewayRequest::internet_gateway_id>),
  };
}

}  // namespace fumidai::api::ec2
