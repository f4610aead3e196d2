#include "networks/security_groups.h"

#include "networks/test_region.h"

namespace fumidai::networks {
namespace {

using network::Direction;
using network::Protocol;
using Peer = WrittenRule::Peer;

class SecurityGroups : public RegionTest {
 protected:
  SecurityGroups() {
    web = create_security_group(state, {vpc, "web", "for the web"})->text();
    data = create_security_group(state, {vpc, "data", "for data"})->text();
    far = create_security_group(state, {other_vpc, "web", "far away"})->text();
  }

  network::SecurityGroup const& group(std::string const& id) const {
    return *state.network.security_groups.find(network::SecurityGroupId(id));
  }
  Result<Rules> let_in(std::vector<WrittenRule> const& rules) {
    return authorize(state, web, Direction::ingress, rules);
  }

  std::string web, data, far;
  std::string const nowhere = "sg-0123456789abcdef0";
};

TEST_F(SecurityGroups, a_new_one_lets_nothing_in_and_everything_out) {
  ASSERT_EQ(group(web).rules.size(), 1u);
  auto const& rule = group(web).rules[0];
  EXPECT_EQ(rule.direction, Direction::egress);
  EXPECT_EQ(rule.protocol, Protocol::all);
  EXPECT_EQ(std::get<Cidr>(rule.peer).text(), "0.0.0.0/0");
}

TEST_F(SecurityGroups, what_cannot_be_made) {
  struct {
    NewGroup group;
    char const* error;
  } const cases[] = {
      {{vpc, "web", "again"}, "InvalidGroup.Duplicate"},
      {{vpc, "default", "mine"}, "InvalidGroup.Reserved"},
      {{vpc, "sg-mine", "mine"}, "InvalidParameterValue"},
      {{vpc, "", "mine"}, "InvalidParameterValue"},
      {{vpc, std::string(256, 'a'), "mine"}, "InvalidParameterValue"},
      {{vpc, "a\nb", "mine"}, "InvalidParameterValue"},
      {{vpc, "`id`", "mine"}, "InvalidParameterValue"},
      {{vpc, "mine", ""}, "MissingParameter"},
      {{vpc, "mine", "a | b"}, "InvalidParameterValue"},
      {{vpc, "mine", std::string(256, 'a')}, "InvalidParameterValue"},
      {{"", "mine", "mine"}, "VPCIdNotSpecified"},
      {{"vpc-1", "mine", "mine"}, "InvalidVpcID.Malformed"},
      {{"vpc-0123456789abcdef0", "mine", "mine"}, "InvalidVpcID.NotFound"},
      {{vpc, "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", "$(reboot); *"}, ""},
      {{other_vpc, "data", "of another VPC"}, ""},
  };
  for (auto const& [wanted, error] : cases)
    EXPECT_EQ(aws_name(create_security_group(state, wanted)), error) << wanted.name;
  EXPECT_EQ(sentence(create_security_group(state, {vpc, "web", "again"})),
            "The security group 'web' already exists for VPC '" + vpc + "'");
}

TEST_F(SecurityGroups, a_rule_is_kept_as_it_is_judged) {
  struct {
    WrittenRule rule;
    Protocol protocol;
    network::Ports ports;
    char const* peer;
  } const cases[] = {
      {{"tcp", 22, 22, Peer::ipv4, "198.51.100.7/32"}, Protocol::tcp, {22, 22}, "198.51.100.7/32"},
      {{"6", 443, 444, Peer::ipv4, "10.0.0.5/24"}, Protocol::tcp, {443, 444}, "10.0.0.0/24"},
      {{"17", 53, 53, Peer::ipv4, "0.0.0.0/0"}, Protocol::udp, {53, 53}, "0.0.0.0/0"},
      {{"TCP", -1, -1, Peer::ipv4, "0.0.0.0/0"}, Protocol::tcp, {0, 65535}, "0.0.0.0/0"},
      {{"icmp", -1, -1, Peer::ipv4, "0.0.0.0/0"}, Protocol::icmp, {-1, -1}, "0.0.0.0/0"},
      {{"1", 8, 0, Peer::ipv4, "0.0.0.0/0"}, Protocol::icmp, {8, 0}, "0.0.0.0/0"},
      {{"icmpv6", {}, {}, Peer::ipv6, "::/0"}, Protocol::icmp_v6, {-1, -1}, "::/0"},
      {{"58", 128, 0, Peer::ipv6, "2001:db8::1/64"}, Protocol::icmp_v6, {128, 0}, "2001:db8::/64"},
      {{"50", 1, 2, Peer::ipv4, "0.0.0.0/0"}, static_cast<Protocol>(50), {}, "0.0.0.0/0"},
      {{"-1", 22, 22, Peer::ipv4, "0.0.0.0/0"}, Protocol::all, {}, "0.0.0.0/0"},
  };
  for (auto const& [rule, protocol, ports, peer] : cases) {
    auto made = let_in({rule});
    ASSERT_TRUE(made) << rule.protocol << ": " << made.error().detail;
    EXPECT_EQ(made->at(0).protocol, protocol);
    EXPECT_EQ(made->at(0).ports, ports) << rule.protocol;
    EXPECT_EQ(std::get<Cidr>(made->at(0).peer).text(), peer);
    EXPECT_TRUE(made->at(0).id.text().starts_with("sgr-"));
  }
}

TEST_F(SecurityGroups, what_is_no_rule) {
  struct {
    WrittenRule rule;
    char const* error;
    std::string why;
  } const cases[] = {
      {{"", 22, 22, Peer::ipv4, "0.0.0.0/0"}, "MissingParameter", "ipProtocol"},
      {{"sctp", 22, 22, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Unknown protocol"},
      {{"256", {}, {}, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Unknown protocol"},
      {{"6x", 22, 22, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Unknown protocol"},
      {{"tcp", {}, {}, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Must specify both from and to"},
      {{"tcp", 22, {}, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Must specify both from and to"},
      {{"tcp", 22, 70000, Peer::ipv4, "0.0.0.0/0"},
       "InvalidParameterValue",
       "Invalid value '70000' for portRange. Must specify both from and to ports with TCP/UDP."},
      {{"udp", -2, 22, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "Invalid value '-2'"},
      {{"tcp", 23, 22, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "(23, 22)"},
      {{"icmp", 256, -1, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "'256'"},
      {{"icmp", -1, 3, Peer::ipv4, "0.0.0.0/0"}, "InvalidParameterValue", "without a type"},
      {{"tcp", 22, 22, Peer::ipv4, "10.0.0.1"}, "InvalidParameterValue", "CIDR block 10.0.0.1 is malformed"},
      {{"tcp", 22, 22, Peer::ipv4, "10.0.0.0/33"}, "InvalidParameterValue", "is malformed"},
      {{"tcp", 22, 22, Peer::ipv4, "::/0"}, "InvalidParameterValue", "CIDR block ::/0 is malformed"},
      {{"tcp", 22, 22, Peer::ipv6, "0.0.0.0/0"}, "InvalidParameterValue", "is malformed"},
      {{"tcp", 22, 22, Peer::ipv4, "$(id)\n/0"}, "InvalidParameterValue", "$(id)\\x0a/0 is malformed"},
      {{"tcp", 22, 22, Peer::group, "group"}, "InvalidGroupId.Malformed", "group"},
      {{"tcp", 22, 22, Peer::group, nowhere}, "InvalidGroup.NotFound", nowhere},
      {{"tcp", 22, 22, Peer::group, far}, "InvalidGroup.NotFound", "different networks"},
      {{"tcp", 22, 22, Peer::ipv4, "0.0.0.0/0", "a\nb"}, "InvalidParameterValue", "Invalid rule description"},
      {{"tcp", 22, 22, Peer::ipv4, "0.0.0.0/0", std::string(256, 'a')},
       "InvalidParameterValue",
       "Invalid rule description"},
  };
  auto before = state;
  for (auto const& [rule, error, why] : cases) {
    auto made = let_in({{"tcp", 80, 80, Peer::ipv4, "0.0.0.0/0"}, rule});
    EXPECT_EQ(aws_name(made), error) << rule.protocol << " " << rule.peer;
    EXPECT_NE(sentence(made).find(why), std::string::npos) << sentence(made);
  }
  EXPECT_EQ(state, before);
}

TEST_F(SecurityGroups, a_rule_that_is_there_refuses_the_whole_call) {
  WrittenRule ssh{"tcp", 22, 22, Peer::ipv4, "1.2.3.4/32"};
  ASSERT_TRUE(let_in({ssh}));
  auto before = state;
  ssh.description = "the same one";
  auto again = let_in({{"tcp", 23, 23, Peer::ipv4, "1.2.3.4/32"}, ssh});
  EXPECT_EQ(aws_name(again), "InvalidPermission.Duplicate");
  EXPECT_EQ(
      sentence(again),
      R"(the specified rule "peer: 1.2.3.4/32, TCP, from port: 22, to port: 22, ALLOW" already exists)");
  EXPECT_EQ(state, before);
  EXPECT_EQ(sentence(authorize(state, web, Direction::egress, {{"-1", {}, {}, Peer::ipv4, "0.0.0.0/0"}})),
            R"(the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists)");
  EXPECT_EQ(
      aws_name(let_in({{"udp", 1, 1, Peer::ipv4, "1.2.3.4/32"}, {"17", 1, 1, Peer::ipv4, "1.2.3.4/32"}})),
      "InvalidParameterValue");
  EXPECT_EQ(aws_name(authorize(state, web, Direction::egress, {ssh})), "");
}

TEST_F(SecurityGroups, there_is_a_limit_to_rules_in_each_direction) {
  std::vector<WrittenRule> many;
  for (int i = 0; i < 60; i++) many.push_back({"tcp", i, i, Peer::ipv4, "0.0.0.0/0"});
  EXPECT_EQ(aws_name(let_in(many)), "");
  EXPECT_EQ(aws_name(let_in({{"tcp", 60, 60, Peer::ipv4, "0.0.0.0/0"}})),
            "RulesPerSecurityGroupLimitExceeded");
  many.pop_back();
  EXPECT_EQ(aws_name(authorize(state, web, Direction::egress, many)), "");
  EXPECT_EQ(aws_name(authorize(state, web, Direction::egress, {{"udp", 1, 1, Peer::ipv4, "0.0.0.0/0"}})),
            "RulesPerSecurityGroupLimitExceeded");
}

TEST_F(SecurityGroups, all_rules_of_a_call_are_revoked_or_none) {
  WrittenRule ssh{"tcp", 22, 22, Peer::ipv4, "1.2.3.4/32", "mine"},
      from_data{"tcp", 5432, 5432, Peer::group, data};
  auto made = let_in({ssh, from_data});
  ASSERT_TRUE(made);
  ASSERT_TRUE(put_tags(state, made->at(0).id.text(), {{"a", "b"}}));
  auto before = state;
  auto missing = revoke(state, web, Direction::ingress,
                        std::vector{ssh, WrittenRule{"tcp", 23, 23, Peer::ipv4, "1.2.3.4/32"}});
  EXPECT_EQ(aws_name(missing), "InvalidPermission.NotFound");
  EXPECT_EQ(sentence(missing), "The specified rule does not exist in this security group.");
  EXPECT_EQ(aws_name(revoke(state, web, Direction::egress, std::vector{ssh})), "InvalidPermission.NotFound");
  EXPECT_EQ(state, before);
  ssh.description = {};
  auto taken = revoke(state, web, Direction::ingress, std::vector{ssh, from_data});
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, *made);
  EXPECT_EQ(group(web).rules.size(), 1u);
  EXPECT_TRUE(state.tags_of(made->at(0).id.text()).empty());
}

TEST_F(SecurityGroups, rules_are_revoked_by_their_ids) {
  auto made = let_in({{"tcp", 22, 22, Peer::ipv4, "1.2.3.4/32"}});
  ASSERT_TRUE(made);
  auto id = made->at(0).id.text();
  auto by = [&](Direction direction, std::string const& rule) {
    return aws_name(revoke(state, web, direction, std::vector{rule}));
  };
  EXPECT_EQ(by(Direction::ingress, "sgr-x"), "InvalidSecurityGroupRuleId.Malformed");
  EXPECT_EQ(by(Direction::ingress, "sgr-0123456789abcdef0"), "InvalidSecurityGroupRuleId.NotFound");
  EXPECT_EQ(by(Direction::egress, id), "InvalidSecurityGroupRuleId.NotFound");
  EXPECT_EQ(by(Direction::ingress, id), "");
  EXPECT_EQ(group(web).rules.size(), 1u);
}

TEST_F(SecurityGroups, a_group_goes_when_nothing_refers_to_it) {
  auto default_group = default_group_of(vpc).id.text();
  EXPECT_EQ(aws_name(delete_security_group(state, default_group)), "CannotDelete");
  EXPECT_EQ(aws_name(delete_security_group(state, nowhere)), "InvalidGroup.NotFound");
  ASSERT_TRUE(let_in({{"tcp", 22, 22, Peer::group, data}, {"tcp", 22, 22, Peer::group, web}}));
  EXPECT_EQ(sentence(delete_security_group(state, data)), "resource " + data + " has a dependent object");
  state.network.interfaces.put({network::InterfaceId("eni-1"),
                                network::SubnetId(subnet),
                                *Address::parse("10.0.1.4"),
                                {},
                                {network::SecurityGroupId(web)}});
  EXPECT_EQ(aws_name(delete_security_group(state, web)), "DependencyViolation");
  state.network.interfaces.erase(network::InterfaceId("eni-1"));
  ASSERT_TRUE(put_tags(state, web, {{"a", "b"}}));
  EXPECT_EQ(aws_name(delete_security_group(state, web)), "");  // it may refer to itself
  EXPECT_EQ(aws_name(delete_security_group(state, data)), "");
  EXPECT_EQ(state.tagged.size(), 0u);
}

TEST_F(SecurityGroups, an_interface_gets_groups_of_its_own_vpc) {
  network::VpcId of(vpc);
  auto groups = groups_for(state, of, {web, data, web}, "subnet " + subnet);
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->size(), 2u);
  EXPECT_EQ(groups_for(state, of, {}, "")->at(0), default_group_of(vpc).id);
  EXPECT_EQ(sentence(groups_for(state, of, {far}, "subnet " + subnet)),
            "Security group " + far + " and subnet " + subnet + " belong to different networks.");
  EXPECT_EQ(aws_name(groups_for(state, of, {nowhere}, "")), "InvalidGroup.NotFound");
  std::vector<std::string> many;
  for (auto name : {"a", "b", "c", "d", "e", "f"})
    many.push_back(create_security_group(state, {vpc, name, "one"})->text());
  EXPECT_EQ(aws_name(groups_for(state, of, many, "")), "SecurityGroupsPerInterfaceLimitExceeded");
}

}  // namespace
}  // namespace fumidai::networks
