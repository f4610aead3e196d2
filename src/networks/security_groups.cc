#include "networks/security_groups.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "base/bytes.h"

namespace fumidai::networks {

namespace {

using network::Direction;
using network::Protocol;
using network::SecurityRule;

constexpr std::size_t kMostText = 255, kMostGroups = 500, kMostRules = 60, kMostGroupsOfInterface = 5;

// The characters of names and descriptions, as EC2's own sentences list them.
bool is_plain(std::string_view text) {
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ". _-:/()#,@[]+=&;{}!$*") == text.npos;
}

Result<void> check_text(std::string const& text, std::string_view what) {
  if (is_plain(text) && text.size() <= kMostText) return success();
  return invalid_parameter("Invalid " + std::string(what) +
                           ". Valid descriptions are strings less than 256 characters from the following "
                           "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
}

Result<void> check_group_name(std::string const& name) {
  if (name == "default")
    return Error{Errc::invalid, "Cannot use reserved security group name: default", "InvalidGroup.Reserved"};
  if (name.starts_with("sg-"))
    return invalid_parameter("Value (" + escaped(name, 64) +
                             ") for parameter GroupName is invalid. Group names may not be in the format "
                             "sg-*.");
  if (!name.empty() && name.size() <= kMostText && is_plain(name)) return success();
  return invalid_parameter("Value (" + escaped(name, 64) +
                           ") for parameter GroupName is invalid. A name has 1 to 255 characters from the "
                           "following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
}

Result<Protocol> parse_protocol(std::string const& text) {
  static constexpr std::pair<std::string_view, Protocol> kNames[] = {{"tcp", Protocol::tcp},
                                                                     {"udp", Protocol::udp},
                                                                     {"icmp", Protocol::icmp},
                                                                     {"icmpv6", Protocol::icmp_v6},
                                                                     {"all", Protocol::all}};
  if (text.empty())
    return Error{Errc::invalid, "The request must contain the parameter ipProtocol", "MissingParameter"};
  for (auto const& [name, protocol] : kNames) {
    if (equal_ignoring_case(text, name)) return protocol;
  }
  int number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size() && number >= -1 && number <= 255)
    return static_cast<Protocol>(number);
  return invalid_parameter("Invalid value '" + escaped(text, 64) + "' for IP protocol. Unknown protocol.");
}

Error bad_port(std::optional<std::int64_t> const& port) {
  return invalid_parameter("Invalid value '" + (port ? std::to_string(*port) : std::string()) +
                           "' for portRange. Must specify both from and to ports with TCP/UDP.");
}

// -1 to -1 is how the AWS CLI writes all of them.
Result<network::Ports> ports_of_range(WrittenRule const& rule) {
  auto const& [from, to] = std::pair(rule.from_port, rule.to_port);
  if (from == -1 && to == -1) return network::Ports{};
  for (auto const& port : {from, to}) {
    if (!port || *port < 0 || *port > 65535) return bad_port(port);
  }
  if (*from > *to)
    return invalid_parameter("Invalid TCP/UDP port range (" + std::to_string(*from) + ", " +
                             std::to_string(*to) + ")");
  return network::Ports{static_cast<int>(*from), static_cast<int>(*to)};
}

Result<network::Ports> type_and_code_of(WrittenRule const& rule) {
  auto type = rule.from_port.value_or(-1), code = rule.to_port.value_or(-1);
  for (auto number : {type, code}) {
    if (number < -1 || number > 255)
      return invalid_parameter("Invalid value '" + std::to_string(number) +
                               "' for ICMP. A type and a code are numbers from 0 to 255, or -1 for any.");
  }
  if (type == -1 && code != -1)
    return invalid_parameter("ICMP code (" + std::to_string(code) + ") cannot be specified without a type.");
  return network::Ports{static_cast<int>(type), static_cast<int>(code)};
}

Result<network::Ports> ports_of(Protocol protocol, WrittenRule const& rule) {
  switch (protocol) {
    case Protocol::tcp:
    case Protocol::udp: return ports_of_range(rule);
    case Protocol::icmp:
    case Protocol::icmp_v6: return type_and_code_of(rule);
    default: return network::Ports{};
  }
}

Result<std::variant<Cidr, network::SecurityGroupId>> peer_of(WrittenRule const& rule) {
  if (rule.peer_kind == WrittenRule::Peer::group) {
    CHECK(check_id(kSecurityGroup, rule.peer));
    return network::SecurityGroupId(rule.peer);
  }
  auto block = Cidr::parse(rule.peer);
  bool wants_v6 = rule.peer_kind == WrittenRule::Peer::ipv6;
  if (!block || block->base.is_v6 != wants_v6 || rule.peer.find('/') == std::string::npos)
    return invalid_parameter("CIDR block " + escaped(rule.peer, 64) + " is malformed");
  return block->masked();
}

Result<SecurityRule> read_rule(WrittenRule const& rule, Direction direction) {
  TRY(auto protocol, parse_protocol(rule.protocol));
  TRY(auto ports, ports_of(protocol, rule));
  TRY(auto peer, peer_of(rule));
  CHECK(check_text(rule.description, "rule description"));
  return SecurityRule{network::SecurityRuleId(), direction, protocol, ports, peer, rule.description};
}

// Lets the same connections begin; ids and descriptions may differ.
bool is_same(SecurityRule const& a, SecurityRule const& b) {
  return std::tie(a.direction, a.protocol, a.ports, a.peer) ==
         std::tie(b.direction, b.protocol, b.ports, b.peer);
}

Result<Rules> read_rules(std::vector<WrittenRule> const& written, Direction direction) {
  Rules rules;
  for (auto const& each : written) {
    TRY(auto rule, read_rule(each, direction));
    if (std::ranges::any_of(rules, [&](auto const& other) { return is_same(rule, other); }))
      return invalid_parameter("The same permission must not appear multiple times");
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string in_words(SecurityRule const& rule) {
  auto* block = std::get_if<Cidr>(&rule.peer);
  auto text =
      "peer: " + (block ? block->text() : std::get<network::SecurityGroupId>(rule.peer).text()) + ", ";
  auto protocol = rule.protocol == Protocol::all ? "ALL" : network::to_string(rule.protocol);
  for (char c : protocol) text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (has_ports(rule.protocol))
    text +=
        ", from port: " + std::to_string(rule.ports.first) + ", to port: " + std::to_string(rule.ports.last);
  return text + ", ALLOW";
}

// What it refers to is there, and in the same VPC.
Result<void> check_reference(State const& state, network::SecurityGroup const& group,
                             SecurityRule const& rule) {
  auto* id = std::get_if<network::SecurityGroupId>(&rule.peer);
  if (!id) return success();
  TRY(auto* other, find(state.network.security_groups, id->text()));
  if (other->vpc == group.vpc) return success();
  return Error{Errc::not_found, "You have specified two resources that belong to different networks.",
               "InvalidGroup.NotFound"};
}

Result<void> check_new(State const& state, network::SecurityGroup const& group, SecurityRule const& rule) {
  CHECK(check_reference(state, group, rule));
  if (std::ranges::none_of(group.rules, [&](auto const& other) { return is_same(rule, other); }))
    return success();
  return Error{Errc::conflict, "the specified rule \"" + in_words(rule) + "\" already exists",
               "InvalidPermission.Duplicate"};
}

// Takes out of a group those rules for which `is_meant` holds.
template <class IsMeant>
Rules take_out(State& state, network::SecurityGroup& group, IsMeant is_meant) {
  Rules taken, left;
  for (auto& rule : group.rules) (is_meant(rule) ? taken : left).push_back(rule);
  group.rules = std::move(left);
  for (auto const& rule : taken) drop_tags(state, rule.id.text());
  return taken;
}

bool refers_to(network::SecurityGroup const& group, network::SecurityGroupId const& other) {
  return std::ranges::any_of(group.rules, [&](auto const& rule) {
    auto* peer = std::get_if<network::SecurityGroupId>(&rule.peer);
    return peer && *peer == other;
  });
}

bool is_in_use(State const& state, network::SecurityGroupId const& id) {
  auto has_it = [&](auto const& each) { return std::ranges::count(each.groups, id) > 0; };
  return std::ranges::any_of(state.network.interfaces, has_it) ||
         std::ranges::any_of(state.network.endpoints, has_it) ||
         std::ranges::any_of(state.network.security_groups,
                             [&](auto const& group) { return group.id != id && refers_to(group, id); });
}

}  // namespace

bool has_ports(Protocol protocol) {
  return protocol == Protocol::tcp || protocol == Protocol::udp || protocol == Protocol::icmp ||
         protocol == Protocol::icmp_v6;
}

Result<network::SecurityGroupId> create_security_group(State& state, NewGroup const& group) {
  CHECK(check_group_name(group.name));
  if (group.description.empty())
    return Error{Errc::invalid, "The request must contain the parameter GroupDescription",
                 "MissingParameter"};
  CHECK(check_text(group.description, "security group description"));
  if (group.vpc.empty())
    return Error{Errc::invalid, "No default VPC for this user. Name a VPC: --vpc-id", "VPCIdNotSpecified"};
  TRY(auto* vpc, find(state.network.vpcs, group.vpc));
  std::size_t count = 0;
  for (auto const& other : state.network.security_groups) {
    if (other.vpc != vpc->id) continue;
    count++;
    if (other.name == group.name)
      return Error{Errc::conflict,
                   "The security group '" + group.name + "' already exists for VPC '" + group.vpc + "'",
                   "InvalidGroup.Duplicate"};
  }
  if (count >= kMostGroups)
    return Error{Errc::limit_exceeded,
                 "The maximum number of security groups for VPC '" + group.vpc + "' has been reached.",
                 "SecurityGroupLimitExceeded"};
  network::SecurityGroupId id(new_id(kSecurityGroup));
  SecurityRule everything_out{network::SecurityRuleId(new_id(kSecurityRule)),
                              Direction::egress,
                              Protocol::all,
                              {},
                              *Cidr::parse("0.0.0.0/0")};
  state.network.security_groups.put({id, vpc->id, group.name, group.description, {everything_out}});
  return id;
}

Result<void> delete_security_group(State& state, std::string const& id) {
  TRY(auto* group, find(state.network.security_groups, id));
  if (group->name == "default")
    return Error{Errc::conflict,
                 "the specified group: \"" + id + "\" name: \"default\" cannot be deleted by a user",
                 "CannotDelete"};
  if (is_in_use(state, group->id)) return dependency_violation("resource " + id + " has a dependent object");
  take_out(state, *group, [](auto const&) { return true; });
  state.network.security_groups.erase(network::SecurityGroupId(id));
  drop_tags(state, id);
  return success();
}

Result<Rules> authorize(State& state, std::string const& id, Direction direction,
                        std::vector<WrittenRule> const& written) {
  TRY(auto* group, find(state.network.security_groups, id));
  TRY(auto rules, read_rules(written, direction));
  for (auto& rule : rules) {
    CHECK(check_new(state, *group, rule));
    rule.id = network::SecurityRuleId(new_id(kSecurityRule));
  }
  auto held = static_cast<std::size_t>(std::ranges::count(group->rules, direction, &SecurityRule::direction));
  if (held + rules.size() > kMostRules)
    return Error{Errc::limit_exceeded, "The maximum number of rules per security group has been reached.",
                 "RulesPerSecurityGroupLimitExceeded"};
  group->rules.insert(group->rules.end(), rules.begin(), rules.end());
  return rules;
}

Result<Rules> revoke(State& state, std::string const& id, Direction direction,
                     std::vector<WrittenRule> const& written) {
  TRY(auto* group, find(state.network.security_groups, id));
  TRY(auto rules, read_rules(written, direction));
  for (auto const& rule : rules) {
    if (std::ranges::none_of(group->rules, [&](auto const& held) { return is_same(rule, held); }))
      return Error{Errc::not_found, "The specified rule does not exist in this security group.",
                   "InvalidPermission.NotFound"};
  }
  return take_out(state, *group, [&](auto const& held) {
    return std::ranges::any_of(rules, [&](auto const& rule) { return is_same(rule, held); });
  });
}

Result<Rules> revoke(State& state, std::string const& id, Direction direction,
                     std::vector<std::string> const& ids) {
  TRY(auto* group, find(state.network.security_groups, id));
  for (auto const& rule : ids) {
    CHECK(check_id(kSecurityRule, rule));
    auto is_it = [&](auto const& held) { return held.direction == direction && held.id.text() == rule; };
    if (std::ranges::none_of(group->rules, is_it)) return not_found(kSecurityRule, rule);
  }
  return take_out(state, *group,
                  [&](auto const& held) { return std::ranges::count(ids, held.id.text()) > 0; });
}

Result<std::vector<network::SecurityGroupId>> groups_for(State const& state, network::VpcId const& vpc,
                                                         std::vector<std::string> const& ids,
                                                         std::string const& place) {
  std::vector<network::SecurityGroupId> groups;
  for (auto const& id : ids) {
    TRY(auto* group, find(state.network.security_groups, id));
    if (group->vpc != vpc)
      return Error{Errc::invalid, "Security group " + id + " and " + place + " belong to different networks.",
                   "InvalidParameter"};
    if (std::ranges::count(groups, group->id) == 0) groups.push_back(group->id);
  }
  if (groups.size() > kMostGroupsOfInterface)
    return Error{Errc::limit_exceeded,
                 "The maximum number of security groups per interface has been reached.",
                 "SecurityGroupsPerInterfaceLimitExceeded"};
  if (!groups.empty()) return groups;
  for (auto const& group : state.network.security_groups) {
    if (group.vpc == vpc && group.name == "default") groups.push_back(group.id);
  }
  return groups;
}

}  // namespace fumidai::networks
