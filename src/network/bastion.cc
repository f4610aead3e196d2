// Through a host with a public address: the person to it, and from it to the instance, with a key for each.

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "network/requirements.h"

namespace fumidai::network {

namespace {

// Whose sshd asks for such keys needs no other.
Mend mend_key(InstanceId const& instance) {
  auto command = aws_command({"ec2-instance-connect", "send-ssh-public-key", "--instance-id", instance.text(),
                              "--instance-os-user", "ec2-user", "--ssh-public-key", "file://<key>.pub"});
  return {{command + "  # good for 60 seconds: docs/operate/instance-connect-keys.md"}};
}

void need_key(Requirements& needs, Instance const& instance, Visit const& visit) {
  auto& id = instance.id.text();
  if (instance.key_name.empty()) {
    return needs.need(Need::key, id, false, "was launched without a key pair: its sshd knows nobody",
                      mend_key(instance.id));
  }
  bool held = !visit.keys || visit.keys->contains(instance.key_name);
  auto key = escaped(instance.key_name, 100);
  needs.need(Need::key, id, held,
             held ? fmt::format("takes the private key of '{}'", key)
                  : fmt::format("takes only the private key of '{}', which is not among those offered: "
                                "Permission denied (publickey)",
                                key));
}

Result<std::vector<Requirement>> requirements_with(Network const& network, Instance const& bastion,
                                                   Instance const& instance, Visit const& visit) {
  Requirements needs(network);
  needs.need_running(instance);
  needs.need(Need::bastion, bastion.id.text(), true, "is the host to go through");
  CHECK(needs.need_way(Need::way_to_bastion, bastion.id.text(), visit.from, bastion.interface, kSsh));
  need_key(needs, bastion, visit);
  if (instance.state == InstanceState::running) {
    CHECK(needs.need_way(Need::way_to_instance, instance.id.text(), bastion.interface, instance.interface,
                         flow_of(visit)));
  }
  if (flow_of(visit) == kSsh) need_key(needs, instance, visit);
  return needs.take();
}

// One that is reached from outside itself.
Result<std::vector<Requirement>> direct_requirements(Network const& network, Instance const& instance,
                                                     Visit const& visit) {
  Requirements needs(network);
  needs.need_running(instance);
  needs.need(Need::bastion, instance.id.text(), true, "needs none: it is reached from outside itself");
  CHECK(needs.need_way(Need::way_to_instance, instance.id.text(), visit.from, instance.interface,
                       flow_of(visit)));
  if (flow_of(visit) == kSsh) need_key(needs, instance, visit);
  return needs.take();
}

// Could be seen from outside: what looks like a bastion.
bool is_visible(Network const& network, NetworkInterface const& interface) {
  auto* subnet = network.subnets.find(interface.subnet);
  return network.public_address(interface) || network.is_public(*subnet) || subnet->maps_public_ip;
}

std::vector<Instance const*> candidates(Network const& network, Location const& target) {
  auto found = network.instances_in(target.vpc->id);
  std::erase_if(found, [&](auto* instance) {
    bool visible = is_visible(network, *network.interfaces.find(instance->interface));
    bool over = instance->state == InstanceState::terminated;
    return instance->interface == target.interface->id || !visible || over;
  });
  return found;
}

std::vector<Requirement> requirements_without(Network const& network, Instance const& instance,
                                              Location const& target) {
  Requirements needs(network);
  needs.need_running(instance);
  std::string subnet = "<public-subnet-id>";
  for (auto& each : network.subnets) {
    if (each.vpc == target.vpc->id && network.is_public(each)) subnet = each.id.text();
  }
  auto run = aws_command({"ec2", "run-instances", "--image-id", "<image-id>", "--instance-type", "t3.micro",
                          "--key-name", "<key-name>", "--subnet-id", subnet, "--security-group-ids",
                          "<group-id>", "--associate-public-ip-address"});
  needs.need(Need::bastion, target.vpc->id.text(), false, "has no host in a public subnet to go through",
             {{run}});
  return needs.take();
}

}  // namespace

// Of several hosts the one that fails least.
Result<std::vector<Requirement>> bastion_requirements(Network const& network, Visit const& visit) {
  TRY(auto target, network.locate(visit.instance));
  auto& instance = *network.instances.find(visit.instance);
  if (visit.bastion) {
    TRY([[maybe_unused]] auto there, network.locate(*visit.bastion));
    return requirements_with(network, *network.instances.find(*visit.bastion), instance, visit);
  }
  auto failures = [](auto& list) {
    return std::ranges::count(list, Standing::unmet, &Requirement::standing);
  };
  std::optional<std::vector<Requirement>> best;
  if (is_visible(network, *target.interface)) {
    TRY(best, direct_requirements(network, instance, visit));
  }
  for (auto* bastion : candidates(network, target)) {
    TRY(auto list, requirements_with(network, *bastion, instance, visit));
    if (!best || failures(list) < failures(*best)) best = std::move(list);
  }
  return best ? *std::move(best) : requirements_without(network, instance, target);
}

}  // namespace fumidai::network
