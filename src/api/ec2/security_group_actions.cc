// Security groups: CreateSecurityGroup, DescribeSecurityGroups, DeleteSecurityGroup. Their rules are in
// security_rule_actions.cc.

#include <algorithm>

#include "api/ec2/actions.h"
#include "api/ec2/ip_permission.h"

namespace fumidai::api::ec2 {

namespace {

struct GroupDescription {
  std::string owner_id, group_name, group_description;
  std::vector<IpPermission> ip_permissions;
  std::string group_id;
  std::vector<IpPermission> ip_permissions_egress;
  std::vector<Tag> tag_set;
  std::string vpc_id, security_group_arn;
  static constexpr auto kId = &GroupDescription::group_id;
};
BOOST_DESCRIBE_STRUCT(GroupDescription, (),
                      (owner_id, group_name, group_description, ip_permissions, group_id,
                       ip_permissions_egress, tag_set, vpc_id, security_group_arn))

// The texts of ip-permission.* and egress.ip-permission.*: of all entries together.
using OfPermission = Texts (*)(IpPermission const&);

template <auto permissions, OfPermission texts_of>
Texts of_all(GroupDescription const& group) {
  Texts all;
  for (auto const& permission : group.*permissions) {
    auto texts = texts_of(permission);
    all.insert(all.end(), texts.begin(), texts.end());
  }
  return all;
}

template <auto list, auto member>
Texts each_of(IpPermission const& permission) {
  Texts texts;
  for (auto const& entry : permission.*list) {
    if constexpr (wire::IsOptional<std::remove_cvref_t<decltype(entry.*member)>>::value) {
      if (entry.*member) texts.push_back(*(entry.*member));
    } else {
      texts.push_back(entry.*member);
    }
  }
  return texts;
}

template <auto port>
Texts port_of(IpPermission const& permission) {
  return permission.*port ? Texts{std::to_string(*(permission.*port))} : Texts{};
}

Texts protocol_of(IpPermission const& permission) {
  return {permission.ip_protocol};
}

template <auto permissions>
void add_permission_keys(std::string_view const (&names)[8], std::vector<FilterKey<GroupDescription>>& keys) {
  keys.push_back({names[0], of_all<permissions, each_of<&IpPermission::ip_ranges, &IpRange::cidr_ip>>});
  keys.push_back({names[1], of_all<permissions, each_of<&IpPermission::ipv6_ranges, &Ipv6Range::cidr_ipv6>>});
  keys.push_back({names[2], of_all<permissions, each_of<&IpPermission::groups, &GroupPair::group_id>>});
  keys.push_back({names[3], of_all<permissions, each_of<&IpPermission::groups, &GroupPair::user_id>>});
  keys.push_back({names[4], of_all<permissions, protocol_of>});
  keys.push_back({names[5], of_all<permissions, port_of<&IpPermission::from_port>>});
  keys.push_back({names[6], of_all<permissions, port_of<&IpPermission::to_port>>});
  keys.push_back({names[7], of_all<permissions, each_of<&IpPermission::groups, &GroupPair::group_name>>});
}

std::vector<FilterKey<GroupDescription>> filter_keys(GroupDescription const*) {
  static constexpr std::string_view kIn[] = {"ip-permission.cidr",     "ip-permission.ipv6-cidr",
                                             "ip-permission.group-id", "ip-permission.user-id",
                                             "ip-permission.protocol", "ip-permission.from-port",
                                             "ip-permission.to-port",  "ip-permission.group-name"};
  static constexpr std::string_view kOut[] = {
      "egress.ip-permission.cidr",    "egress.ip-permission.ipv6-cidr", "egress.ip-permission.group-id",
      "egress.ip-permission.user-id", "egress.ip-permission.protocol",  "egress.ip-permission.from-port",
      "egress.ip-permission.to-port", "egress.ip-permission.group-name"};
  std::vector<FilterKey<GroupDescription>> keys{
      {"group-id", [](auto const& group) { return Texts{group.group_id}; }},
      {"group-name", [](auto const& group) { return Texts{group.group_name}; }},
      {"description", [](auto const& group) { return Texts{group.group_description}; }},
      {"owner-id", [](auto const& group) { return Texts{group.owner_id}; }},
      {"vpc-id", [](auto const& group) { return Texts{group.vpc_id}; }}};
  add_permission_keys<&GroupDescription::ip_permissions>(kIn, keys);
  add_permission_keys<&GroupDescription::ip_permissions_egress>(kOut, keys);
  return keys;
}

GroupDescription describe(State const& state, Call const& call, network::SecurityGroup const& group) {
  GroupDescription description;
  description.owner_id = call.plane.deployment.region.account;
  description.group_name = group.name;
  description.group_description = group.description;
  description.ip_permissions = merged(call, group, network::Direction::ingress);
  description.group_id = group.id.text();
  description.ip_permissions_egress = merged(call, group, network::Direction::egress);
  description.tag_set = tags_of(state, group.id.text());
  description.vpc_id = group.vpc.text();
  description.security_group_arn = arn_of(call, networks::kSecurityGroup, group.id.text());
  return description;
}

struct CreateSecurityGroupRequest {
  std::string group_name, group_description, vpc_id;
  std::vector<TagSpecification> tag_specification;
  static constexpr wire::Limit kLimits[] = {{"group_name", 1, 255, wire::required},
                                            {"group_description", 1, 255, wire::required},
                                            {"vpc_id", 1, 64}};
};
BOOST_DESCRIBE_STRUCT(CreateSecurityGroupRequest, (),
                      (group_name, group_description, vpc_id, tag_specification))

struct CreateSecurityGroupResponse {
  bool return_ = true;
  std::string group_id, security_group_arn;
  std::vector<Tag> tag_set;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(CreateSecurityGroupResponse, (), (return_, group_id, security_group_arn, tag_set))

struct DescribeSecurityGroupsRequest {
  std::vector<std::string> group_id, group_name;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSecurityGroupsRequest, (),
                      (group_id, group_name, filter, max_results, next_token))

struct DescribeSecurityGroupsResponse {
  std::vector<GroupDescription> security_group_info;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeSecurityGroupsResponse, (), (security_group_info, next_token))

struct DeleteSecurityGroupRequest {
  std::string group_id, group_name;
  static constexpr wire::Limit kLimits[] = {{"group_id", 1, 64, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteSecurityGroupRequest, (), (group_id, group_name))

struct DeleteSecurityGroupResponse {
  bool return_ = true;
  std::string group_id;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(DeleteSecurityGroupResponse, (), (return_, group_id))

Result<void> new_group(store::Transaction&, Call const& call, CreateSecurityGroupRequest const& request,
                       sessions::Ask& ask) {
  tell_new(call, networks::kSecurityGroup, request.tag_specification, ask);
  ask.resources.push_back(arn_of(call, networks::kVpc, request.vpc_id));
  return success();
}

Result<CreateSecurityGroupResponse> create_group(State& state, Call const& call,
                                                 CreateSecurityGroupRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kSecurityGroup));
  TRY(auto id, networks::create_security_group(
                   state, {request.vpc_id, request.group_name, request.group_description}));
  CHECK(networks::put_tags(state, id.text(), tags));
  return CreateSecurityGroupResponse{true, id.text(), arn_of(call, networks::kSecurityGroup, id.text()),
                                     tags_of(state, id.text())};
}

Result<DescribeSecurityGroupsResponse> describe_groups(State const& state, Call const& call,
                                                       DescribeSecurityGroupsRequest const& request) {
  std::vector<GroupDescription> all;
  for (auto const& group : state.network.security_groups) {
    if (request.group_name.empty() || std::ranges::count(request.group_name, group.name) > 0)
      all.push_back(describe(state, call, group));
  }
  for (auto const& name : request.group_name) {
    if (std::ranges::count(all, name, &GroupDescription::group_name) == 0)
      return Error{Errc::not_found, "The security group '" + escaped(name, 255) + "' does not exist",
                   "InvalidGroup.NotFound"};
  }
  return list_of<DescribeSecurityGroupsResponse>(call, request, networks::kSecurityGroup, request.group_id,
                                                 std::move(all));
}

Result<DeleteSecurityGroupResponse> delete_group(State& state, Call const&,
                                                 DeleteSecurityGroupRequest const& request) {
  CHECK(networks::delete_security_group(state, request.group_id));
  return DeleteSecurityGroupResponse{true, request.group_id};
}

}  // namespace

std::vector<Action> security_group_actions() {
  return {
      changes(kEc2, "CreateSecurityGroup", on_state<create_group>, new_group),
      looks(kEc2, "DescribeSecurityGroups", on_state<describe_groups>),
      changes(kEc2, "DeleteSecurityGroup", on_state<delete_group>,
              about<&DeleteSecurityGroupRequest::group_id>),
  };
}

}  // namespace fumidai::api::ec2
