#include "network/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "network/requirements.h"

namespace fumidai::network {

namespace {

// Instances that have a public address: what a bastion is, whether it is called so or not.
std::vector<Instance const*> bastions(Network const& network, std::vector<Instance const*> const& instances) {
  std::vector<Instance const*> found;
  for (auto* instance : instances) {
    auto* interface = network.interfaces.find(instance->interface);
    if (interface && network.public_address(*interface)) found.push_back(instance);
  }
  return found;
}

std::string text_of(SecurityRule const& rule, SecurityGroup const& group, std::string const& owner) {
  bool has_ports = rule.protocol == Protocol::tcp || rule.protocol == Protocol::udp;
  auto ports = !has_ports ? std::string()
               : rule.ports.first == rule.ports.last
                   ? fmt::format(" {}", rule.ports.first)
                   : fmt::format(" {}-{}", rule.ports.first, rule.ports.last);
  auto protocol = rule.protocol == Protocol::all ? std::string("all") : to_string(rule.protocol);
  auto* block = std::get_if<Cidr>(&rule.peer);
  auto peer = block ? block->text() : std::get<SecurityGroupId>(rule.peer).text();
  return fmt::format("{}{} from {} to {} ({})", protocol, ports, peer, owner, group.id.text());
}

bool is_any(SecurityRule const&) {
  return true;
}

// A person comes from outside, where nobody has a group.
bool lets_person_in(SecurityRule const& rule) {
  auto* block = std::get_if<Cidr>(&rule.peer);
  return block && allows(rule, Direction::ingress, kSsh, {block->base});
}

// What is open to connections that begin elsewhere, of the rules that are wanted.
std::vector<std::string> inbound_of(Network const& network, InterfaceId const& id, std::string const& owner,
                                    std::function<bool(SecurityRule const&)> const& is_wanted) {
  std::vector<std::string> rules;
  auto* interface = network.interfaces.find(id);
  if (!interface) return rules;
  for (auto& group_id : interface->groups) {
    auto* group = network.security_groups.find(group_id);
    if (!group) continue;
    for (auto& rule : group->rules) {
      if (rule.direction == Direction::ingress && is_wanted(rule))
        rules.push_back(text_of(rule, *group, owner));
    }
  }
  return rules;
}

void append(std::vector<std::string>& list, std::vector<std::string> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

class Row {
 public:
  Row(Network const& network, VpcId const& vpc, Method method, Address const& from)
      : network_(network), vpc_(vpc), from_(from), row_{method} {}

  Result<MethodRow> make(PriceTable const& prices) {
    auto all = network_.instances_in(vpc_);
    std::erase_if(all, [](auto* instance) { return instance->state != InstanceState::running; });
    bastions_ = bastions(network_, all);
    for (auto* instance : all) {
      bool is_bastion = std::ranges::count(bastions_, instance) > 0;
      if (!is_bastion || row_.method != Method::bastion) CHECK(judge(*instance));
    }
    row_.agent = is_session_manager(row_.method);
    describe(all);
    auto bastion = bastions_.empty() ? std::nullopt : std::optional(bastions_.front()->id);
    row_.cost = cost(network_, vpc_, row_.method, prices, bastion);
    row_.own = own_terms(row_.method);
    return std::move(row_);
  }

 private:
  Result<void> judge(Instance const& instance) {
    TRY(auto assessment, assess(network_, row_.method, {instance.id, from_}));
    row_.instances++;
    if (!instance.key_name.empty()) keys_.insert(instance.key_name);
    if (row_.method == Method::bastion) {
      append(row_.inbound, inbound_of(network_, instance.interface, instance.id.text(),
                                      [&](auto& rule) { return lets_bastion_in(rule); }));
    }
    if (assessment.works()) {
      row_.reachable++;
    } else if (row_.obstacle.empty()) {
      auto* first = assessment.unmet().front();
      row_.obstacle = fmt::format("{}: {} {} {}", instance.id.text(), to_string(first->need), first->subject,
                                  first->reason);
    }
    return success();
  }

  bool lets_bastion_in(SecurityRule const& rule) const {
    return std::ranges::any_of(bastions_, [&](auto* bastion) {
      auto* interface = network_.interfaces.find(bastion->interface);
      return allows(rule, Direction::ingress, kSsh, {interface->private_address, interface->groups});
    });
  }

  void describe(std::vector<Instance const*> const& all) {
    switch (row_.method) {
      case Method::bastion: return describe_bastion();
      case Method::session_manager_endpoints: return describe_endpoints();
      case Method::session_manager_nat: return describe_nat();
      case Method::connect_endpoint: return describe_connect_endpoints(all);
    }
  }

  void describe_bastion() {
    for (auto* bastion : bastions_) {
      if (!bastion->key_name.empty()) keys_.insert(bastion->key_name);
      append(row_.inbound, inbound_of(network_, bastion->interface, bastion->id.text(), lets_person_in));
      auto address = network_.public_address(*network_.interfaces.find(bastion->interface));
      row_.exposure +=
          fmt::format("{}{} on the internet", row_.exposure.empty() ? "" : ", ", address->text());
    }
    row_.keys = fmt::format("{} key pair{}", keys_.size(), keys_.size() == 1 ? "" : "s");
    row_.redundancy = count_of(bastions_.size(), "bastion");
  }

  void describe_endpoints() {
    row_.keys = "none";
    row_.exposure = "nothing on the internet";
    std::vector<std::size_t> counts;
    for (auto service : kRequiredServices) counts.push_back(count_zones(service));
    row_.redundancy = count_of(*std::ranges::min_element(counts), "zone");  // all are needed
  }

  // In how many the service has an endpoint; notes what those let in.
  std::size_t count_zones(std::string_view service) {
    std::set<std::string> zones;
    auto* endpoint = network_.endpoint_for(vpc_, service);
    if (!endpoint || endpoint->state != EndpointState::available) return 0;
    for (auto* interface : network_.interfaces_of(endpoint->id)) {
      append(row_.inbound, inbound_of(network_, interface->id, endpoint->id.text(), is_any));
      if (auto* subnet = network_.subnets.find(interface->subnet)) zones.insert(subnet->zone);
    }
    return zones.size();
  }

  void describe_nat() {
    row_.keys = "none";
    row_.exposure = "outbound only, by the gateway's public address";
    std::size_t gateways = 0;
    for (auto& gateway : network_.nat_gateways) {
      auto* subnet = network_.subnets.find(gateway.subnet);
      if (subnet && subnet->vpc == vpc_ && gateway.state == NatState::available) gateways++;
    }
    row_.redundancy = count_of(gateways, "NAT gateway");
  }

  void describe_connect_endpoints(std::vector<Instance const*> const& all) {
    row_.keys = "one for 60 seconds, pushed each time";
    row_.exposure = "nothing on the internet";
    std::set<std::string> rules;
    std::size_t endpoints = 0;
    for (auto& endpoint : network_.connect_endpoints) {
      auto interfaces = network_.interfaces_of(endpoint.id);
      if (endpoint.vpc != vpc_ || !is_usable(endpoint.state) || interfaces.empty()) continue;
      endpoints++;
      Peer peer{endpoint.preserve_client_ip ? from_ : interfaces.front()->private_address,
                interfaces.front()->groups};
      for (auto* instance : all) add_rule_for(*instance, peer, rules);
    }
    row_.inbound.assign(rules.begin(), rules.end());
    row_.redundancy = count_of(endpoints, "endpoint") + " (AWS allows 1 a VPC, Fumidai any number)";
  }

  // The one that lets a tunnel in.
  void add_rule_for(Instance const& instance, Peer const& peer, std::set<std::string>& rules) const {
    auto* interface = network_.interfaces.find(instance.interface);
    if (!interface) return;
    auto allowance = network_.allowance(interface->groups, Direction::ingress, kSsh, peer);
    if (allowance) rules.insert(text_of(*allowance->rule, *allowance->group, instance.id.text()));
  }

  static std::string count_of(std::size_t count, std::string_view what) {
    if (count == 0) return fmt::format("no {}", what);
    if (count == 1) return fmt::format("none: 1 {}", what);
    return fmt::format("{} {}s", count, what);
  }

  Network const& network_;
  VpcId const& vpc_;
  Address const& from_;
  MethodRow row_;
  std::vector<Instance const*> bastions_;
  std::set<std::string> keys_;
};

}  // namespace

// What this version does; there is no bastion in the plane itself.
OwnTerms own_terms(Method method) {
  switch (method) {
    case Method::bastion:
      return {"a key pair for the bastion and one for the instance, as on AWS",
              "a host or a lab's instance as bastion: sshd, open to who comes"};
    case Method::session_manager_endpoints:
      return {"none",
              "the agent, and a way from it to the plane's port; no endpoint: the plane is the service"};
    case Method::session_manager_nat:
      return {"none", "the agent, and any way out to the plane's port; no NAT gateway of its own"};
    case Method::connect_endpoint:
      return {"one for 60 seconds, pushed each time",
              "a host of the network with fumidai-agent as endpoint, or a lab's; sshd, open to it"};
  }
  return {};
}

Result<Comparison> compare(Network const& network, VpcId const& vpc, PriceTable const& prices,
                           Address const& from) {
  if (!network.vpcs.find(vpc)) return Error{Errc::not_found, "the network has no VPC '" + vpc.text() + "'"};
  Comparison comparison{vpc};
  for (auto method : kMethods) {
    TRY(auto row, Row(network, vpc, method, from).make(prices));
    comparison.methods.push_back(std::move(row));
  }
  comparison.idle = idle_parts(network, prices);
  std::erase_if(comparison.idle, [&](auto& part) { return part.vpc != vpc; });
  return comparison;
}

}  // namespace fumidai::network
