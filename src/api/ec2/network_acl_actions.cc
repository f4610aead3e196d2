// Network ACLs: DescribeNetworkAcls. Each VPC has its default one, which lets everything through.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"

namespace fumidai::api::ec2 {

namespace {

struct AclAssociation {
  std::string network_acl_association_id, network_acl_id, subnet_id;
};
BOOST_DESCRIBE_STRUCT(AclAssociation, (), (network_acl_association_id, network_acl_id, subnet_id))

struct AclEntry {
  std::int64_t rule_number = 0;
  std::string rule_action;
  bool egress = false;
  std::string protocol = "-1", cidr_block = "0.0.0.0/0";
};
BOOST_DESCRIBE_STRUCT(AclEntry, (), (rule_number, rule_action, egress, protocol, cidr_block))

struct AclDescription {
  std::string network_acl_id, vpc_id, owner_id;
  bool is_default = true;
  std::vector<AclAssociation> association_set;
  std::vector<AclEntry> entry_set;
  std::vector<Tag> tag_set;
  static constexpr auto kId = &AclDescription::network_acl_id;
  static constexpr wire::Rename kNames[] = {{"is_default", "Default"}};
};
BOOST_DESCRIBE_STRUCT(AclDescription, (),
                      (network_acl_id, vpc_id, owner_id, is_default, association_set, entry_set, tag_set))

std::vector<FilterKey<AclDescription>> filter_keys(AclDescription const*) {
  return {{"network-acl-id", [](auto const& acl) { return Texts{acl.network_acl_id}; }},
          {"vpc-id", [](auto const& acl) { return Texts{acl.vpc_id}; }},
          {"owner-id", [](auto const& acl) { return Texts{acl.owner_id}; }},
          {"default", [](auto const& acl) { return texts_of(acl.is_default); }},
          {"association.association-id",
           [](auto const& acl) {
             return texts_of(acl.association_set, &AclAssociation::network_acl_association_id);
           }},
          {"association.network-acl-id",
           [](auto const& acl) { return texts_of(acl.association_set, &AclAssociation::network_acl_id); }},
          {"association.subnet-id",
           [](auto const& acl) { return texts_of(acl.association_set, &AclAssociation::subnet_id); }}};
}

AclDescription describe(State const& state, Call const& call, network::Vpc const& vpc) {
  AclDescription description;
  description.network_acl_id = vpc.acl;
  description.vpc_id = vpc.id.text();
  description.owner_id = call.plane.deployment.region.account;
  for (auto const& subnet : state.network.subnets) {
    if (subnet.vpc != vpc.id) continue;
    auto digits = subnet.id.text().substr(networks::kSubnet.prefix.size());
    description.association_set.push_back({"aclassoc-" + digits, vpc.acl, subnet.id.text()});
  }
  constexpr std::int64_t kFirst = 100, kLast = 32767;
  for (bool egress : {true, false}) {
    description.entry_set.push_back({kFirst, "allow", egress});
    description.entry_set.push_back({kLast, "deny", egress});
  }
  description.tag_set = tags_of(state, vpc.acl);
  return description;
}

struct DescribeNetworkAclsRequest {
  std::vector<std::string> network_acl_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNetworkAclsRequest, (), (network_acl_id, filter, max_results, next_token))

struct DescribeNetworkAclsResponse {
  std::vector<AclDescription> network_acl_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeNetworkAclsResponse, (), (network_acl_set, next_token))

Result<DescribeNetworkAclsResponse> describe_network_acls(State const& state, Call const& call,
                                                          DescribeNetworkAclsRequest const& request) {
  std::vector<AclDescription> all;
  for (auto const& vpc : state.network.vpcs) all.push_back(describe(state, call, vpc));
  return list_of<DescribeNetworkAclsResponse>(call, request, networks::kNetworkAcl, request.network_acl_id,
                                              std::move(all));
}

}  // namespace

std::vector<Action> network_acl_actions() {
  return {looks(kEc2, "DescribeNetworkAcls", on_state<describe_network_acls>)};
}

}  // namespace fumidai::api::ec2
