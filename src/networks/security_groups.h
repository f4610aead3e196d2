#pragma once

// Security groups and their rules: made, changed and deleted as EC2 does it (api-surface.md 2.2).

#include "networks/resource.h"

namespace fumidai::networks {

struct NewGroup {
  std::string vpc, name, description;
};
// With one rule: everything out. Errors: VPCIdNotSpecified, InvalidParameterValue, InvalidGroup.Reserved and
// .Duplicate, SecurityGroupLimitExceeded.
Result<network::SecurityGroupId> create_security_group(State& state, NewGroup const& group);
// Errors: CannotDelete for a VPC's default group; DependencyViolation while an interface or another group
// refers to it.
Result<void> delete_security_group(State& state, std::string const& group);

// A rule as a caller writes it, before anybody has looked at it.
struct WrittenRule {
  enum class Peer { ipv4, ipv6, group };

  std::string protocol;  // a name, a number, "-1" or "all"
  std::optional<std::int64_t> from_port = {}, to_port = {};
  Peer peer_kind = Peer::ipv4;
  std::string peer = {}, description = {};
};
using Rules = std::vector<network::SecurityRule>;

// Puts all rules into the group, or none of them. Returns them with their ids. Errors: InvalidParameterValue,
// InvalidGroup.NotFound, InvalidPermission.Duplicate, RulesPerSecurityGroupLimitExceeded.
Result<Rules> authorize(State& state, std::string const& group, network::Direction direction,
                        std::vector<WrittenRule> const& rules);
// Takes all of them out, or none; what they say of themselves does not matter. Returns what was taken.
// Error: InvalidPermission.NotFound.
Result<Rules> revoke(State& state, std::string const& group, network::Direction direction,
                     std::vector<WrittenRule> const& rules);
// By ids. Error: InvalidSecurityGroupRuleId.NotFound, also for rules of the other direction.
Result<Rules> revoke(State& state, std::string const& group, network::Direction direction,
                     std::vector<std::string> const& ids);

// Whether a rule of this protocol has ports, or a type and a code.
bool has_ports(network::Protocol protocol);

// Groups for an interface in a VPC, each once; none named: the VPC's default group. Errors:
// InvalidGroup.NotFound; InvalidParameter for those of another VPC, which says that they and `place`
// ("subnet subnet-…") belong to different networks; SecurityGroupsPerInterfaceLimitExceeded.
Result<std::vector<network::SecurityGroupId>> groups_for(State const& state, network::VpcId const& vpc,
                                                         std::vector<std::string> const& ids,
                                                         std::string const& place);

}  // namespace fumidai::networks
