// Real packets through the walkthrough's networks. Each answer is compared with the model's: they must agree.

#include "lab/netlink.h"
#include "lab/test_lab.h"

namespace fumidai::lab {
namespace {

using namespace network;

constexpr Flow kSsh{Protocol::tcp, 22}, kHttps{Protocol::tcp, 443};
Address const kWeb = Settings().web;

struct Case {
  char const* name;
  Network network;
  void (*injure)(Network&);
  End from, to;
  Flow flow;
  bool arrives;
};

void nothing(Network&) {}

std::vector<Case> cases() {
  auto endpoint = endpoint_port("ssm");
  return {
      {"the office reaches the bastion", walkthrough(), nothing, kOffice, kBastionPort, kSsh, true},
      {"but no other port", walkthrough(), nothing, kOffice, kBastionPort, kHttps, false},
      {"the bastion reaches the private instance", walkthrough(), nothing, kBastionPort, kPrivatePort, kSsh,
       true},
      {"a group reference is no block", walkthrough(), nothing, kSessionPort, kPrivatePort, kSsh, false},
      {"the bastion reaches the internet", walkthrough(), nothing, kBastionPort, kWeb, kHttps, true},
      {"B1 no inbound rule", walkthrough(), [](Network& n) { revoke(n, kBastionGroup, Direction::ingress); },
       kOffice, kBastionPort, kSsh, false},
      {"B2 private group lacks the reference", walkthrough(),
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); }, kBastionPort, kPrivatePort, kSsh,
       false},
      {"B3 from outside to the private address", walkthrough(), nothing, kOffice, address("10.0.1.10"), kSsh,
       false},
      {"B4 bastion without public address", walkthrough(),
       [](Network& n) { n.interfaces.find(kBastionPort)->auto_public_address.reset(); }, kOffice,
       kBastionPort, kSsh, false},
      {"B5 public route missing", walkthrough(), [](Network& n) { drop_routes(n, kPublicTable); }, kOffice,
       kBastionPort, kSsh, false},
      {"B9 packages without NAT", walkthrough(), nothing, kPrivatePort, kWeb, kHttps, false},
      {"B9 packages with NAT", with_nat(), nothing, kPrivatePort, kWeb, kHttps, true},
      {"V14 no inbound rule on the instance", with_endpoints(), nothing, kSessionPort, endpoint, kHttps,
       true},
      {"V7 endpoint's group lacks 443", with_endpoints(),
       [](Network& n) { revoke(n, kEndpointGroup, Direction::ingress); }, kSessionPort, endpoint, kHttps,
       false},
      {"V8 instance's group lacks outbound 443", with_endpoints(),
       [](Network& n) { revoke(n, kSessionGroup, Direction::egress); }, kSessionPort, endpoint, kHttps,
       false},
      {"endpoint not available yet", with_endpoints(),
       [](Network& n) { n.endpoints.find(endpoint_id("ssm"))->state = EndpointState::pending; }, kSessionPort,
       endpoint, kHttps, false},
      {"E4 a connect endpoint needs no inbound rule", with_connect_endpoint(), nothing, kConnectPort,
       kPrivatePort, kSsh, true},
      {"a connect endpoint's group opens no other port", with_connect_endpoint(), nothing, kConnectPort,
       kPrivatePort, kHttps, false},
      {"E2 connect endpoint's group lacks outbound 22", with_connect_endpoint(),
       [](Network& n) { revoke(n, kConnectGroup, Direction::egress); }, kConnectPort, kPrivatePort, kSsh,
       false},
      {"E3 instance's group lacks the reference to the connect endpoint's", with_connect_endpoint(),
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); }, kConnectPort, kPrivatePort, kSsh,
       false},
      {"E8 connect endpoint being made", with_connect_endpoint(),
       [](Network& n) {
         n.connect_endpoints.find(kConnectEndpoint)->state = ConnectEndpointState::create_in_progress;
       },
       kConnectPort, kPrivatePort, kSsh, false},
      {"V13 the internet from behind endpoints only", with_endpoints(), nothing, kSessionPort, kWeb, kHttps,
       false},
      {"V15 an endpoint beside a NAT gateway", with_nat(with_endpoints()), nothing, kSessionPort,
       endpoint_port("ssmmessages"), kHttps, true},
      {"N9 the internet through NAT", with_nat(), nothing, kSessionPort, kWeb, kHttps, true},
      {"N1 private route missing", with_nat(), [](Network& n) { drop_routes(n, kPrivateTable); },
       kSessionPort, kWeb, kHttps, false},
      {"N2 NAT gateway in the private subnet", with_nat(),
       [](Network& n) {
         n.nat_gateways.find(kNat)->subnet = kPrivate;
         auto& port = *n.interfaces.find(kNatPort);
         port.subnet = kPrivate;
         port.private_address = address("10.0.1.200");
       },
       kSessionPort, kWeb, kHttps, false},
      {"N4 NAT gateway pending", with_nat(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::pending; }, kSessionPort, kWeb, kHttps,
       false},
      {"N6 NAT gateway deleted", with_nat(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::deleted; }, kSessionPort, kWeb, kHttps,
       false},
      {"a private NAT gateway", with_nat(), [](Network& n) { n.nat_gateways.find(kNat)->is_public = false; },
       kSessionPort, kWeb, kHttps, false},
      {"a subnet's public route to NAT", with_nat(),
       [](Network& n) {
         drop_routes(n, kPublicTable);
         set_route(n, kPublicTable, kNat);
       },
       kSessionPort, kWeb, kHttps, false},
      {"internet gateway detached", walkthrough(),
       [](Network& n) { n.internet_gateways.find(kGateway)->vpc.reset(); }, kOffice, kBastionPort, kSsh,
       false},
      {"instance stopped", walkthrough(),
       [](Network& n) { n.instances.find(kPrivateInstance)->state = InstanceState::stopped; }, kBastionPort,
       kPrivatePort, kSsh, false},
      {"an address that nobody has", walkthrough(), nothing, kBastionPort, address("10.0.1.77"), kSsh, false},
      {"a gateway's route without a public address", walkthrough(),
       [](Network& n) { set_route(n, kPrivateTable, kGateway); }, kPrivatePort, kWeb, kHttps, false},
      {"within a subnet the groups decide", walkthrough(),
       [](Network& n) {
         allow_tcp(n, kSessionGroup, Direction::ingress, 22, Cidr::of(address("10.0.1.10")));
       },
       kPrivatePort, kSessionPort, kSsh, true},
      {"an instance by its own VPC's public address", walkthrough(),
       [](Network& n) { allow_tcp(n, kBastionGroup, Direction::ingress, 22, kAnywhere); }, kBastionPort,
       address("203.0.113.10"), kSsh, true},
  };
}

std::string peer_of(TestSocket const& socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  EXPECT_EQ(::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
  Address address;
  std::memcpy(address.bytes.data(), &peer.sin_addr, 4);
  return address.text();
}

TEST(Packets, go_where_the_model_says) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    for (auto& row : cases()) {  // each is a change of the one before
      SCOPED_TRACE(row.name);
      row.injure(row.network);
      lab.become(row.network);
      EXPECT_EQ(lab.agree(row.network, row.from, row.to, row.flow), row.arrives);
    }
  });
}

TEST(Packets, a_port_that_a_group_shuts_gives_no_answer_and_an_open_one_without_listener_does) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = walkthrough();
    lab.become(network);
    EXPECT_EQ(lab.tcp(network, kOffice, kBastionPort, 22), Probe::refused);
    EXPECT_EQ(lab.tcp(network, kOffice, kBastionPort, 23, false), Probe::timeout);
    TestSocket listener(listen_in(lab.space_of(kBastionPort), address("0.0.0.0"), 22));
    EXPECT_EQ(lab.tcp(network, kOffice, kBastionPort, 22), Probe::open);
  });
}

TEST(Packets, a_change_of_a_group_counts_at_once_and_cuts_no_connection) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = walkthrough();
    lab.become(network);
    TestSocket listener(listen_in(lab.space_of(kPrivatePort), address("10.0.1.10"), 22));
    TestSocket client(socket_in(lab.space_of(kBastionPort), SOCK_STREAM));
    client.connect(address("10.0.1.10"), 22);
    TestSocket server(listener.accept());
    ASSERT_GE(server.get(), 0);

    revoke(network, kPrivateGroup, Direction::ingress);
    EXPECT_EQ(lab.become(network).size(), 1);
    EXPECT_FALSE(lab.agree(network, kBastionPort, kPrivatePort, kSsh));
    EXPECT_TRUE(client.send("still here"));
    EXPECT_EQ(server.receive(), "still here");
    EXPECT_TRUE(server.send("so am I"));
    EXPECT_EQ(client.receive(), "so am I");

    allow_tcp(network, kPrivateGroup, Direction::ingress, 22, kBastionGroup);
    lab.become(network);
    EXPECT_TRUE(lab.agree(network, kBastionPort, kPrivatePort, kSsh));
    network.interfaces.find(kBastionPort)->groups = {kSessionGroup};  // no longer a member
    lab.become(network);
    EXPECT_FALSE(lab.agree(network, kBastionPort, kPrivatePort, kSsh));
    EXPECT_TRUE(client.send("still"));
    EXPECT_EQ(server.receive(), "still");
  });
}

TEST(Packets, nobody_sends_under_anothers_address) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = walkthrough();
    allow(network, kPrivateGroup, Direction::ingress, Protocol::udp, {5000, 5000}, kBastionGroup);
    lab.become(network);
    auto udp = [&](InterfaceId const& port, std::string_view own) {
      auto made = socket_in(lab.space_of(port), SOCK_DGRAM);
      SocketAddress at(address(own), 5000);
      EXPECT_EQ(::bind(*made, at.get(), at.size), 0);
      return *made;
    };
    TestSocket receiver(udp(kPrivatePort, "10.0.1.10"));
    auto space = SpaceHandle::open(lab.space_of(kSessionPort));
    auto netlink = Netlink::open(*space);
    ASSERT_TRUE(netlink->change(true, LinkAddress{"lo", Cidr::of(address("10.0.0.10"))}));
    TestSocket thief(udp(kSessionPort, "10.0.0.10")), bastion(udp(kBastionPort, "10.0.0.10"));

    thief.connect(address("10.0.1.10"), 5000);
    EXPECT_TRUE(thief.send("I am the bastion"));
    EXPECT_EQ(receiver.receive(300), "");
    bastion.connect(address("10.0.1.10"), 5000);
    EXPECT_TRUE(bastion.send("so am I"));
    EXPECT_EQ(receiver.receive(), "so am I");
  });
}

// E16, and what it must not be without.
TEST(Packets, a_connect_endpoint_sends_under_its_clients_address_where_it_is_to) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    auto const client = address("198.51.100.77");
    auto let_in_only = [](Network& n, std::string_view block_of_sender) {
      revoke(n, kPrivateGroup, Direction::ingress);
      allow_tcp(n, kPrivateGroup, Direction::ingress, 22, block(block_of_sender));
    };
    struct Case {
      char const* name;
      bool preserves;
      char const* sender;  // that is let in; empty: the endpoint's group
      bool arrives;
    };
    TestLab lab;
    for (auto& row :
         {Case{"a rule for the endpoint's group", true, "", true},
          Case{"a rule for the client's address", true, "198.51.100.77/32", true},
          Case{"a rule for the endpoint's address", true, "10.0.1.110/32", false},
          Case{"not preserved, the group", false, "", true},
          Case{"not preserved, a rule for the client's address", false, "198.51.100.77/32", false}}) {
      SCOPED_TRACE(row.name);
      auto network = with_connect_endpoint(with_nat());  // answers would have a way out
      network.connect_endpoints.find(kConnectEndpoint)->preserve_client_ip = row.preserves;
      if (*row.sender) let_in_only(network, row.sender);
      lab.become(network);
      auto way = tunnel_path(network, kConnectEndpoint, client, kPrivatePort, kSsh);
      EXPECT_EQ(way->arrives(), row.arrives);
      auto patience = Patience(row.arrives ? 5000 : 300);
      auto seen = probe_tcp(lab.space_of(kConnectPort), address("10.0.1.10"), 22, patience, way->sender);
      ASSERT_TRUE(seen) << seen.error().detail;
      EXPECT_EQ(arrives(*seen), row.arrives) << to_string(*seen);
      if (row.preserves) continue;
      auto stolen = probe_tcp(lab.space_of(kConnectPort), address("10.0.1.10"), 22, Patience(300), client);
      EXPECT_EQ(*stolen, Probe::timeout) << "under an address that is not to be kept";
    }
  });
}

TEST(Packets, a_connection_under_its_clients_address_outlives_that_none_is_kept_any_more) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = with_connect_endpoint(with_nat());
    network.connect_endpoints.find(kConnectEndpoint)->preserve_client_ip = true;
    lab.become(network);
    TestSocket listener(listen_in(lab.space_of(kPrivatePort), address("10.0.1.10"), 22));
    TestSocket client(socket_in(lab.space_of(kConnectPort), SOCK_STREAM, address("198.51.100.77")));
    client.connect(address("10.0.1.10"), 22);
    TestSocket server(listener.accept());
    EXPECT_EQ(peer_of(server), "198.51.100.77");

    network.connect_endpoints.find(kConnectEndpoint)->preserve_client_ip = false;
    lab.become(network);
    EXPECT_TRUE(client.send("still here"));
    EXPECT_EQ(server.receive(), "still here");
    EXPECT_TRUE(server.send("so am I"));
    EXPECT_EQ(client.receive(), "so am I");
    EXPECT_TRUE(lab.become(network).empty()) << "nothing is left to do";
  });
}

// A route to an instance brings it what is for others, and lets it answer as they, when it does not check.
TEST(Packets, an_instance_that_checks_no_addresses_takes_and_sends_those_of_others) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = walkthrough();
    set_route(network, kPrivateTable, kBastionPort);
    allow(network, kBastionGroup, Direction::ingress, Protocol::udp, {5000, 5000}, kAnywhere);
    auto udp = [&](InterfaceId const& port, std::optional<Address> const& source) {
      return socket_in(lab.space_of(port), SOCK_DGRAM, source);
    };
    for (bool checks : {true, false}) {
      SCOPED_TRACE(checks);
      network.instances.find(kBastion)->source_dest_check = checks;
      lab.become(network);
      auto space = SpaceHandle::open(lab.space_of(kBastionPort));
      auto netlink = Netlink::open(*space);
      // The instance answers for an address out there itself.
      ASSERT_TRUE(netlink->change(true, LinkAddress{"lo", Cidr::of(kWeb)}));
      SocketAddress at(kWeb, 5000);
      TestSocket taker(udp(kBastionPort, {}));
      EXPECT_EQ(::bind(taker.get(), at.get(), at.size), 0);
      TestSocket sender(udp(kPrivatePort, {}));
      sender.connect(kWeb, 5000);
      EXPECT_TRUE(sender.send("to the web"));
      EXPECT_EQ(taker.receive(checks ? 300 : 5000), checks ? "" : "to the web");
    }
  });
}

TEST(Packets, two_vpcs_with_the_same_block_do_not_see_each_other) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
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

    TestLab lab;
    lab.become(network);
    EXPECT_FALSE(lab.agree(network, kBastionPort, address("10.0.1.50"), kSsh));
    EXPECT_TRUE(lab.agree(network, there, address("10.0.1.10"), kHttps));
    EXPECT_FALSE(lab.agree(network, kBastionPort, address("10.0.1.10"), kHttps));
    TestSocket listener(listen_in(lab.space_of(same), address("10.0.1.10"), 22));
    EXPECT_EQ(lab.tcp(network, there, address("10.0.1.10"), 22), Probe::open);
    EXPECT_EQ(lab.tcp(network, kBastionPort, address("10.0.1.10"), 22), Probe::refused);  // its own one
  });
}

TEST(Packets, a_public_address_is_who_one_is_outside) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = with_nat();
    lab.become(network);
    TestSocket web(listen_in(internet_space(lab.settings), kWeb, 80));
    auto seen_as = [&](InterfaceId const& from) {
      TestSocket client(socket_in(lab.space_of(from), SOCK_STREAM));
      client.connect(kWeb, 80);
      TestSocket server(web.accept());
      return peer_of(server);
    };
    EXPECT_EQ(seen_as(kBastionPort), "203.0.113.10");
    EXPECT_EQ(seen_as(kPrivatePort), "203.0.113.200");

    // Moved while it is in use.
    network.interfaces.find(kBastionPort)->auto_public_address.reset();
    network.elastic_addresses.put({AllocationId("eipalloc-1"), address("203.0.113.44"), kBastionPort});
    lab.become(network);
    EXPECT_EQ(seen_as(kBastionPort), "203.0.113.44");
    EXPECT_TRUE(lab.agree(network, kOffice, address("203.0.113.44"), kSsh));
    EXPECT_EQ(lab.tcp(network, kOffice, address("203.0.113.10"), 22, false), Probe::timeout);
  });
}

TEST(Packets, the_machine_asks_and_is_not_asked) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = with_nat();
    lab.become(network);
    TestSocket listener(listen_in("", address("0.0.0.0"), 22));
    EXPECT_EQ(lab.tcp(network, kBastionPort, kOffice, 22, false), Probe::timeout);
    EXPECT_EQ(lab.tcp(network, kPrivatePort, kOffice, 22, false), Probe::timeout);
  });
}

TEST(Packets, a_router_answers_for_metadata_and_names_only_and_knows_the_link) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = with_endpoints();
    revoke(network, kSessionGroup, Direction::egress);  // groups do not matter here
    lab.become(network);
    auto router = router_space(lab.settings, kVpc);
    TestSocket of_session(listen_in(router, metadata_address(), 80, link_name(kSessionPort)));
    TestSocket of_bastion(listen_in(router, metadata_address(), 80, link_name(kBastionPort)));
    TestSocket other(listen_in(router, address("0.0.0.0"), 8080));

    TestSocket client(socket_in(lab.space_of(kSessionPort), SOCK_STREAM));
    client.connect(metadata_address(), 80);
    TestSocket server(of_session.accept());
    EXPECT_GE(server.get(), 0);
    EXPECT_EQ(of_bastion.accept(100), -1);

    for (auto end :
         {metadata_address(), address("10.0.0.1"), address("10.0.1.1"), address("169.254.127.1")}) {
      EXPECT_EQ(lab.tcp(network, kBastionPort, end, 8080, false), Probe::timeout) << end.text();
    }
    EXPECT_EQ(lab.tcp(network, endpoint_port("ssm"), metadata_address(), 80, false), Probe::timeout);
  });
}

TEST(Names, lead_to_endpoints_inside_and_to_the_plane_elsewhere) {
  FUMIDAI_NEEDS_ROOT();
  in_own_world([] {
    TestLab lab;
    auto network = walkthrough();
    lab.become(network);
    EXPECT_EQ(lab.resolve(kSessionPort, "ssm.us-east-1.amazonaws.com"), "198.51.100.10");
    network = with_endpoints();
    auto own_name = network.own_name(*network.endpoints.find(endpoint_id("ssm")));
    EXPECT_EQ(lab.resolve(kSessionPort, own_name), "not-found");
    lab.become(network);
    EXPECT_EQ(lab.resolve(kSessionPort, "ssm.us-east-1.amazonaws.com"), "10.0.1.101");
    EXPECT_EQ(lab.resolve(kSessionPort, "ssmmessages.us-east-1.amazonaws.com"), "10.0.1.102");
    EXPECT_EQ(lab.resolve(kSessionPort, own_name), "10.0.1.101");
    EXPECT_EQ(lab.resolve(kSessionPort, "ec2.us-east-1.amazonaws.com"), "198.51.100.10");
    EXPECT_EQ(
        lab.resolve(kSessionPort, "eice-1.0a1b2c3d.ec2-instance-connect-endpoint.us-east-1.amazonaws.com"),
        "198.51.100.10");
    EXPECT_EQ(lab.resolve(kSessionPort, "ip-10-0-0-10.ec2.internal"), "10.0.0.10");
    EXPECT_EQ(lab.resolve(kSessionPort, "packages.example.com"), "198.51.100.80");
    EXPECT_EQ(lab.resolve(kSessionPort, "debian.org"), "not-found");

    network.vpcs.find(kVpc)->dns_hostnames = false;
    EXPECT_EQ(lab.become(network), Changes{"~ names of fumidai-lab-vpc-lab"});
    EXPECT_EQ(lab.resolve(kSessionPort, "ssm.us-east-1.amazonaws.com"), "198.51.100.10");
    EXPECT_EQ(lab.resolve(kSessionPort, own_name), "10.0.1.101");
  });
}

}  // namespace
}  // namespace fumidai::lab
