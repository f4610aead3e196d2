#include "network/method.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

constexpr auto kB = Method::bastion, kV = Method::session_manager_endpoints, kN = Method::session_manager_nat,
               kE = Method::connect_endpoint;

Assessment assessed(Network const& network, Method method, Visit const& visit) {
  auto assessment = assess(network, method, visit);
  if (!assessment) ADD_FAILURE() << assessment.error().detail;
  return assessment ? *assessment : Assessment{method};
}

Visit to_private() {
  return {kPrivateInstance, kOffice};
}
Visit to_session() {
  return {kSessionInstance, kOffice};
}
Instance& session_instance(Network& network) {
  return *network.instances.find(kSessionInstance);
}

// "need subject" of each unmet requirement, and the block where it is a way.
std::string causes(Assessment const& assessment) {
  std::string text;
  for (auto* unmet : assessment.unmet()) {
    auto* block = unmet->path.blocked();
    text += (text.empty() ? "" : "; ") + std::string(to_string(unmet->need)) + " " + unmet->subject;
    if (block) text += " (" + std::string(to_string(*block->block)) + ")";
  }
  return text.empty() ? "works" : text;
}

void refuse_by_endpoint(Network& network) {
  auto& endpoint = *network.endpoints.find(endpoint_id("ssm"));
  endpoint.policy = "{}";
  endpoint.refused_actions = {{kPrivateInstance, ""}, {kSessionInstance, "ssm:UpdateInstanceInformation"}};
}

TEST(Method, another_port_is_judged_by_its_own_rules_and_needs_no_key_of_the_instance) {
  auto visit = to_private();
  visit.port = 5432;
  auto network = with_connect_endpoint();
  EXPECT_EQ(causes(assessed(network, kB, visit)), "way to the instance i-private (no-ingress-rule)");
  EXPECT_EQ(causes(assessed(network, kE, visit)), "way to the instance i-private (no-egress-rule)");
  allow_tcp(network, kConnectGroup, Direction::egress, 5432, kPrivateGroup);
  EXPECT_EQ(causes(assessed(network, kE, visit)), "way to the instance i-private (no-ingress-rule)");
  allow_tcp(network, kPrivateGroup, Direction::ingress, 5432, kConnectGroup);
  allow_tcp(network, kPrivateGroup, Direction::ingress, 5432, kBastionGroup);
  for (auto method : {kB, kE}) {
    auto assessment = assessed(network, method, visit);
    EXPECT_EQ(causes(assessment), "works");
    for (auto const& each : assessment.requirements)
      EXPECT_FALSE(each.need == Need::key && each.subject == "i-private") << assessment.text();
  }
  revoke(network, kBastionGroup, Direction::ingress);
  EXPECT_EQ(causes(assessed(network, kB, visit)), "way to the bastion i-bastion (no-ingress-rule)");
}

TEST(Method, an_instance_without_a_key_pair_takes_a_key_that_is_pushed) {
  auto network = walkthrough();
  network.instances.find(kPrivateInstance)->key_name.clear();
  auto assessment = assessed(network, kB, to_private());
  EXPECT_EQ(causes(assessment), "key i-private");
  EXPECT_EQ(
      assessment.unmet().front()->mend.text(),
      "aws ec2-instance-connect send-ssh-public-key --instance-id i-private --instance-os-user ec2-user "
      "--ssh-public-key 'file://<key>.pub'  # good for 60 seconds: docs/operate/instance-connect-keys.md");
}

TEST(Method, each_injury_of_the_walkthrough_is_the_only_requirement_unmet) {
  struct Case {
    char const* name;
    Method method;
    Network network;
    Visit visit;
    void (*injure)(Network&);
    char const *causes, *mend;  // no mend: not told here
  };
  Case cases[] = {
      {"B1 no inbound rule on the bastion's group", kB, walkthrough(), to_private(),
       [](Network& n) { revoke(n, kBastionGroup, Direction::ingress); },
       "way to the bastion i-bastion (no-ingress-rule)"},
      {"B2 private group lacks the reference", kB, walkthrough(), to_private(),
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); },
       "way to the instance i-private (no-ingress-rule)"},
      {"B4 bastion without public address", kB, walkthrough(), to_private(),
       [](Network& n) { n.interfaces.find(kBastionPort)->auto_public_address.reset(); },
       "way to the bastion i-bastion (no-public-address)"},
      {"B5 public route missing", kB, walkthrough(), to_private(),
       [](Network& n) { drop_routes(n, kPublicTable); }, "way to the bastion i-bastion (no-way-back)"},
      {"no bastion", kB, walkthrough(), to_private(), [](Network& n) { n.instances.erase(kBastion); },
       "bastion vpc-lab",
       "aws ec2 run-instances --image-id '<image-id>' --instance-type t3.micro --key-name '<key-name>' "
       "--subnet-id subnet-public --security-group-ids '<group-id>' --associate-public-ip-address"},
      {"instance stopped", kB, walkthrough(), to_private(),
       [](Network& n) { n.instances.find(kPrivateInstance)->state = InstanceState::stopped; },
       "running i-private", "aws ec2 start-instances --instance-ids i-private"},
      {"no connect endpoint", kE, with_connect_endpoint(), to_private(),
       [](Network& n) { n.connect_endpoints.erase(kConnectEndpoint); }, "connect endpoint vpc-lab",
       "aws ec2 create-instance-connect-endpoint --subnet-id subnet-private  # a CLI of 2.12 or newer"},
      {"a connect endpoint that was deleted", kE, with_connect_endpoint(), to_private(),
       [](Network& n) {
         n.connect_endpoints.find(kConnectEndpoint)->state = ConnectEndpointState::delete_complete;
         n.interfaces.erase(kConnectPort);
       },
       "connect endpoint vpc-lab",
       "aws ec2 create-instance-connect-endpoint --subnet-id subnet-private  # a CLI of 2.12 or newer"},
      {"E2 endpoint's group without outbound 22", kE, with_connect_endpoint(), to_private(),
       [](Network& n) { revoke(n, kConnectGroup, Direction::egress); },
       "way to the instance i-private (no-egress-rule)",
       "aws ec2 authorize-security-group-egress --group-id sg-eice --protocol tcp --port 22 --source-group "
       "sg-private"},
      {"E3 instance's group without inbound 22", kE, with_connect_endpoint(), to_private(),
       [](Network& n) { revoke(n, kPrivateGroup, Direction::ingress); },
       "way to the instance i-private (no-ingress-rule)",
       "aws ec2 authorize-security-group-ingress --group-id sg-private --protocol tcp --port 22 "
       "--source-group sg-eice"},
      {"E8 endpoint still being made", kE, with_connect_endpoint(), to_private(),
       [](Network& n) {
         n.connect_endpoints.find(kConnectEndpoint)->state = ConnectEndpointState::create_in_progress;
       },
       "connect endpoint vpc-lab", ""},
      {"E11 instance stopped", kE, with_connect_endpoint(), to_private(),
       [](Network& n) { n.instances.find(kPrivateInstance)->state = InstanceState::stopped; },
       "running i-private", "aws ec2 start-instances --instance-ids i-private"},
      {"V1 no instance profile", kV, with_endpoints(), to_session(),
       [](Network& n) { session_instance(n).profile.reset(); }, "instance profile i-session",
       "aws ec2 associate-iam-instance-profile --instance-id i-session --iam-instance-profile "
       "'Name=<instance-profile>'"},
      {"V1 a profile without a role", kV, with_endpoints(), to_session(),
       [](Network& n) { session_instance(n).profile->role.clear(); }, "instance profile ssm-profile",
       "aws iam add-role-to-instance-profile --instance-profile-name ssm-profile --role-name '<role-name>'"},
      {"V2 role without the managed policy", kV, with_endpoints(), to_session(),
       [](Network& n) { session_instance(n).profile->allows_the_agent = false; },
       "role's permissions ssm-role",
       "aws iam attach-role-policy --role-name ssm-role --policy-arn "
       "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"},
      {"V3 trust policy without ec2.amazonaws.com", kN, with_nat(), to_session(),
       [](Network& n) { session_instance(n).profile->trusts_ec2 = false; }, "trust policy ssm-role",
       R"(aws iam update-assume-role-policy --role-name ssm-role --policy-document '{"Version":"2012-10-17",)"
       R"("Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
       R"("Action":"sts:AssumeRole"}]}')"},
      {"V4 endpoint ssm missing", kV, with_endpoints(), to_session(),
       [](Network& n) { n.endpoints.erase(endpoint_id("ssm")); }, "interface endpoint ssm",
       "aws ec2 create-vpc-endpoint --vpc-id vpc-lab --vpc-endpoint-type Interface --service-name "
       "com.amazonaws.us-east-1.ssm --subnet-ids subnet-private --security-group-ids sg-endpoint "
       "--private-dns-enabled"},
      {"V5 endpoint ssmmessages missing", kV, with_endpoints(), to_session(),
       [](Network& n) { n.endpoints.erase(endpoint_id("ssmmessages")); }, "interface endpoint ssmmessages"},
      {"endpoint ssm pending", kV, with_endpoints(), to_session(),
       [](Network& n) { n.endpoints.find(endpoint_id("ssm"))->state = EndpointState::pending; },
       "interface endpoint ssm"},
      {"V7 endpoints' group lacks 443 from the subnet", kV, with_endpoints(), to_session(),
       [](Network& n) { revoke(n, kEndpointGroup, Direction::ingress); },
       "way to the service ssm (no-ingress-rule); way to the service ssmmessages (no-ingress-rule)"},
      {"V8 instance's group lacks outbound 443", kV, with_endpoints(), to_session(),
       [](Network& n) { revoke(n, kSessionGroup, Direction::egress); },
       "way to the service ssm (no-egress-rule); way to the service ssmmessages (no-egress-rule)"},
      {"V9 DNS host names are off", kV, with_endpoints(), to_session(),
       [](Network& n) { n.vpcs.find(kVpc)->dns_hostnames = false; },
       "private name ssm; private name ssmmessages",
       R"(aws ec2 modify-vpc-attribute --vpc-id vpc-lab --enable-dns-hostnames '{"Value":true}')"},
      {"V9 an endpoint without private DNS", kV, with_endpoints(), to_session(),
       [](Network& n) { n.endpoints.find(endpoint_id("ssm"))->private_dns = false; }, "private name ssm",
       "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-ssm --private-dns-enabled"},
      {"endpoint in no subnet", kV, with_endpoints(), to_session(),
       [](Network& n) { n.interfaces.erase(endpoint_port("ssm")); }, "way to the service ssm",
       "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-ssm --add-subnet-ids subnet-private"},
      {"N1 private route missing", kN, with_nat(), to_session(),
       [](Network& n) { drop_routes(n, kPrivateTable); }, "way to the service ssm, ssmmessages (no-route)",
       "aws ec2 create-route --route-table-id rtb-private --destination-cidr-block 0.0.0.0/0 "
       "--nat-gateway-id nat-lab"},
      {"N2 NAT gateway in the private subnet", kN, with_nat(), to_session(),
       [](Network& n) {
         n.nat_gateways.find(kNat)->subnet = kPrivate;
         n.interfaces.find(kNatPort)->subnet = kPrivate;
       },
       "way to the service ssm, ssmmessages (nat-in-private-subnet)"},
      {"N3 VPC without internet gateway", kN, with_nat(), to_session(),
       [](Network& n) { n.internet_gateways.erase(kGateway); },
       "way to the service ssm, ssmmessages (no-internet-gateway)"},
      {"N4 NAT gateway pending", kN, with_nat(), to_session(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::pending; },
       "way to the service ssm, ssmmessages (nat-not-available)"},
      {"N6 NAT gateway deleted", kN, with_nat(), to_session(),
       [](Network& n) { n.nat_gateways.find(kNat)->state = NatState::deleted; },
       "way to the service ssm, ssmmessages (blackhole)"},
      {"N8 the agent has not tried again yet", kN, with_nat(), to_session(),
       [](Network& n) { session_instance(n).agent.connected = false; }, "agent's connection i-session", ""},
      {"no agent", kN, with_nat(), to_session(),
       [](Network& n) {
         session_instance(n).agent = {false, false, false};
       },
       "agent i-session; agent's connection i-session",
       "aws ec2 create-tags --resources i-session --tags Key=fumidai-agent,Value=fumidai\n"
       "aws ec2 reboot-instances --instance-ids i-session"},
      {"an agent that does not run", kN, with_nat(), to_session(),
       [](Network& n) {
         session_instance(n).agent = {true, false, false};
       },
       "agent i-session; agent's connection i-session", "aws ec2 reboot-instances --instance-ids i-session"},
      {"an agent of which nothing is known", kN, with_nat(), to_session(),
       [](Network& n) {
         session_instance(n).agent = {true, {}, false};
       },
       "agent's connection i-session", ""},
      {"a role that is denied what the agent calls", kN, with_nat(), to_session(),
       [](Network& n) {
         auto& profile = *session_instance(n).profile;
         profile.allows_the_agent = false;
         profile.refusal = "denied explicitly by statement 1";
         profile.is_denied = true;
       },
       "role's permissions ssm-role", ""},
      {"the metadata service is off", kN, with_nat(), to_session(),
       [](Network& n) { session_instance(n).has_metadata = false; }, "metadata service i-session",
       "aws ec2 modify-instance-metadata-options --instance-id i-session --http-endpoint enabled"},
      {"no names in the VPC", kN, with_nat(), to_session(),
       [](Network& n) { n.vpcs.find(kVpc)->dns_support = false; }, "names vpc-lab",
       R"(aws ec2 modify-vpc-attribute --vpc-id vpc-lab --enable-dns-support '{"Value":true}')"},
      {"V11 an endpoint's policy refuses this agent", kV, with_endpoints(), to_session(),
       [](Network& n) { refuse_by_endpoint(n); }, "role's permissions vpce-ssm",
       "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-ssm --reset-policy"},
      {"V11 the same with a NAT gateway, which the name does not lead to", kN, with_nat(with_endpoints()),
       to_session(), [](Network& n) { refuse_by_endpoint(n); }, "role's permissions vpce-ssm",
       "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-ssm --reset-policy"},
      {"an endpoint takes a name from the NAT gateway and cannot be reached", kN, with_nat(with_endpoints()),
       to_session(), [](Network& n) { revoke(n, kEndpointGroup, Direction::ingress); },
       "way to the service ssm (no-ingress-rule); way to the service ssmmessages (no-ingress-rule)"},
  };
  for (auto& row : cases) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(assessed(row.network, row.method, row.visit).works());
    row.injure(row.network);
    auto assessment = assessed(row.network, row.method, row.visit);
    EXPECT_EQ(causes(assessment), row.causes) << assessment.text();
    if (row.mend && !assessment.works()) EXPECT_EQ(assessment.unmet().front()->mend.text(), row.mend);
  }
}

TEST(Method, B6_a_key_that_the_instance_does_not_take_is_told_by_name) {
  auto visit = to_private();
  visit.keys = {"bastion-key"};
  auto assessment = assessed(walkthrough(), kB, visit);
  EXPECT_EQ(causes(assessment), "key i-private");
  EXPECT_EQ(
      assessment.unmet().front()->reason,
      "takes only the private key of 'private-key', which is not among those offered: Permission denied "
      "(publickey)");
  visit.keys = {"bastion-key", "private-key"};
  EXPECT_TRUE(assessed(walkthrough(), kB, visit).works());
}

TEST(Method, V6_a_missing_ec2messages_endpoint_is_advice_only) {
  auto network = with_endpoints();
  network.endpoints.erase(endpoint_id("ec2messages"));
  auto assessment = assessed(network, kV, to_session());
  EXPECT_TRUE(assessment.works());
  auto& requirements = assessment.requirements;
  auto advice = std::ranges::find(requirements, Standing::advice, &Requirement::standing);
  ASSERT_NE(advice, requirements.end());
  EXPECT_EQ(advice->subject, "ec2messages");
}

TEST(Method, V14_no_inbound_rule_is_needed_and_the_other_methods_are_told_apart) {
  auto network = with_endpoints();
  EXPECT_EQ(network.security_groups.find(kSessionGroup)->rules.size(), 1u);  // all outbound
  EXPECT_EQ(causes(assessed(network, kV, to_session())), "works");
  EXPECT_EQ(causes(assessed(network, kB, to_session())),
            "way to the instance i-session (no-ingress-rule); key i-session");
  EXPECT_EQ(causes(assessed(walkthrough(), kN, to_session())),
            "way to the service ssm, ssmmessages (no-route)");
  EXPECT_EQ(causes(assessed(network, kN, to_session())), "way to the service ssm, ssmmessages (no-route)")
      << "endpoints are no NAT gateway";
}

TEST(Method, V15_endpoints_win_over_nat_and_that_is_said) {
  auto network = with_nat(with_endpoints());
  EXPECT_TRUE(assessed(network, kV, to_session()).works());
  auto assessment = assessed(network, kN, to_session());
  EXPECT_TRUE(assessment.works());
  EXPECT_NE(
      assessment.text().find("! private name: ssm leads to vpce-ssm: nothing for it passes a NAT gateway"),
      std::string::npos)
      << assessment.text();
}

TEST(Method, one_service_by_endpoint_and_the_other_by_nat_work_together) {
  auto network = with_nat(with_endpoints());
  network.endpoints.erase(endpoint_id("ssmmessages"));
  EXPECT_EQ(causes(assessed(network, kV, to_session())), "interface endpoint ssmmessages");
  EXPECT_EQ(causes(assessed(network, kN, to_session())), "works");
}

TEST(Method, an_endpoints_policy_that_nobodys_role_can_tell_of_is_not_judged) {
  auto network = with_endpoints();
  network.endpoints.find(endpoint_id("ssm"))->policy = "{}";
  network.endpoints.find(endpoint_id("ssm"))->refused_actions = {{kPrivateInstance, "ssm:Any"}};
  auto assessment = assessed(network, kV, to_session());
  EXPECT_TRUE(assessment.works());
  EXPECT_NE(assessment.text().find("! role's permissions: vpce-ssm has a policy, of which nothing is known"),
            std::string::npos)
      << assessment.text();
}

TEST(Method, a_bastion_is_reached_without_one) {
  Visit visit{kBastion, kOffice};
  EXPECT_EQ(assessed(walkthrough(), kB, visit).text(),
            "✓ running: i-bastion is running\n"
            "✓ bastion: i-bastion needs none: it is reached from outside itself\n"
            "✓ way to the instance: i-bastion is open\n"
            "✓ key: i-bastion takes the private key of 'bastion-key'\n");
}

TEST(Method, of_several_hosts_the_bastion_that_fails_least_is_taken_unless_one_is_named) {
  auto network = walkthrough();
  SecurityGroupId web("sg-web");
  InstanceId id("i-a-web-server");
  add_group(network, web);
  add_instance(network, id, InterfaceId("eni-web"), kPublic, "10.0.0.80", web);
  EXPECT_TRUE(assessed(network, kB, to_private()).works());
  auto visit = to_private();
  visit.bastion = id;
  EXPECT_EQ(causes(assessed(network, kB, visit)),
            "way to the bastion i-a-web-server (no-public-address); key i-a-web-server; way to the instance "
            "i-private (no-ingress-rule)");
}

TEST(Method, an_assessment_reads_as_a_list_that_one_can_sign) {
  EXPECT_EQ(assessed(walkthrough(), kB, to_private()).text(),
            "✓ running: i-private is running\n"
            "✓ bastion: i-bastion is the host to go through\n"
            "✓ way to the bastion: i-bastion is open\n"
            "✓ key: i-bastion takes the private key of 'bastion-key'\n"
            "✓ way to the instance: i-private is open\n"
            "✓ key: i-private takes the private key of 'private-key'\n");
  auto network = with_endpoints();
  network.endpoints.erase(endpoint_id("ssmmessages"));
  session_instance(network).agent.connected = false;
  EXPECT_EQ(assessed(network, kV, to_session()).text(),
            "✓ running: i-session is running\n"
            "✓ instance profile: ssm-profile gives role ssm-role\n"
            "✓ trust policy: ssm-role trusts ec2.amazonaws.com\n"
            "✓ role's permissions: ssm-role allows what the agent calls\n"
            "✓ interface endpoint: ssm has vpce-ssm, which is available\n"
            "✓ private name: ssm leads to vpce-ssm\n"
            "✓ way to the service: ssm is open\n"
            "✗ interface endpoint: ssmmessages has none in vpc-lab: its name leads out to the internet\n"
            "✓ agent: i-session runs an agent\n"
            "✗ agent's connection: i-session has no control channel, for the reasons above\n");
}

TEST(Method, a_connect_endpoint_needs_no_role_no_agent_no_key_and_no_public_address) {
  auto network = with_connect_endpoint();
  network.instances.find(kPrivateInstance)->key_name = "";
  EXPECT_EQ(assessed(network, kE, to_private()).text(),
            "✓ running: i-private is running\n"
            "✓ connect endpoint: vpc-lab has eice-lab, which is create-complete\n"
            "✓ way to the instance: i-private is open\n"
            "✓ key: i-private needs none of its own: one is pushed, good for 60 seconds\n");
}

TEST(Method, of_several_connect_endpoints_one_with_an_open_way_is_enough) {
  auto network = with_connect_endpoint();
  SecurityGroupId shut("sg-shut");
  network.security_groups.put({shut, kVpc, "shut", ""});
  network.connect_endpoints.put({ConnectEndpointId("eice-a"), kVpc, kPublic});
  network.interfaces.put(
      {InterfaceId("eni-a"), kPublic, address("10.0.0.110"), ConnectEndpointId("eice-a"), {shut}});
  network.connect_endpoints.put(
      {ConnectEndpointId("eice-b"), kVpc, kPublic, false, ConnectEndpointState::create_failed});
  auto found = assessed(network, kE, to_private());
  EXPECT_TRUE(found.works()) << found.text();
  EXPECT_TRUE(std::get<InterfaceId>(found.requirements.at(2).path.from) == kConnectPort);
  network.connect_endpoints.erase(kConnectEndpoint);
  EXPECT_EQ(causes(assessed(network, kE, to_private())), "way to the instance i-private (no-egress-rule)");
}

TEST(Method, a_connect_endpoint_that_needs_an_agent_leads_nowhere_without_one) {
  auto network = with_connect_endpoint();
  auto& endpoint = *network.connect_endpoints.find(kConnectEndpoint);
  endpoint.has_agent = false;
  auto found = assessed(network, kE, to_private());
  EXPECT_EQ(causes(found), "endpoint's agent eice-lab");
  EXPECT_EQ(
      found.unmet().at(0)->mend.text(),
      "fumidai-agent run --endpoint eice-lab  # on a host of vpc-lab: docs/operate/connect-endpoint.md\n"
      "aws iam attach-role-policy --role-name '<role>' --policy-arn "
      "arn:aws:iam::aws:policy/FumidaiServeEndpoint  # the role of that host, where it has no such policy");
  endpoint.has_agent = true;
  EXPECT_TRUE(assessed(network, kE, to_private()).works());
  endpoint.state = ConnectEndpointState::create_failed;
  EXPECT_EQ(causes(assessed(network, kE, to_private())), "connect endpoint vpc-lab");
}

TEST(Method, a_connect_endpoint_without_an_agent_is_no_obstacle_where_there_is_another_way) {
  auto network = with_connect_endpoint();
  auto& agent = network.instances.find(kPrivateInstance)->agent;
  network.connect_endpoints.find(kConnectEndpoint)->has_agent = false;
  agent.carries_tunnels = true;
  auto found = assessed(network, kE, to_private());
  EXPECT_TRUE(found.works()) << found.text();
  EXPECT_NE(found.text().find("! endpoint's agent: eice-lab has none: tunnels go by the agent of i-private"),
            std::string::npos)
      << found.text();
  auto& groups = network.interfaces.find(kConnectPort)->groups;
  auto before = std::exchange(groups, {});
  EXPECT_TRUE(assessed(network, kE, to_private()).works()) << "no way from the endpoint has to be open";
  groups = before;
  agent.carries_tunnels = false;
  ConnectEndpoint other{ConnectEndpointId("eice-other"), kVpc, kPublic};
  other.has_agent = true;
  network.connect_endpoints.put(other);
  network.interfaces.put(
      {InterfaceId("eni-other"), kPublic, address("10.0.0.110"), other.id, {kConnectGroup}});
  EXPECT_EQ(assessed(network, kE, to_private()).requirements.at(2).subject, "eice-other");
  network.interfaces.find(InterfaceId("eni-other"))->groups.clear();
  EXPECT_EQ(causes(assessed(network, kE, to_private())), "way to the instance i-private (no-egress-rule)");
}

TEST(Method, an_instance_that_is_not_there_is_an_error) {
  for (auto method : kMethods) {
    EXPECT_EQ(assess(walkthrough(), method, {InstanceId("i-none")}).error().code, Errc::not_found);
  }
  Visit visit{kPrivateInstance, kOffice, InstanceId("i-none")};
  EXPECT_EQ(assess(walkthrough(), kB, visit).error().code, Errc::not_found);
}

}  // namespace
}  // namespace fumidai::network
