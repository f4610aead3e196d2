// The rules of security groups: AuthorizeSecurityGroupIngress and -Egress, RevokeSecurityGroupIngress and
// -Egress, DescribeSecurityGroupRules.

#include "api/ec2/actions.h"
#include "api/ec2/ip_permission.h"

namespace fumidai::api::ec2 {

namespace {

using network::Direction;

struct ReferencedGroup {
  std::string group_id, user_id;
};
BOOST_DESCRIBE_STRUCT(ReferencedGroup, (), (group_id, user_id))

struct RuleDescription {
  std::string security_group_rule_id, group_id, group_owner_id;
  bool is_egress = false;
  std::string ip_protocol;
  std::optional<std::int64_t> from_port, to_port;
  std::optional<std::string> cidr_ipv4, cidr_ipv6;
  std::optional<ReferencedGroup> referenced_group_info;
  std::optional<std::string> description;
  std::vector<Tag> tag_set;
  std::string security_group_rule_arn;
  static constexpr auto kId = &RuleDescription::security_group_rule_id;
};
BOOST_DESCRIBE_STRUCT(RuleDescription, (),
                      (security_group_rule_id, group_id, group_owner_id, is_egress, ip_protocol, from_port,
                       to_port, cidr_ipv4, cidr_ipv6, referenced_group_info, description, tag_set,
                       security_group_rule_arn))

std::vector<FilterKey<RuleDescription>> filter_keys(RuleDescription const*) {
  return {{"group-id", [](auto const& rule) { return Texts{rule.group_id}; }},
          {"security-group-rule-id", [](auto const& rule) { return Texts{rule.security_group_rule_id}; }}};
}

struct RevokedRule {
  std::string security_group_rule_id, group_id;
  bool is_egress = false;
  std::string ip_protocol;
  std::optional<std::int64_t> from_port, to_port;
  std::optional<std::string> cidr_ipv4, cidr_ipv6, referenced_group_id, description;
};
BOOST_DESCRIBE_STRUCT(RevokedRule, (),
                      (security_group_rule_id, group_id, is_egress, ip_protocol, from_port, to_port,
                       cidr_ipv4, cidr_ipv6, referenced_group_id, description))

// What both descriptions say.
template <class Description>
Description describe_rule(std::string const& group, network::SecurityRule const& rule) {
  Description description;
  description.security_group_rule_id = rule.id.text();
  description.group_id = group;
  description.is_egress = rule.direction == Direction::egress;
  description.ip_protocol = network::to_string(rule.protocol);
  if (networks::has_ports(rule.protocol)) {
    description.from_port = rule.ports.first;
    description.to_port = rule.ports.last;
  }
  if (auto* block = std::get_if<Cidr>(&rule.peer))
    (block->base.is_v6 ? description.cidr_ipv6 : description.cidr_ipv4) = block->text();
  if (!rule.description.empty()) description.description = rule.description;
  return description;
}

RuleDescription describe(State const& state, Call const& call, std::string const& group,
                         network::SecurityRule const& rule) {
  auto const& account = call.plane.deployment.region.account;
  auto description = describe_rule<RuleDescription>(group, rule);
  description.group_owner_id = account;
  if (auto* other = std::get_if<network::SecurityGroupId>(&rule.peer))
    description.referenced_group_info = ReferencedGroup{other->text(), account};
  description.tag_set = tags_of(state, rule.id.text());
  description.security_group_rule_arn = arn_of(call, networks::kSecurityRule, rule.id.text());
  return description;
}

RevokedRule describe_revoked(std::string const& group, network::SecurityRule const& rule) {
  auto description = describe_rule<RevokedRule>(group, rule);
  if (auto* other = std::get_if<network::SecurityGroupId>(&rule.peer))
    description.referenced_group_id = other->text();
  return description;
}

struct RulesRequest {
  std::string group_id, group_name;
  std::vector<IpPermission> ip_permissions;
  // Of one permission, flat.
  std::string ip_protocol;
  std::optional<std::int64_t> from_port, to_port;
  std::optional<std::string> cidr_ip, source_security_group_name;
  std::vector<std::string> security_group_rule_id;  // to revoke
  std::vector<TagSpecification> tag_specification;  // to authorize
  static constexpr wire::Limit kLimits[] = {
      {"group_id", 1, 64}, {"ip_permissions", 0, 1000}, {"security_group_rule_id", 0, 1000}};
};
BOOST_DESCRIBE_STRUCT(RulesRequest, (),
                      (group_id, group_name, ip_permissions, ip_protocol, from_port, to_port, cidr_ip,
                       source_security_group_name, security_group_rule_id, tag_specification))

struct AuthorizeResponse {
  bool return_ = true;
  std::vector<RuleDescription> security_group_rule_set;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(AuthorizeResponse, (), (return_, security_group_rule_set))

struct RevokeResponse {
  bool return_ = true;
  std::vector<IpPermission> unknown_ip_permission_set;
  std::vector<RevokedRule> revoked_security_group_rule_set;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(RevokeResponse, (),
                      (return_, unknown_ip_permission_set, revoked_security_group_rule_set))

struct DescribeRulesRequest {
  std::vector<std::string> security_group_rule_id;
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRulesRequest, (), (security_group_rule_id, filter, max_results, next_token))

struct DescribeRulesResponse {
  std::vector<RuleDescription> security_group_rule_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeRulesResponse, (), (security_group_rule_set, next_token))

Result<void> new_rules(store::Transaction&, Call const& call, RulesRequest const& request,
                       sessions::Ask& ask) {
  ask.resources.clear();
  if (!request.tag_specification.empty())
    tell_new(call, networks::kSecurityRule, request.tag_specification, ask);
  ask.resources.push_back(arn_of(call, networks::kSecurityGroup, request.group_id));
  return success();
}

Result<void> check_group(RulesRequest const& request) {
  if (!request.group_id.empty()) return success();
  if (request.group_name.empty())
    return Error{Errc::invalid, "The request must contain the parameter GroupId", "MissingParameter"};
  return Error{Errc::invalid,
               "No default VPC for this user. A group can be named by GroupName in a default VPC only; name "
               "it by GroupId.",
               "VPCIdNotSpecified"};
}

// Those of the list, and that of the flat parameters.
Result<std::vector<networks::WrittenRule>> rules_of(Call const& call, RulesRequest const& request) {
  CHECK(check_group(request));
  auto permissions = request.ip_permissions;
  if (!request.ip_protocol.empty() || request.cidr_ip || request.source_security_group_name) {
    IpPermission flat{request.ip_protocol, request.from_port, request.to_port, {}, {}, {}, {}};
    if (request.cidr_ip) flat.ip_ranges.push_back({*request.cidr_ip, {}});
    if (request.source_security_group_name)
      flat.groups.push_back({{}, request.source_security_group_name, {}, {}});
    permissions.push_back(std::move(flat));
  }
  return written(call, permissions);
}

Error nothing_meant(std::string_view wanted) {
  return {Errc::invalid, "The request must contain the parameter " + std::string(wanted), "MissingParameter"};
}

template <Direction direction>
Result<AuthorizeResponse> authorize(State& state, Call const& call, RulesRequest const& request) {
  TRY(auto tags, tags_for(request.tag_specification, networks::kSecurityRule));
  TRY(auto rules, rules_of(call, request));
  if (rules.empty()) return nothing_meant("IpPermissions");
  TRY(auto made, networks::authorize(state, request.group_id, direction, rules));
  AuthorizeResponse response;
  for (auto const& rule : made) {
    CHECK(networks::put_tags(state, rule.id.text(), tags));
    response.security_group_rule_set.push_back(describe(state, call, request.group_id, rule));
  }
  return response;
}

template <Direction direction>
Result<RevokeResponse> revoke(State& state, Call const& call, RulesRequest const& request) {
  TRY(auto rules, rules_of(call, request));
  auto const& ids = request.security_group_rule_id;
  if (rules.empty() && ids.empty()) return nothing_meant("IpPermissions or SecurityGroupRuleId");
  if (!rules.empty() && !ids.empty())
    return Error{Errc::invalid, "Rules may be named by IpPermissions or by SecurityGroupRuleId, not by both.",
                 "InvalidParameterCombination"};
  TRY(auto taken, ids.empty() ? networks::revoke(state, request.group_id, direction, rules)
                              : networks::revoke(state, request.group_id, direction, ids));
  RevokeResponse response;
  for (auto const& rule : taken)
    response.revoked_security_group_rule_set.push_back(describe_revoked(request.group_id, rule));
  return response;
}

Result<DescribeRulesResponse> describe_rules(State const& state, Call const& call,
                                             DescribeRulesRequest const& request) {
  std::vector<RuleDescription> all;
  for (auto const& group : state.network.security_groups) {
    for (auto const& rule : group.rules) all.push_back(describe(state, call, group.id.text(), rule));
  }
  return list_of<DescribeRulesResponse>(call, request, networks::kSecurityRule,
                                        request.security_group_rule_id, std::move(all));
}

}  // namespace

std::vector<Action> security_rule_actions() {
  constexpr auto about_group = about<&RulesRequest::group_id>;
  return {
      changes(kEc2, "AuthorizeSecurityGroupIngress", on_state<authorize<Direction::ingress>>, new_rules),
      changes(kEc2, "AuthorizeSecurityGroupEgress", on_state<authorize<Direction::egress>>, new_rules),
      changes(kEc2, "RevokeSecurityGroupIngress", on_state<revoke<Direction::ingress>>, about_group),
      changes(kEc2, "RevokeSecurityGroupEgress", on_state<revoke<Direction::egress>>, about_group),
      looks(kEc2, "DescribeSecurityGroupRules", on_state<describe_rules>),
  };
}

}  // namespace fumidai::api::ec2
