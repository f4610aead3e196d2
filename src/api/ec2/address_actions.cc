// Elastic addresses: AllocateAddress, DescribeAddresses, ReleaseAddress, AssociateAddress,
// DisassociateAddress.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/elastic_addresses.h"

namespace fumidai::api::ec2 {

namespace {

constexpr char const* kPool = "amazon";

struct AddressDescription {
  std::string public_ip, allocation_id, domain = "vpc", public_ipv4_pool = kPool, network_border_group;
  std::optional<std::string> association_id, instance_id, network_interface_id, network_interface_owner_id,
      private_ip_address;
  std::vector<Tag> tag_set;
};
BOOST_DESCRIBE_STRUCT(AddressDescription, (),
                      (public_ip, allocation_id, domain, public_ipv4_pool, network_border_group,
                       association_id, instance_id, network_interface_id, network_interface_owner_id,
                       private_ip_address, tag_set))

std::vector<FilterKey<AddressDescription>> filter_keys(AddressDescription const*) {
  return {
      {"allocation-id", [](auto const& address) { return Texts{address.allocation_id}; }},
      {"association-id", [](auto const& address) { return texts_of(address.association_id); }},
      {"domain", [](auto const& address) { return Texts{address.domain}; }},
      {"instance-id", [](auto const& address) { return texts_of(address.instance_id); }},
      {"network-border-group", [](auto const& address) { return Texts{address.network_border_group}; }},
      {"network-interface-id", [](auto const& address) { return texts_of(address.network_interface_id); }},
      {"network-interface-owner-id",
       [](auto const& address) { return texts_of(address.network_interface_owner_id); }},
      {"private-ip-address", [](auto const& address) { return texts_of(address.private_ip_address); }},
      {"public-ip", [](auto const& address) { return Texts{address.public_ip}; }}};
}

void describe_association(State const& state, Call const& call, network::ElasticAddress const& address,
                          AddressDescription& description) {
  auto* interface = address.interface ? state.network.interfaces.find(*address.interface) : nullptr;
  if (!interface) return;
  description.association_id = address.association.text();
  description.network_interface_id = interface->id.text();
  description.network_interface_owner_id = call.plane.deployment.region.account;
  description.private_ip_address = interface->private_address.text();
  if (auto* instance = std::get_if<InstanceId>(&interface->owner)) description.instance_id = instance->text();
}

AddressDescription describe(State const& state, Call const& call, network::ElasticAddress const& address) {
  AddressDescription description;
  description.public_ip = address.address.text();
  description.allocation_id = address.id.text();
  description.network_border_group = state.network.region;
  describe_association(state, call, address, description);
  description.tag_set = tags_of(state, address.id.text());
  return description;
}

struct AllocateAddressRequest {
  std::string domain = "vpc";
  std::vector<TagSpecification> tag_specification;
};
BOOST_DESCRIBE_STRUCT(AllocateAddressRequest, (), (domain, tag_specification))

struct AllocateAddressResponse {
  std::string public_ip, allocation_id, public_ipv4_pool = kPool, network_border_group, domain = "vpc";
};
BOOST_DESCRIBE_STRUCT(AllocateAddressResponse, (),
                      (public_ip, allocation_id, public_ipv4_pool, network_border_group, domain))

struct DescribeAddressesRequest {
  std::vector<std::string> public_ip, allocation_id;
  std::vector<Filter> filter;
};
BOOST_DESCRIBE_STRUCT(DescribeAddressesRequest, (), (public_ip, allocation_id, filter))

struct DescribeAddressesResponse {
  std::vector<AddressDescription> addresses_set;
};
BOOST_DESCRIBE_STRUCT(DescribeAddressesResponse, (), (addresses_set))

struct ReleaseAddressRequest {
  std::string allocation_id;
  static constexpr wire::Limit kLimits[] = {{"allocation_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ReleaseAddressRequest, (), (allocation_id))

struct AssociateAddressRequest {
  std::string allocation_id, instance_id, network_interface_id;
  bool allow_reassociation = false;
  static constexpr wire::Limit kLimits[] = {{"allocation_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(AssociateAddressRequest, (),
                      (allocation_id, instance_id, network_interface_id, allow_reassociation))

struct AssociateAddressResponse {
  std::string association_id;
  bool return_ = true;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(AssociateAddressResponse, (), (association_id, return_))

struct DisassociateAddressRequest {
  std::string association_id;
  static constexpr wire::Limit kLimits[] = {{"association_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DisassociateAddressRequest, (), (association_id))

Result<void> new_address(store::Transaction&, Call const& call, AllocateAddressRequest const& request,
                         sessions::Ask& ask) {
  tell_new(call, networks::kAllocation, request.tag_specification, ask);
  return success();
}

Result<void> about_association(store::Transaction& transaction, Call const& call,
                               DisassociateAddressRequest const& request, sessions::Ask& ask) {
  TRY(auto state, call.plane.networks.read(transaction));
  auto* address = networks::address_with(*state, request.association_id);
  ask.resources = {address ? arn_of(call, address->id.text()) : arn_of(call, networks::kAllocation, "*")};
  return success();
}

Result<AllocateAddressResponse> allocate_address(State& state, Call const&,
                                                 AllocateAddressRequest const& request) {
  if (request.domain != "vpc")
    return networks::invalid_parameter("Value (" + escaped(request.domain, 64) +
                                       ") for parameter domain is invalid. There is vpc only.");
  TRY(auto tags, tags_for(request.tag_specification, networks::kAllocation));
  TRY(auto id, networks::allocate_address(state));
  CHECK(networks::put_tags(state, id.text(), tags));
  AllocateAddressResponse response;
  response.public_ip = state.network.elastic_addresses.find(id)->address.text();
  response.allocation_id = id.text();
  response.network_border_group = state.network.region;
  return response;
}

bool is_named(std::vector<std::string> const& names, std::string const& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Every id and every address of the request must be somebody's.
Result<void> check_names(State const& state, DescribeAddressesRequest const& request) {
  for (auto const& id : request.allocation_id) CHECK(networks::find(state.network.elastic_addresses, id));
  for (auto const& ip : request.public_ip) {
    auto has_it = [&](auto const& address) { return address.address.text() == ip; };
    auto const& all = state.network.elastic_addresses;
    if (std::none_of(all.begin(), all.end(), has_it))
      return Error{Errc::not_found, "Address '" + escaped(ip, 64) + "' not found.",
                   "InvalidAddress.NotFound"};
  }
  return success();
}

Result<DescribeAddressesResponse> describe_addresses(State const& state, Call const& call,
                                                     DescribeAddressesRequest const& request) {
  CHECK(check_names(state, request));
  bool all_wanted = request.allocation_id.empty() && request.public_ip.empty();
  std::vector<AddressDescription> wanted;
  for (auto const& address : state.network.elastic_addresses) {
    if (all_wanted || is_named(request.allocation_id, address.id.text()) ||
        is_named(request.public_ip, address.address.text()))
      wanted.push_back(describe(state, call, address));
  }
  TRY(auto kept, filtered(std::move(wanted), request.filter));
  return DescribeAddressesResponse{std::move(kept)};
}

Result<Done> release_address(State& state, Call const&, ReleaseAddressRequest const& request) {
  CHECK(networks::release_address(state, request.allocation_id));
  return Done{};
}

Result<AssociateAddressResponse> associate_address(State& state, Call const&,
                                                   AssociateAddressRequest const& request) {
  TRY(auto id,
      networks::associate_address(state, {request.allocation_id, request.instance_id,
                                          request.network_interface_id, request.allow_reassociation}));
  return AssociateAddressResponse{id.text()};
}

Result<Done> disassociate_address(State& state, Call const&, DisassociateAddressRequest const& request) {
  CHECK(networks::disassociate_address(state, request.association_id));
  return Done{};
}

}  // namespace

std::vector<Action> address_actions() {
  return {
      changes(kEc2, "AllocateAddress", on_state<allocate_address>, new_address),
      looks(kEc2, "DescribeAddresses", on_state<describe_addresses>),
      changes(kEc2, "ReleaseAddress", on_state<release_address>,
              about<&ReleaseAddressRequest::allocation_id>),
      changes(kEc2, "AssociateAddress", on_state<associate_address>,
              about<&AssociateAddressRequest::allocation_id, &AssociateAddressRequest::instance_id,
                    &AssociateAddressRequest::network_interface_id>),
      changes(kEc2, "DisassociateAddress", on_state<disassociate_address>, about_association),
  };
}

}  // namespace fumidai::api::ec2
