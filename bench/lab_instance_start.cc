// How long from RunInstances to `running`, until the instance's agent is connected, and to the first output
// of a session with it? Our client and agent, the way through an internet gateway. Needs root.
//   build/release/lab_instance_start [INSTANCES]

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "bench_caller.h"
#include "bench_session.h"
#include "io/wait.h"
#include "own_world.h"
#include "wire/url.h"
#include "wire/xml_shape.h"

namespace fumidai::bench {
namespace {

using namespace std::chrono_literals;

struct Samples {
  std::vector<double> answered, running, connected, output;
};

double since(io::SteadyTime begun) {
  return std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count();
}

awaitable<void> make_profile(Caller& caller) {
  auto trust = wire::percent_encode(
      R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
          "Principal": {"Service": "ec2.amazonaws.com"}}]})");
  co_await caller.ask(iam("CreateRole", "&RoleName=bench&AssumeRolePolicyDocument=" + trust));
  auto policy = wire::percent_encode("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
  co_await caller.ask(iam("AttachRolePolicy", "&RoleName=bench&PolicyArn=" + policy));
  co_await caller.ask(iam("CreateInstanceProfile", "&InstanceProfileName=bench"));
  co_await caller.ask(iam("AddRoleToInstanceProfile", "&InstanceProfileName=bench&RoleName=bench"));
}

// What RunInstances is asked: an instance in a subnet whose instances have public addresses and a way out.
awaitable<std::string> make_ground(Caller& caller) {
  auto made = co_await caller.ask(ec2("CreateVpc", "&CidrBlock=10.0.0.0%2F16"));
  auto vpc = wire::xml_element(made, "vpcId");
  made = co_await caller.ask(ec2("CreateSubnet", "&CidrBlock=10.0.0.0%2F24&VpcId=" + vpc));
  auto subnet = wire::xml_element(made, "subnetId");
  co_await caller.ask(ec2("ModifySubnetAttribute", "&MapPublicIpOnLaunch.Value=true&SubnetId=" + subnet));
  made = co_await caller.ask(ec2("CreateInternetGateway"));
  auto gateway = wire::xml_element(made, "internetGatewayId");
  co_await caller.ask(ec2("AttachInternetGateway", "&InternetGatewayId=" + gateway + "&VpcId=" + vpc));
  made = co_await caller.ask(ec2("DescribeRouteTables", "&Filter.1.Name=vpc-id&Filter.1.Value.1=" + vpc));
  auto table = wire::xml_element(made, "routeTableId");
  auto route = "&DestinationCidrBlock=0.0.0.0%2F0&GatewayId=" + gateway + "&RouteTableId=" + table;
  co_await caller.ask(ec2("CreateRoute", route));
  auto images = co_await caller.ask(ec2("DescribeImages", "&Owner.1=amazon"));
  co_return "&InstanceType=t3.micro&MinCount=1&MaxCount=1&IamInstanceProfile.Name=bench&ImageId=" +
      wire::xml_element(images, "imageId") + "&SubnetId=" + subnet;
}

Question in_state(std::string const& instance, std::string const& state) {
  return ec2("DescribeInstances",
             "&InstanceId.1=" + instance + "&Filter.1.Name=instance-state-name&Filter.1.Value.1=" + state);
}

awaitable<void> first_output(client::Plane& client, std::string const& instance) {
  BenchSession session(co_await asio::this_coro::executor, client);
  std::map<std::string, std::vector<std::string>> parameters{{"command", {"/bin/echo here"}},
                                                             {"separateOutputStream", {"true"}}};
  auto opened = co_await session.open(instance, "AWS-StartNonInteractiveCommand", parameters);
  if (!opened) fail(opened.error().detail);
  auto output = co_await session.link().receive();
  if (!output) fail(output.error().detail);
  co_await session.close();
}

awaitable<void> measure_one(Caller& caller, client::Plane& client, std::string const& order,
                            Samples& samples) {
  auto begun = io::SteadyClock::now();
  auto made = co_await caller.ask(ec2("RunInstances", order));
  samples.answered.push_back(since(begun));
  auto instance = wire::xml_element(made, "instanceId");
  co_await caller.wait_for(in_state(instance, "running"), instance);
  samples.running.push_back(since(begun));
  co_await caller.wait_for(ssm("GetConnectionStatus", R"({"Target": ")" + instance + R"("})"),
                           R"("connected")");
  samples.connected.push_back(since(begun));
  co_await first_output(client, instance);
  samples.output.push_back(since(begun));
  co_await caller.ask(ec2("TerminateInstances", "&InstanceId.1=" + instance));
  co_await caller.wait_for(in_state(instance, "terminated"), instance);
}

awaitable<void> measure(BenchPlane const& plane, int count, Samples& samples) {
  auto client = plane.client();
  Caller caller(client.profile(), client.profile().credentials);
  co_await make_profile(caller);
  auto order = co_await make_ground(caller);
  Samples first;  // makes the image
  co_await measure_one(caller, client, order, first);
  for (int i = 0; i < count; i++) co_await measure_one(caller, client, order, samples);
}

int run(int count) {
  BenchPlane plane({"--lab", "--lab-label", "bench"});
  Samples samples;
  asio::io_context loop(1);
  asio::co_spawn(loop, measure(plane, count, samples), [&](std::exception_ptr) { loop.stop(); });
  loop.run();
  std::printf("lab_instance_start, %d instances one after the other, from RunInstances to\n", count);
  auto say = [](char const* what, std::vector<double> const& values) {
    std::printf("  %-36s p50 %6.1f ms, worst %6.1f ms\n", what, quantile(values, 0.5), quantile(values, 1));
  };
  say("its answer:", samples.answered);
  say("running:", samples.running);
  say("its agent is connected:", samples.connected);
  say("the first output of a session:", samples.output);
  return 0;
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 20;
  return fumidai::bench::in_own_world([count] { return fumidai::bench::run(count); });
}
