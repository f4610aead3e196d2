// How long does it take to be there? `fumidai ssh HOST true` through a connect endpoint against plain `ssh`
// through a jump host, and what a tunnel alone takes to its first byte. All on this machine, and the same
// sshd at the end of both. Then, to an instance of a lab, against the unmodified `aws ec2-instance-connect
// ssh`, where FUMIDAI_TEST_AWS2 names an AWS CLI of version 2. Needs root, and Debian's openssh-server.
//   build/release/tunnel_connect [TIMES]

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "aws_cli.h"
#include "bench_endpoint.h"
#include "client/channel_tunnel.h"
#include "client/websocket_tunnel.h"
#include "own_world.h"
#include "tunnel_ends.h"
#include "wire/xml_shape.h"

namespace fumidai::bench {
namespace {

constexpr std::uint16_t kPort = 2222;
constexpr char const* kFront = "198.51.100.10";  // where a lab's internet has AWS's names
constexpr char const* kAwsSsh = "aws ec2-instance-connect ssh < /dev/null:";

double since(io::SteadyTime begun) {
  return std::chrono::duration<double, std::milli>(io::SteadyClock::now() - begun).count();
}

void run_words(std::string const& command) {
  if (std::system(command.c_str()) != 0) fail("this failed: " + command);
}

// One sshd for the jump and for the host, and what a client needs to log in.
class Ssh {
 public:
  explicit Ssh(io::Path directory) : directory_(std::move(directory)) {
    run_words("mkdir -p /run/sshd && cd " + directory_.string() +
              " && ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f person");
    write("sshd_config", "Port " + std::to_string(kPort) + "\nHostKey " + file("host") +
                             "\nAuthorizedKeysFile " + file("person.pub") +
                             "\nStrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n");
    write("ssh_config", "Host *\n  User root\n  IdentityFile " + file("person") + "\n  Port " +
                            std::to_string(kPort) +
                            "\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n"
                            "  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n");
    run_words("/usr/sbin/sshd -f " + file("sshd_config") + " -o PidFile=none");
  }

  std::string file(char const* name) const { return (directory_ / name).string(); }

 private:
  void write(char const* name, std::string const& text) const { std::ofstream(directory_ / name) << text; }

  io::Path directory_;
};

void measure_command(char const* what, std::string const& command, int times) {
  std::vector<double> samples;
  for (int i = 0; i < times; i++) {
    auto begun = io::SteadyClock::now();
    run_words(command);
    samples.push_back(since(begun));
  }
  std::printf("  %-48s p50 %6.1f ms\n", what, quantile(samples, 0.5));
}

using Open = std::function<awaitable<Result<std::unique_ptr<client::Tunnel>>>()>;

awaitable<void> measure_first_byte(char const* what, Open open, int times) {
  std::vector<double> samples;
  for (int i = 0; i < times; i++) {
    auto begun = io::SteadyClock::now();
    auto tunnel = co_await open();
    if (!tunnel) fail(tunnel.error().detail);
    auto carried = co_await echo_once(**tunnel);
    if (!carried) fail(carried.error().detail);
    samples.push_back(since(begun));
  }
  std::printf("  %-48s p50 %6.1f ms\n", what, quantile(samples, 0.5));
}

awaitable<void> measure(int times) {
  auto target = start_target();
  BenchEndpoint endpoint;
  co_await endpoint.open();
  auto plane = endpoint.plane().client();
  auto asked = endpoint.tunnel_to(target);
  auto by_channel = [&] {
    return client::open_channel_tunnel(plane.another(), asked, {}, client::time_to_tell());
  };
  auto by_websocket = [&] {
    return client::open_websocket_tunnel(plane, asked, endpoint.dns_name(), client::time_to_tell());
  };
  std::printf("tunnel_connect, %d times each\n", times);
  co_await measure_first_byte("the first byte by a tunnel of our client:", by_channel, times);
  co_await measure_first_byte("the first byte by AWS's openTunnel:", by_websocket, times);
  Ssh ssh(endpoint.plane().directory());
  std::string host = BenchEndpoint::kAddress;
  auto plain = "ssh -F " + ssh.file("ssh_config");
  measure_command("ssh HOST true, with nothing between:", plain + " " + host + " true", times);
  measure_command("ssh -J JUMP HOST true:", plain + " -J 127.0.0.1 " + host + " true", times);
  auto ours = program("fumidai").string() + " ssh --data-dir " +
              (endpoint.plane().directory() / "data").string() + " -p " + std::to_string(kPort) + " root@" +
              host + " -F " + ssh.file("ssh_config") + " true 2> /dev/null";
  measure_command("fumidai ssh HOST true:", ours, times);
}

// An instance of a lab that only a connect endpoint leads to: its id, and the endpoint's name.
struct LabInstance {
  std::string id, dns_name;
};

awaitable<LabInstance> make_lab_instance(Caller& caller) {
  auto made = co_await caller.ask(ec2("CreateVpc", "&CidrBlock=10.7.0.0%2F16"));
  auto vpc = wire::xml_element(made, "vpcId");
  made = co_await caller.ask(ec2("CreateSubnet", "&CidrBlock=10.7.1.0%2F24&VpcId=" + vpc));
  auto subnet = wire::xml_element(made, "subnetId");
  made = co_await caller.ask(ec2("CreateInstanceConnectEndpoint", "&SubnetId=" + subnet));
  auto endpoint = wire::xml_element(made, "instanceConnectEndpointId");
  auto images = co_await caller.ask(ec2("DescribeImages", "&Owner.1=amazon"));
  made = co_await caller.ask(ec2("RunInstances", "&InstanceType=t3.micro&MinCount=1&MaxCount=1&ImageId=" +
                                                     wire::xml_element(images, "imageId") +
                                                     "&SubnetId=" + subnet));
  auto instance = wire::xml_element(made, "instanceId");
  auto describe = ec2("DescribeInstanceConnectEndpoints", "&InstanceConnectEndpointId.1=" + endpoint);
  co_await caller.wait_for(describe, "create-complete");
  auto endpoints = co_await caller.ask(describe);
  co_await caller.wait_for(ec2("DescribeInstanceStatus", "&InstanceId.1=" + instance), "<status>ok</status>");
  co_return LabInstance{instance, wire::xml_element(endpoints, "dnsName")};
}

awaitable<void> measure_against_aws(int times) {
  auto aws = AwsCli::find(kAwsSsh);
  if (!aws) co_return;
  BenchPlane plane({"--lab", "--lab-label", "bench"});
  auto profile = plane.client().profile();
  Caller caller(profile, profile.credentials);
  auto instance = co_await make_lab_instance(caller);
  aws->learn(plane, instance.dns_name, kFront);
  auto ours = program("fumidai").string() + " ssh --data-dir " + (plane.directory() / "data").string() + " " +
              instance.id + " < /dev/null > /dev/null 2>&1";
  auto theirs = "(" + aws->command("ssh --instance-id " + instance.id + " --connection-type eice") +
                ") < /dev/null > /dev/null 2>&1";
  std::printf("to an instance of a lab, through its endpoint\n");
  measure_command("fumidai ssh < /dev/null:", ours, times);
  measure_command(kAwsSsh, theirs, times);
}

}  // namespace
}  // namespace fumidai::bench

int main(int argc, char** argv) {
  using namespace fumidai::bench;
  int times = argc > 1 ? std::atoi(argv[1]) : 20;
  return in_own_world([=] {
    run_alone(measure(times));
    run_alone(measure_against_aws(times));
    return 0;
  });
}
