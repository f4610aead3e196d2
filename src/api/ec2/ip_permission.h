#pragma once

// The rules of security groups as requests and answers write them: one entry has protocol and ports, and
// several peers (api-surface.md 2.2).

#include <optional>
#include <string>
#include <vector>

#include "api/ec2/ec2.h"
#include "networks/security_groups.h"

namespace fumidai::api::ec2 {

struct IpRange {
  std::string cidr_ip;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(IpRange, (), (cidr_ip, description))

struct Ipv6Range {
  std::string cidr_ipv6;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(Ipv6Range, (), (cidr_ipv6, description))

struct GroupPair {
  std::optional<std::string> group_id, group_name, user_id, description;
};
BOOST_DESCRIBE_STRUCT(GroupPair, (), (group_id, group_name, user_id, description))

struct PrefixListRange {
  std::string prefix_list_id;
};
BOOST_DESCRIBE_STRUCT(PrefixListRange, (), (prefix_list_id))

struct IpPermission {
  std::string ip_protocol;
  std::optional<std::int64_t> from_port, to_port;
  std::vector<GroupPair> groups;
  std::vector<IpRange> ip_ranges;
  std::vector<Ipv6Range> ipv6_ranges;
  std::vector<PrefixListRange> prefix_list_ids;
};
BOOST_DESCRIBE_STRUCT(IpPermission, (),
                      (ip_protocol, from_port, to_port, groups, ip_ranges, ipv6_ranges, prefix_list_ids))

// The rules of one direction, those of equal protocol and ports merged into one entry.
std::vector<IpPermission> merged(Call const& call, network::SecurityGroup const& group,
                                 network::Direction direction);

// One rule a peer. Errors: MissingParameter for an entry without a peer, InvalidParameterValue for what is
// not there: prefix lists, groups of other accounts.
Result<std::vector<networks::WrittenRule>> written(Call const& call,
                                                   std::vector<IpPermission> const& permissions);

}  // namespace fumidai::api::ec2
