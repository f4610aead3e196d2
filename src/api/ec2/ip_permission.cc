#include "api/ec2/ip_permission.h"

#include <algorithm>

#include "base/bytes.h"

namespace fumidai::api::ec2 {

namespace {

using networks::WrittenRule;

std::optional<std::string> unless_empty(std::string const& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

IpPermission without_peers(network::SecurityRule const& rule) {
  IpPermission permission;
  permission.ip_protocol = network::to_string(rule.protocol);
  if (networks::has_ports(rule.protocol)) {
    permission.from_port = rule.ports.first;
    permission.to_port = rule.ports.last;
  }
  return permission;
}

void add_peer(Call const& call, network::SecurityRule const& rule, IpPermission& permission) {
  auto description = unless_empty(rule.description);
  if (auto* group = std::get_if<network::SecurityGroupId>(&rule.peer)) {
    permission.groups.push_back({group->text(), {}, call.plane.deployment.region.account, description});
    return;
  }
  auto const& block = std::get<Cidr>(rule.peer);
  if (block.base.is_v6) {
    permission.ipv6_ranges.push_back({block.text(), description});
  } else {
    permission.ip_ranges.push_back({block.text(), description});
  }
}

Result<std::string> group_of(Call const& call, GroupPair const& pair) {
  if (pair.user_id && *pair.user_id != call.plane.deployment.region.account)
    return networks::invalid_parameter("Value (" + escaped(*pair.user_id, 64) +
                                       ") for parameter userId is invalid. Only groups of this account can "
                                       "be referred to.");
  if (pair.group_id) return *pair.group_id;
  return Error{Errc::invalid, "The request must contain the parameter groupId", "MissingParameter"};
}

Result<void> add_rules(Call const& call, IpPermission const& permission, std::vector<WrittenRule>& rules) {
  if (!permission.prefix_list_ids.empty())
    return networks::invalid_parameter(
        "Prefix lists are not supported here. Write their blocks as IpRanges instead.");
  WrittenRule rule{permission.ip_protocol, permission.from_port, permission.to_port};
  auto add = [&](WrittenRule::Peer kind, std::string const& peer,
                 std::optional<std::string> const& description) {
    rule.peer_kind = kind;
    rule.peer = peer;
    rule.description = description.value_or("");
    rules.push_back(rule);
  };
  for (auto const& range : permission.ip_ranges)
    add(WrittenRule::Peer::ipv4, range.cidr_ip, range.description);
  for (auto const& range : permission.ipv6_ranges)
    add(WrittenRule::Peer::ipv6, range.cidr_ipv6, range.description);
  for (auto const& pair : permission.groups) {
    TRY(auto group, group_of(call, pair));
    add(WrittenRule::Peer::group, group, pair.description);
  }
  if (permission.ip_ranges.empty() && permission.ipv6_ranges.empty() && permission.groups.empty())
    return Error{Errc::invalid, "The request must contain a block or a group for each permission.",
                 "MissingParameter"};
  return success();
}

}  // namespace

std::vector<IpPermission> merged(Call const& call, network::SecurityGroup const& group,
                                 network::Direction direction) {
  std::vector<IpPermission> permissions;
  for (auto const& rule : group.rules) {
    if (rule.direction != direction) continue;
    auto key = without_peers(rule);
    auto is_same = [&](IpPermission const& other) {
      return other.ip_protocol == key.ip_protocol && other.from_port == key.from_port &&
             other.to_port == key.to_port;
    };
    auto at = std::ranges::find_if(permissions, is_same);
    if (at == permissions.end()) at = permissions.insert(at, std::move(key));
    add_peer(call, rule, *at);
  }
  return permissions;
}

Result<std::vector<WrittenRule>> written(Call const& call, std::vector<IpPermission> const& permissions) {
  std::vector<WrittenRule> rules;
  for (auto const& permission : permissions) CHECK(add_rules(call, permission, rules));
  return rules;
}

}  // namespace fumidai::api::ec2
