#include "bench_endpoint.h"

#include <signal.h>

#include "io/wait.h"
#include "wire/url.h"
#include "wire/xml_shape.h"

namespace fumidai::bench {

using namespace std::chrono_literals;

// AWS's clients take port 443 of an endpoint's name, and no other.
BenchEndpoint::BenchEndpoint()
    : plane_({"--listen", "127.0.0.1:443"}),
      caller_(plane_.client().profile(), plane_.client().profile().credentials) {
  auto command = std::string("ip address add ") + kAddress + "/16 dev lo";
  if (std::system(command.c_str()) != 0) fail("no address of the VPC; is iproute2 installed?");
}

BenchEndpoint::~BenchEndpoint() {
  for (auto const& each : agents_) stop_process(each.process, SIGKILL);
}

awaitable<void> BenchEndpoint::open(std::size_t agents) {
  co_await make_role();
  co_await make_endpoint();
  for (auto& identity : plane_.register_agents(agents, "endpoint-host"))
    agents_.push_back({std::move(identity), -1});
  for (std::size_t i = 0; i < agents; i++) co_await start_agent(i);
}

awaitable<void> BenchEndpoint::make_role() {
  auto trust = wire::percent_encode(
      R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
          "Principal": {"Service": "ssm.amazonaws.com"}}]})");
  co_await caller_.ask(iam("CreateRole", "&RoleName=endpoint-host&AssumeRolePolicyDocument=" + trust));
  for (std::string policy : {"AmazonSSMManagedInstanceCore", "FumidaiServeEndpoint"}) {
    auto arn = wire::percent_encode("arn:aws:iam::aws:policy/" + policy);
    co_await caller_.ask(iam("AttachRolePolicy", "&RoleName=endpoint-host&PolicyArn=" + arn));
  }
}

awaitable<void> BenchEndpoint::make_endpoint() {
  auto made = co_await caller_.ask(ec2("CreateVpc", "&CidrBlock=10.0.0.0%2F16"));
  auto vpc = wire::xml_element(made, "vpcId");
  made = co_await caller_.ask(ec2("CreateSubnet", "&CidrBlock=10.0.1.0%2F24&VpcId=" + vpc));
  auto subnet = wire::xml_element(made, "subnetId");
  made = co_await caller_.ask(ec2("CreateInstanceConnectEndpoint", "&SubnetId=" + subnet));
  id_ = wire::xml_element(made, "instanceConnectEndpointId");
  auto describe = ec2("DescribeInstanceConnectEndpoints", "&InstanceConnectEndpointId.1=" + id_);
  co_await caller_.wait_for(describe, "create-complete");
  made = co_await caller_.ask(describe);
  dns_name_ = wire::xml_element(made, "dnsName");
}

void BenchEndpoint::kill_agent(std::size_t number) {
  stop_process(std::exchange(agents_[number].process, -1), SIGKILL);
}

awaitable<void> BenchEndpoint::start_agent(std::size_t number) {
  auto& starting = agents_[number];
  starting.process = plane_.run_agent(starting.identity, {"--endpoint", id_, "--log-level", "warn"});
  auto target = R"({"Target": ")" + starting.identity.instance_id + R"("})";
  co_await caller_.wait_for(ssm("GetConnectionStatus", target), R"("connected")");
}

wire::OpenTunnel BenchEndpoint::tunnel_to(std::uint16_t port) const {
  return {id_, port, *Address::parse(kAddress), wire::kUsualTunnelDuration};
}

}  // namespace fumidai::bench
