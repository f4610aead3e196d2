// Through the agent, which dials out to two services: by an interface endpoint for each inside the VPC, or
// across the internet.

#include <fmt/format.h>

#include "network/requirements.h"

namespace fumidai::network {

namespace {

constexpr std::string_view kManagedPolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
constexpr std::string_view kTrustPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

// Without credentials of a role the agent cannot sign, and is never listed.
void need_role(Requirements& needs, Instance const& instance) {
  auto& id = instance.id.text();
  if (!instance.has_metadata) {
    auto enable = aws_command(
        {"ec2", "modify-instance-metadata-options", "--instance-id", id, "--http-endpoint", "enabled"});
    needs.need(Need::metadata, id, false, "is off: its agent learns neither who it is nor its credentials",
               {{enable}});
  }
  if (!instance.profile) {
    auto associate = aws_command({"ec2", "associate-iam-instance-profile", "--instance-id", id,
                                  "--iam-instance-profile", "Name=<instance-profile>"});
    return needs.need(Need::profile, id, false, "has no instance profile: its agent has no credentials",
                      {{associate}});
  }
  auto& [profile, role, trusts_ec2, allows_the_agent, refusal, is_denied] = *instance.profile;
  auto add = aws_command({"iam", "add-role-to-instance-profile", "--instance-profile-name", profile,
                          "--role-name", "<role-name>"});
  needs.need(Need::profile, profile, !role.empty(), role.empty() ? "holds no role" : "gives role " + role,
             {{add}});
  if (role.empty()) return;
  auto trust = aws_command(
      {"iam", "update-assume-role-policy", "--role-name", role, "--policy-document", kTrustPolicy});
  needs.need(Need::trust, role, trusts_ec2,
             trusts_ec2 ? "trusts ec2.amazonaws.com"
                        : "does not trust ec2.amazonaws.com: the instance gets no credentials",
             {{trust}});
  auto attach =
      aws_command({"iam", "attach-role-policy", "--role-name", role, "--policy-arn", kManagedPolicy});
  auto lacks = is_denied ? "does not allow what the agent calls: " + refusal
                         : "does not allow what AmazonSSMManagedInstanceCore does: the agent is refused";
  needs.need(Need::permissions, role, allows_the_agent,
             allows_the_agent ? "allows what the agent calls" : lacks, is_denied ? Mend() : Mend{{attach}});
}

void need_agent(Requirements& needs, Instance const& instance) {
  auto& id = instance.id.text();
  auto& agent = instance.agent;
  if (agent.installed && !agent.running) {
    needs.advise(Need::agent, id, "has not been heard of: whether an agent runs there is not known");
  } else {
    Mend mend;
    if (!agent.installed)
      mend.commands.push_back(aws_command(
          {"ec2", "create-tags", "--resources", id, "--tags", "Key=fumidai-agent,Value=fumidai"}));
    mend.commands.push_back(aws_command({"ec2", "reboot-instances", "--instance-ids", id}));
    needs.need(Need::agent, id, agent.installed && *agent.running,
               !agent.installed  ? "has no agent: its tag fumidai-agent says none"
               : !*agent.running ? "has an agent that does not run"
                                 : "runs an agent",
               mend);
  }
  auto lacks = needs.all_met() ? "has no control channel yet: its agent tries again, mostly within a minute"
                               : "has no control channel, for the reasons above";
  needs.need(Need::connection, id, agent.connected, agent.connected ? "has a control channel" : lacks);
}

// The groups that endpoints of the VPC already have: a new one most likely wants the same.
std::string usual_group(Network const& network, VpcId const& vpc) {
  for (auto& endpoint : network.endpoints) {
    if (endpoint.vpc != vpc) continue;
    for (auto* interface : network.interfaces_of(endpoint.id)) {
      if (!interface->groups.empty()) return interface->groups.front().text();
    }
  }
  return "<group-id>";
}

Mend mend_endpoint(Network const& network, Location const& at, std::string_view service) {
  auto& vpc = at.vpc->id;
  auto name = network.full_name(service);
  return {{aws_command({"ec2", "create-vpc-endpoint", "--vpc-id", vpc.text(), "--vpc-endpoint-type",
                        "Interface", "--service-name", name, "--subnet-ids", at.subnet->id.text(),
                        "--security-group-ids", usual_group(network, vpc), "--private-dns-enabled"})}};
}

Mend mend_name(Vpc const& vpc, InterfaceEndpoint const& endpoint) {
  Mend mend;
  auto set = [&](std::string_view option) {
    mend.commands.push_back(
        aws_command({"ec2", "modify-vpc-attribute", "--vpc-id", vpc.id.text(), option, R"({"Value":true})"}));
  };
  if (!vpc.dns_support) set("--enable-dns-support");
  if (!vpc.dns_hostnames) set("--enable-dns-hostnames");
  if (!endpoint.private_dns) {
    mend.commands.push_back(aws_command(
        {"ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id.text(), "--private-dns-enabled"}));
  }
  return mend;
}

Lookup lookup_of(Network const& network, Location const& at, InterfaceEndpoint const& endpoint,
                 std::string_view service) {
  Lookup lookup{at.interface->id, fmt::format("{}.{}.amazonaws.com", service, network.region), {}};
  for (auto* interface : network.interfaces_of(endpoint.id))
    lookup.wanted.push_back(interface->private_address);
  return lookup;
}

// The name has the addresses of all interfaces; one that can be reached is enough for a client that tries.
Result<void> need_way_to(Requirements& needs, Network const& network, Location const& at,
                         InterfaceEndpoint const& endpoint, std::string_view service) {
  auto interfaces = network.interfaces_of(endpoint.id);
  if (interfaces.empty()) {
    auto add = aws_command({"ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id.text(),
                            "--add-subnet-ids", at.subnet->id.text()});
    needs.need(Need::way_to_service, std::string(service), false,
               fmt::format("is cut off: {} is in no subnet", endpoint.id.text()), {{add}});
    return success();
  }
  auto* nearest = interfaces.front();
  for (auto* interface : interfaces) {
    TRY(auto way, path(network, at.interface->id, interface->id, kHttps));
    if (way.arrives()) nearest = interface;
  }
  return needs.need_way(Need::way_to_service, std::string(service), at.interface->id, nearest->id, kHttps);
}

// The endpoint's policy.
void need_passage(Requirements& needs, InterfaceEndpoint const& endpoint, InstanceId const& instance) {
  auto judged = endpoint.refused_actions.find(instance);
  if (judged == endpoint.refused_actions.end())
    return needs.advise(Need::permissions, endpoint.id.text(),
                        "has a policy, of which nothing is known while the role allows nothing");
  auto& refused = judged->second;
  needs.need(Need::permissions, endpoint.id.text(), refused.empty(),
             refused.empty() ? "has a policy, which lets the agent through"
                             : fmt::format("has a policy that does not let {} through", refused),
             {{aws_command({"ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id.text(),
                            "--reset-policy"})}});
}

// For a service whose name the endpoint takes.
Result<void> need_use_of(Requirements& needs, Network const& network, Location const& at,
                         InstanceId const& id, InterfaceEndpoint const& endpoint, std::string_view service) {
  needs.look_up(lookup_of(network, at, endpoint, service));
  if (!endpoint.policy.empty()) need_passage(needs, endpoint, id);
  return need_way_to(needs, network, at, endpoint, service);
}

Result<void> need_endpoint(Requirements& needs, Network const& network, Location const& at,
                           InstanceId const& id, std::string_view service) {
  std::string name(service);
  auto* endpoint = network.endpoint_for(at.vpc->id, service);
  if (!endpoint) {
    needs.need(Need::endpoint, name, false,
               "has none in " + at.vpc->id.text() + ": its name leads out to the internet",
               mend_endpoint(network, at, service));
    return success();
  }
  needs.need(Need::endpoint, name, endpoint->state == EndpointState::available,
             fmt::format("has {}, which is {}", endpoint->id.text(), to_string(endpoint->state)));
  if (endpoint->state != EndpointState::available) return success();
  bool named = network.takes_the_name(*endpoint);
  needs.need(
      Need::private_name, name, named,
      named ? "leads to " + endpoint->id.text()
      : !at.vpc->dns_support
          ? "leads nowhere: DNS support of the VPC is off"
          : fmt::format("leads out to the internet and not to {}: private DNS is off", endpoint->id.text()),
      mend_name(*at.vpc, *endpoint));
  return need_use_of(needs, network, at, id, *endpoint, service);
}

// For services outside. Where their names lead there is not ours to say.
void need_names(Requirements& needs, Network const& network, Location const& at) {
  auto& vpc = at.vpc->id.text();
  auto enable = aws_command(
      {"ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-support", R"({"Value":true})"});
  needs.need(Need::names, vpc, at.vpc->dns_support,
             at.vpc->dns_support ? "resolves names" : "resolves no name: DNS support of the VPC is off",
             {{enable}});
  needs.look_up({at.interface->id, fmt::format("ssm.{}.amazonaws.com", network.region), {}});
}

}  // namespace

Result<std::vector<Requirement>> endpoint_requirements(Network const& network, InstanceId const& id) {
  TRY(auto at, network.locate(id));
  auto& instance = *network.instances.find(id);
  Requirements needs(network);
  needs.need_running(instance);
  need_role(needs, instance);
  for (auto service : kRequiredServices) CHECK(need_endpoint(needs, network, at, id, service));
  if (!network.endpoint_for(at.vpc->id, kServiceOfOldAgents)) {
    needs.advise(Need::endpoint, std::string(kServiceOfOldAgents),
                 "has none: sessions work without; agents older than 3.3.40.0 get no commands",
                 mend_endpoint(network, at, kServiceOfOldAgents));
  }
  need_agent(needs, instance);
  return needs.take();
}

// A name that an endpoint takes never leads to the NAT gateway, whether the endpoint can be reached or not.
Result<std::vector<Requirement>> nat_requirements(Network const& network, InstanceId const& id) {
  TRY(auto at, network.locate(id));
  auto& instance = *network.instances.find(id);
  Requirements needs(network);
  needs.need_running(instance);
  need_role(needs, instance);
  std::string outside, all;
  need_names(needs, network, at);
  for (auto service : kRequiredServices) {
    all += (all.empty() ? "" : ", ") + std::string(service);
    auto* endpoint = network.endpoint_for(at.vpc->id, service);
    if (endpoint && network.takes_the_name(*endpoint)) {
      needs.advise(Need::private_name, std::string(service),
                   fmt::format("leads to {}: nothing for it passes a NAT gateway", endpoint->id.text()));
      CHECK(need_use_of(needs, network, at, id, *endpoint, service));
    } else {
      outside += (outside.empty() ? "" : ", ") + std::string(service);
    }
  }
  // Endpoints alone are another method: this one needs a gateway, whether its traffic passes that or not.
  auto const& services = outside.empty() ? all : outside;
  CHECK(needs.need_way(Need::way_to_service, services, at.interface->id, the_internet(), kHttps));
  auto& way = needs.last().path;
  if (!outside.empty() && way.arrives() && !way.passes(Pass::nat_gateway)) {
    needs.advise(Need::way_to_service, outside,
                 "is reached by the instance's own public address: no NAT gateway is needed");
  }
  need_agent(needs, instance);
  return needs.take();
}

}  // namespace fumidai::network
