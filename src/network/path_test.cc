#include "network/path.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

constexpr Flow kSsh{Protocol::tcp, 22}, kHttps{Protocol::tcp, 443};

Path way(Network const& network, End const& from, End const& to, Flow const& flow) {
  auto found = path(network, from, to, flow);
  if (!found) ADD_FAILURE() << found.error().detail;
  return found ? *found : Path{};
}

std::string cause(Path const& path) {
  auto* hop = path.blocked();
  return hop ? std::string(to_string(*hop->block)) : "arrives";
}

std::vector<Pass> passes(Path const& path) {
  std::vector<Pass> kinds;
  for (auto& hop : path.hops) kinds.push_back(hop.pass);
  return kinds;
}

TEST(Path, each_broken_network_of_the_walkthrough_is_told_by_its_cause_and_its_place) {
  struct Case {
    char const* name;
    Network network;
    void (*injure)(Network&);
    End from, to;
    Flow flow;
    char const *cause, *place, *mend;
  };
  auto endpoint = endpoint_port("ssm");
  Case cases[] = {
      {"B1 no inbound rule on the bastion's group", walkthrough(),
       [](Network& n) { revoke(n, kBastionGroup, Direction::ingress); }, kOffice, kBastionPort, kSsh,
       "no-ingress-rule", "sg-bastion",
       "aws ec2 authorize-security-group-ingress --group-id sg-bastion --protocol tcp --port 22 --cidr "
       "198.51.100.7/32"},
      {"B1 from another address", walkthrough(), [](Network&) {}, address("198.51.100.8"), kBastionPort, kSsh,
       "no-ingress-rule", "sg-bastion",
       "aws ec2 authorize-security-group-ingress --group-id sg-bastion --protocol tcp --port 22 --cidr "
       "198.51.100.8/32"},
      {"B2 private group lacks the reference to the bastion's", walkthrough(),
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); }, kBastionPort, kPrivatePort, kSsh,
       "no-ingress-rule", "sg-private",
       "aws ec2 authorize-security-group-ingress --group-id sg-private --protocol tcp --port 22 "
       "--source-group sg-bastion"},
      {"B3 from outside to the private address", walkthrough(), [](Network&) {}, kOffice,
       address("10.0.1.10"), kSsh, "private-address", "10.0.1.10", ""},
      {"B4 bastion without public address", walkthrough(),
       [](Network& n) { n.interfaces.find(kBastionPort)->auto_public_address.reset(); }, kOffice,
       kBastionPort, kSsh, "no-public-address", "eni-bastion",
       "aws ec2 allocate-address --domain vpc\n"
       "aws ec2 associate-address --allocation-id '<allocation-id>' --network-interface-id eni-bastion"},
      {"B5 public route missing", walkthrough(), [](Network& n) { drop_routes(n, kPublicTable); }, kOffice,
       kBastionPort, kSsh, "no-way-back", "rtb-public",
       "aws ec2 create-route --route-table-id rtb-public --destination-cidr-block 0.0.0.0/0 --gateway-id "
       "igw-lab"},
      {"B9 packages for a private instance", walkthrough(), [](Network&) {}, kPrivatePort, the_internet(),
       kHttps, "no-route", "rtb-private",
       "aws ec2 allocate-address --domain vpc\n"
       "aws ec2 create-nat-gateway --subnet-id subnet-public --allocation-id '<allocation-id>'\n"
       "aws ec2 create-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 "
       "--nat-gateway-id '<nat-gateway-id>'"},
      {"V7 endpoint's group lacks 443 from the subnet", with_endpoints(),
       [](Network& n) { revoke(n, kEndpointGroup, Direction::ingress); }, kSessionPort, endpoint, kHttps,
       "no-ingress-rule", "sg-endpoint",
       "aws ec2 authorize-security-group-ingress --group-id sg-endpoint --protocol tcp --port 443 "
       "--source-group sg-session"},
      {"V8 instance's group lacks outbound 443", with_endpoints(),
       [](Network& n) { revoke(n, kSessionGroup, Direction::egress); }, kSessionPort, endpoint, kHttps,
       "no-egress-rule", "sg-session",
       "aws ec2 authorize-security-group-egress --group-id sg-session --protocol tcp --port 443 "
       "--source-group sg-endpoint"},
      {"endpoint not available yet", with_endpoints(),
       [](Network& n) { n.endpoints.find(endpoint_id("ssm"))->state = EndpointState::pending; }, kSessionPort,
       endpoint, kHttps, "not-ready", "vpce-ssm", ""},
      {"V13 the internet from behind endpoints only", with_endpoints(), [](Network&) {}, kSessionPort,
       the_internet(), kHttps, "no-route", "rtb-private", nullptr},
      {"N1 private route missing", with_nat(), [](Network& n) { drop_routes(n, kPrivateTable); },
       kSessionPort, the_internet(), kHttps, "no-route", "rtb-private",
       "aws ec2 create-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 "
       "--nat-gateway-id nat-lab"},
      {"N2 NAT gateway in the private subnet", with_nat(),
       [](Network& n) {
         n.nat_gateways.find(kNat)->subnet = kPrivate;
         n.interfaces.find(kNatPort)->subnet = kPrivate;
       },
       kSessionPort, the_internet(), kHttps, "nat-in-private-subnet", "nat-lab", nullptr},
      {"N3 VPC without internet gateway", with_nat(),
       [](Network& n) {
         n.internet_gateways.erase(kGateway);
         drop_routes(n, kPublicTable);
         auto& nat = *n.nat_gateways.find(kNat);
         nat.state = NatState::failed;
         nat.failure = "Gateway.NotAttached";
       },
       kSessionPort, the_internet(), kHttps, "no-internet-gateway", "nat-lab", nullptr},
      {"N4 NAT gateway still pending", with_nat(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::pending; }, kSessionPort, the_internet(),
       kHttps, "nat-not-available", "nat-lab", ""},
      {"N6 NAT gateway deleted", with_nat(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::deleted; }, kSessionPort, the_internet(),
       kHttps, "blackhole", "rtb-private", nullptr},
      {"a private NAT gateway", with_nat(), [](Network& n) { n.nat_gateways.find(kNat)->is_public = false; },
       kSessionPort, the_internet(), kHttps, "nat-is-private", "nat-lab", nullptr},
      {"internet gateway detached", walkthrough(),
       [](Network& n) { n.internet_gateways.find(kGateway)->vpc.reset(); }, kOffice, kBastionPort, kSsh,
       "no-internet-gateway", "vpc-lab",
       "aws ec2 attach-internet-gateway --internet-gateway-id igw-lab --vpc-id vpc-lab"},
      {"instance stopped", walkthrough(),
       [](Network& n) { n.instances.find(kPrivateInstance)->state = InstanceState::stopped; }, kBastionPort,
       kPrivatePort, kSsh, "not-ready", "i-private", "aws ec2 start-instances --instance-ids i-private"},
      {"an address that nobody has", walkthrough(), [](Network&) {}, kBastionPort, address("10.0.1.77"), kSsh,
       "no-such-address", "10.0.1.77", ""},
      {"a gateway's route without a public address", walkthrough(),
       [](Network& n) { set_route(n, kPrivateTable, kGateway); }, kPrivatePort, the_internet(), kHttps,
       "no-public-address", "eni-private", nullptr},
  };
  for (auto& row : cases) {
    SCOPED_TRACE(row.name);
    row.injure(row.network);
    auto path = way(row.network, row.from, row.to, row.flow);
    EXPECT_EQ(cause(path), row.cause) << path.text();
    if (!path.blocked()) continue;
    EXPECT_EQ(path.blocked()->id, row.place) << path.text();
    if (row.mend) EXPECT_EQ(path.blocked()->mend.text(), row.mend);
  }
}

TEST(Path, what_the_walkthrough_promises_arrives) {
  struct Case {
    char const* name;
    Network network;
    End from, to;
    Flow flow;
  };
  Case cases[] = {
      {"B the office reaches the bastion", walkthrough(), kOffice, kBastionPort, kSsh},
      {"B by its public address", walkthrough(), kOffice, address("203.0.113.10"), kSsh},
      {"B the bastion reaches the private instance", walkthrough(), kBastionPort, kPrivatePort, kSsh},
      {"B by its private address", walkthrough(), kBastionPort, address("10.0.1.10"), kSsh},
      {"B9 packages once there is a NAT gateway", with_nat(), kPrivatePort, the_internet(), kHttps},
      {"V14 no inbound rule on the instance", with_endpoints(), kSessionPort, endpoint_port("ssm"), kHttps},
      {"V15 an endpoint beside a NAT gateway", with_nat(with_endpoints()), kSessionPort,
       endpoint_port("ssmmessages"), kHttps},
      {"N5, N9 the internet through NAT", with_nat(), kSessionPort, address("151.101.2.132"), kHttps},
      {"the bastion reaches the internet by its own address", walkthrough(), kBastionPort, the_internet(),
       kHttps},
  };
  for (auto& row : cases) {
    auto path = way(row.network, row.from, row.to, row.flow);
    EXPECT_TRUE(path.arrives()) << row.name << "\n" << path.text();
  }
}

TEST(Path, tells_every_hop_and_the_rule_that_let_it_pass) {
  using enum Pass;
  auto path = way(with_nat(), kSessionPort, the_internet(), kHttps);
  EXPECT_EQ(path.text(),
            "✓ security group, outbound: sg-session allows tcp 443 by rule sgr-sg-session-0 (to 0.0.0.0/0)\n"
            "✓ route table: rtb-private sends 0.0.0.0/0 to nat-lab\n"
            "✓ NAT gateway: nat-lab is available in public subnet subnet-public\n"
            "✓ route table: rtb-public sends 0.0.0.0/0 to igw-lab\n"
            "✓ internet gateway: igw-lab is attached to vpc-lab\n"
            "✓ public address: eni-nat goes out as 203.0.113.200\n");
  EXPECT_EQ(passes(way(walkthrough(), kOffice, kBastionPort, kSsh)),
            (std::vector{internet_gateway, public_address, route, subnet, ingress_rule}));
  EXPECT_EQ(passes(way(walkthrough(), kBastionPort, kPrivatePort, kSsh)),
            (std::vector{egress_rule, route, subnet, ingress_rule}));
}

TEST(Path, a_refusing_group_at_one_end_does_not_hide_the_one_at_the_other) {
  auto network = with_endpoints();
  revoke(network, kSessionGroup, Direction::egress);
  revoke(network, kEndpointGroup, Direction::ingress);
  auto path = way(network, kSessionPort, endpoint_port("ssm"), kHttps);
  EXPECT_EQ(path.hops.front().block, Block::no_egress_rule);
  EXPECT_EQ(path.hops.back().block, Block::no_ingress_rule);
}

TEST(Path, a_reference_to_a_group_does_not_match_the_public_address_of_who_carries_it) {
  auto network = walkthrough();
  add_instance(network, InstanceId("i-other"), InterfaceId("eni-other"), kPublic, "10.0.0.11", kBastionGroup);
  network.interfaces.find(InterfaceId("eni-other"))->auto_public_address = address("203.0.113.11");
  revoke(network, kBastionGroup, Direction::ingress);
  allow_tcp(network, kBastionGroup, Direction::ingress, 22, kBastionGroup);
  EXPECT_EQ(cause(way(network, InterfaceId("eni-other"), address("10.0.0.10"), kSsh)), "arrives");
  EXPECT_EQ(cause(way(network, InterfaceId("eni-other"), address("203.0.113.10"), kSsh)), "no-ingress-rule");
}

TEST(Path, two_vpcs_with_the_same_block_do_not_see_each_other) {
  auto network = walkthrough();
  VpcId twin("vpc-twin");
  network.vpcs.put({twin, block("10.0.0.0/16")});
  network.subnets.put({SubnetId("subnet-twin"), twin, block("10.0.1.0/24"), "us-east-1a"});
  network.route_tables.put({RouteTableId("rtb-twin"), twin, TableAssociationId("rtbassoc-twin")});
  SecurityGroupId open("sg-twin");
  add_group(network, open, twin);
  allow(network, open, Direction::ingress, Protocol::all, {}, kAnywhere);
  InterfaceId there("eni-twin"), same("eni-same");
  add_instance(network, InstanceId("i-twin"), there, SubnetId("subnet-twin"), "10.0.1.50", open);
  add_instance(network, InstanceId("i-same"), same, SubnetId("subnet-twin"), "10.0.1.10", open);

  EXPECT_EQ(cause(way(network, kBastionPort, there, kSsh)), "other-vpc");
  EXPECT_EQ(cause(way(network, kBastionPort, address("10.0.1.50"), kSsh)), "no-such-address");
  EXPECT_EQ(way(network, there, address("10.0.1.10"), kSsh).hops.back().id, open.text());
  EXPECT_EQ(way(network, kBastionPort, address("10.0.1.10"), kSsh).hops.back().id, kPrivateGroup.text());
}

TEST(Path, nat_gateways_that_point_at_each_other_end_the_walk) {
  auto network = with_nat();
  set_route(network, kPublicTable, kNat, block("151.101.0.0/16"));
  EXPECT_EQ(cause(way(network, kSessionPort, address("151.101.2.132"), kHttps)), "nat-in-private-subnet");
  EXPECT_EQ(cause(way(network, kSessionPort, the_internet(), kHttps)), "arrives");
}

TEST(Path, a_private_instance_is_not_advised_to_take_a_public_address) {
  auto path = way(walkthrough(), kOffice, kPrivatePort, kSsh);
  EXPECT_EQ(cause(path), "no-public-address");
  EXPECT_TRUE(path.blocked()->mend.empty());
}

TEST(Path, a_vpc_out_of_the_internets_addresses_keeps_those_to_itself) {
  auto network = with_nat();
  network.vpcs.find(kVpc)->cidr = block("203.0.0.0/16");
  network.vpcs.put({VpcId("vpc-2"), block("10.2.0.0/16")});
  network.subnets.put({SubnetId("subnet-2"), VpcId("vpc-2"), block("10.2.0.0/24"), "us-east-1a"});
  network.route_tables.put({RouteTableId("rtb-2"), VpcId("vpc-2"), TableAssociationId("rtbassoc-2")});
  add_instance(network, InstanceId("i-2"), InterfaceId("eni-2"), SubnetId("subnet-2"), "10.2.0.10",
               kPrivateGroup);
  network.interfaces.find(InterfaceId("eni-2"))->auto_public_address = address("203.0.113.2");
  EXPECT_EQ(cause(way(network, kSessionPort, InterfaceId("eni-2"), kSsh)), "no-such-address");
}

TEST(Path, a_subnet_without_a_table_of_its_own_follows_the_main_one) {
  auto network = walkthrough();
  network.route_tables.find(kPublicTable)->associations.clear();
  EXPECT_EQ(way(network, kOffice, kBastionPort, kSsh).blocked()->id, "rtb-main");
  set_route(network, RouteTableId("rtb-main"), kGateway);
  EXPECT_TRUE(way(network, kOffice, kBastionPort, kSsh).arrives());
}

TEST(Path, a_route_to_an_instance_ends_there) {
  auto network = walkthrough();
  set_route(network, kPrivateTable, kBastionPort);
  auto path = way(network, kPrivatePort, address("151.101.2.132"), kHttps);
  EXPECT_EQ(cause(path), "source-dest-check");
  EXPECT_EQ(path.blocked()->mend.text(),
            "aws ec2 modify-instance-attribute --instance-id i-bastion --no-source-dest-check");
  network.instances.find(kBastion)->source_dest_check = false;
  EXPECT_EQ(cause(way(network, kPrivatePort, address("151.101.2.132"), kHttps)), "forwarded-unknown");
  network.instances.find(kBastion)->state = InstanceState::stopped;
  EXPECT_EQ(cause(way(network, kPrivatePort, address("151.101.2.132"), kHttps)), "blackhole");
}

TEST(Path, a_tunnel_comes_from_its_endpoint_or_from_the_client_and_the_groups_decide) {
  auto const client = address("203.0.113.77");
  struct Case {
    char const* name;
    bool preserves;
    void (*injure)(Network&);
    char const *cause, *mend;
  };
  auto only_client = [](Network& n) {
    revoke(n, kPrivateGroup, Direction::ingress);
    allow_tcp(n, kPrivateGroup, Direction::ingress, 22, block("203.0.113.77/32"));
  };
  auto only_endpoint_address = [](Network& n) {
    revoke(n, kPrivateGroup, Direction::ingress);
    allow_tcp(n, kPrivateGroup, Direction::ingress, 22, block("10.0.1.110/32"));
  };
  Case const cases[] = {
      {"E4 no inbound rule on the endpoint's group", false, [](Network&) {}, "arrives", ""},
      {"E2 endpoint's group without outbound 22", false,
       [](Network& n) { revoke(n, kConnectGroup, Direction::egress); }, "no-egress-rule",
       "aws ec2 authorize-security-group-egress --group-id sg-eice --protocol tcp --port 22 --source-group "
       "sg-private"},
      {"E3 instance's group without inbound 22", false,
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); }, "no-ingress-rule",
       "aws ec2 authorize-security-group-ingress --group-id sg-private --protocol tcp --port 22 "
       "--source-group sg-eice"},
      {"by the endpoint's address", false, only_endpoint_address, "arrives", ""},
      {"E16 preserved, a rule for the endpoint's group", true, [](Network&) {}, "arrives", ""},
      {"E16 preserved, a rule for the client's address", true, only_client, "arrives", ""},
      {"E16 preserved, a rule for the endpoint's address", true, only_endpoint_address, "no-ingress-rule",
       nullptr},
      {"E16 not preserved, a rule for the client's address", false, only_client, "no-ingress-rule", nullptr},
      {"E8 still being made", false,
       [](Network& n) {
         n.connect_endpoints.find(kConnectEndpoint)->state = ConnectEndpointState::create_in_progress;
       },
       "not-ready", ""},
      {"E15 without role, agent and public address", false,
       [](Network& n) { n.instances.find(kPrivateInstance)->profile.reset(); }, "arrives", ""},
  };
  for (auto& row : cases) {
    SCOPED_TRACE(row.name);
    auto network = with_connect_endpoint();
    network.connect_endpoints.find(kConnectEndpoint)->preserve_client_ip = row.preserves;
    row.injure(network);
    auto path = tunnel_path(network, kConnectEndpoint, client, address("10.0.1.10"), kSsh);
    ASSERT_TRUE(path);
    EXPECT_EQ(cause(*path), row.cause) << path->text();
    EXPECT_EQ(path->sender, row.preserves ? std::optional(client) : std::nullopt);
    if (path->blocked() && row.mend) EXPECT_EQ(path->blocked()->mend.text(), row.mend);
  }
  EXPECT_EQ(tunnel_path(walkthrough(), kConnectEndpoint, client, kPrivatePort, kSsh).error().code,
            Errc::not_found);
}

TEST(Path, a_connect_endpoint_takes_tunnels_in_the_states_that_the_cli_looks_for) {
  using enum ConnectEndpointState;
  std::string usable;
  for (auto state : {create_in_progress, create_complete, create_failed, update_in_progress, update_complete,
                     update_failed, delete_in_progress, delete_complete, delete_failed}) {
    if (is_usable(state)) usable += std::string(to_string(state)) + " ";
  }
  EXPECT_EQ(usable, "create-complete update-in-progress update-complete update-failed ");
}

TEST(Path, what_is_not_in_the_network_is_an_error_and_not_a_block) {
  EXPECT_EQ(path(walkthrough(), InterfaceId("eni-none"), kPrivatePort, kSsh).error().code, Errc::not_found);
  auto network = walkthrough();
  network.subnets.erase(kPrivate);
  EXPECT_EQ(path(network, kBastionPort, kPrivatePort, kSsh).error().code, Errc::not_found);
}

TEST(Mend, names_with_quotes_do_not_leave_their_argument) {
  EXPECT_EQ(aws_command({"ec2", "x", "--key-name", "it's; $(reboot)"}),
            R"(aws ec2 x --key-name 'it'\''s; $(reboot)')");
}

TEST(Mend, never_opens_a_group_to_everyone) {
  auto network = walkthrough();
  auto mend = way(network, the_internet(), kBastionPort, kSsh).blocked()->mend;
  EXPECT_TRUE(mend.text().ends_with("--port 22 --cidr '<your-address>/32'")) << mend.text();
}

}  // namespace
}  // namespace fumidai::network
