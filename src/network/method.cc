#include "network/method.h"

#include <fmt/format.h>

#include <algorithm>

#include "network/requirements.h"

namespace fumidai::network {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::bastion: return "bastion";
    case Method::session_manager_endpoints: return "session manager through interface endpoints";
    case Method::session_manager_nat: return "session manager through a NAT gateway";
    case Method::connect_endpoint: return "connect endpoint";
  }
  return "";
}

std::string_view to_string(Need need) {
  switch (need) {
    case Need::running: return "running";
    case Need::bastion: return "bastion";
    case Need::way_to_bastion: return "way to the bastion";
    case Need::way_to_instance: return "way to the instance";
    case Need::key: return "key";
    case Need::metadata: return "metadata service";
    case Need::names: return "names";
    case Need::profile: return "instance profile";
    case Need::trust: return "trust policy";
    case Need::permissions: return "role's permissions";
    case Need::connect_endpoint: return "connect endpoint";
    case Need::carrier: return "endpoint's agent";
    case Need::endpoint: return "interface endpoint";
    case Need::private_name: return "private name";
    case Need::way_to_service: return "way to the service";
    case Need::agent: return "agent";
    case Need::connection: return "agent's connection";
  }
  return "";
}

bool Assessment::works() const {
  return unmet().empty();
}

std::vector<Requirement const*> Assessment::unmet() const {
  std::vector<Requirement const*> found;
  for (auto& requirement : requirements) {
    if (requirement.standing == Standing::unmet) found.push_back(&requirement);
  }
  return found;
}

std::string Assessment::text() const {
  std::string text;
  for (auto& [need, subject, standing, reason, mend, path, lookup] : requirements) {
    auto mark = standing == Standing::met ? "✓" : standing == Standing::unmet ? "✗" : "!";
    text += fmt::format("{} {}: {} {}\n", mark, to_string(need), subject, reason);
  }
  return text;
}

Result<Assessment> assess(Network const& network, Method method, Visit const& visit) {
  auto requirements = [&]() -> Result<std::vector<Requirement>> {
    switch (method) {
      case Method::bastion: return bastion_requirements(network, visit);
      case Method::session_manager_endpoints: return endpoint_requirements(network, visit.instance);
      case Method::session_manager_nat: return nat_requirements(network, visit.instance);
      case Method::connect_endpoint: return tunnel_requirements(network, visit);
    }
    return Error{Errc::unsupported, "no such method"};
  };
  TRY(auto list, requirements());
  return Assessment{method, std::move(list)};
}

void Requirements::need(Need need, std::string subject, bool met, std::string reason, Mend mend) {
  auto standing = met ? Standing::met : Standing::unmet;
  list_.push_back({need, std::move(subject), standing, std::move(reason), met ? Mend() : std::move(mend)});
}

void Requirements::advise(Need need, std::string subject, std::string reason, Mend mend) {
  list_.push_back({need, std::move(subject), Standing::advice, std::move(reason), std::move(mend)});
}

Result<void> Requirements::need_way(Need what, std::string subject, End const& from, End const& to,
                                    Flow const& flow) {
  TRY(auto way, path(network_, from, to, flow));
  need_way(what, std::move(subject), std::move(way));
  return success();
}

void Requirements::need_way(Need what, std::string subject, Path way) {
  auto* block = way.blocked();
  need(what, std::move(subject), !block,
       block ? fmt::format("is cut off: {} {}", block->id, block->reason) : "is open",
       block ? block->mend : Mend());
  list_.back().path = std::move(way);
}

void Requirements::need_running(Instance const& instance) {
  auto& id = instance.id.text();
  bool can_start = instance.state == InstanceState::stopped;
  is_running_ = instance.state == InstanceState::running;
  need(Need::running, id, is_running_, fmt::format("is {}", to_string(instance.state)),
       can_start ? Mend{{aws_command({"ec2", "start-instances", "--instance-ids", id})}} : Mend());
}

bool Requirements::all_met() const {
  return std::ranges::count(list_, Standing::unmet, &Requirement::standing) == 0;
}

}  // namespace fumidai::network
