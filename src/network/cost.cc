#include "network/cost.h"

#include <fmt/format.h>

#include <algorithm>

namespace fumidai::network {

namespace {

std::optional<Money> monthly_price(PriceTable const& prices, std::string_view what, std::int64_t count = 1) {
  auto* row = prices.find(what, PriceUnit::hour);
  return row ? std::optional(row->price * (count * kHoursOfMonth)) : std::nullopt;
}

std::int64_t zones_of(Network const& network, InterfaceEndpoint const& endpoint) {
  return static_cast<std::int64_t>(network.interfaces_of(endpoint.id).size());
}

class Bill {
 public:
  Bill(Method method, PriceTable const& prices) : cost_{method}, prices_(prices) {}

  void add(std::string_view what, std::string id, std::int64_t count = 1) {
    note(what, PriceUnit::hour);
    auto monthly = monthly_price(prices_, what, count);
    if (monthly) cost_.monthly += *monthly;
    cost_.lines.push_back({std::string(what), std::move(id), count, monthly});
  }
  void add_traffic(std::string_view what) {
    if (auto* row = note(what, PriceUnit::gigabyte)) cost_.per_gigabyte += row->price;
  }

  Cost take() { return std::move(cost_); }

 private:
  PriceRow const* note(std::string_view what, PriceUnit unit) {
    auto* row = prices_.find(what, unit);
    if (row && !row->source.empty()) return row;
    auto& list = row ? cost_.unverified : cost_.unpriced;
    auto name = fmt::format("{} by the {}", what, unit == PriceUnit::hour ? "hour" : "gigabyte");
    if (std::ranges::count(list, name) == 0) list.push_back(std::move(name));
    return row;
  }

  Cost cost_;
  PriceTable const& prices_;
};

void add_bastion(Bill& bill, Network const& network, std::optional<InstanceId> const& id) {
  auto* bastion = id ? network.instances.find(*id) : nullptr;
  auto* interface = bastion ? network.interfaces.find(bastion->interface) : nullptr;
  auto address = interface ? network.public_address(*interface) : std::nullopt;
  bill.add("instance/" + (bastion ? bastion->type : "t3.micro"), bastion ? bastion->id.text() : "");
  bill.add(kPublicAddressPrice, address ? address->text() : "");
  bill.add_traffic(kInternetPrice);
}

void add_endpoints(Bill& bill, Network const& network, VpcId const& vpc) {
  for (auto service : kSessionManagerServices) {
    auto* endpoint = network.endpoint_for(vpc, service);
    bool is_optional = service == kServiceOfOldAgents;
    if (endpoint) {
      bill.add(kInterfaceEndpointPrice, endpoint->id.text(), zones_of(network, *endpoint));
    } else if (!is_optional) {
      bill.add(kInterfaceEndpointPrice, "");
    }
  }
  bill.add_traffic(kInterfaceEndpointPrice);
}

bool costs(NatGateway const& gateway) {
  return gateway.state == NatState::available || gateway.state == NatState::pending;
}

void add_nat_gateways(Bill& bill, Network const& network, VpcId const& vpc) {
  bool found = false;
  for (auto& gateway : network.nat_gateways) {
    auto* subnet = network.subnets.find(gateway.subnet);
    if (!subnet || subnet->vpc != vpc || !gateway.is_public || !costs(gateway)) continue;
    found = true;
    bill.add(kNatGatewayPrice, gateway.id.text());
    auto* address = network.elastic_address_of(gateway.interface);
    bill.add(kPublicAddressPrice, address ? address->id.text() : "");
  }
  if (!found) {
    bill.add(kNatGatewayPrice, "");
    bill.add(kPublicAddressPrice, "");
  }
  bill.add_traffic(kNatGatewayPrice);
}

bool leads_to(RouteTable const* table, NatGatewayId const& gateway) {
  return table && std::ranges::count(table->routes, RouteTarget(gateway), &Route::target) > 0;
}

// Why the gateway serves nobody; empty for one that does.
std::string idleness_of(Network const& network, NatGatewayId const& gateway) {
  bool has_route = std::ranges::any_of(
      network.subnets, [&](auto& subnet) { return leads_to(network.table_of(subnet), gateway); });
  if (!has_route) return "no subnet's route leads to it";
  for (auto& instance : network.instances) {
    auto at = network.locate(instance.interface);
    if (instance.state == InstanceState::running && at && leads_to(at->table, gateway)) return "";
  }
  return "no running instance is in a subnet whose route leads to it";
}

// Agents look for their services by the public names; other clients may be told an endpoint's own.
bool is_reached(Network const& network, InterfaceEndpoint const& endpoint) {
  bool by_name = std::ranges::any_of(
      kSessionManagerServices, [&](auto service) { return endpoint.service == network.full_name(service); });
  if (by_name && !network.takes_the_name(endpoint)) return false;
  for (auto* instance : network.instances_in(endpoint.vpc)) {
    for (auto* interface : network.interfaces_of(endpoint.id)) {
      auto way = path(network, instance->interface, interface->id, {Protocol::tcp, 443});
      if (way && way->arrives()) return true;
    }
  }
  return false;
}

}  // namespace

Cost cost(Network const& network, VpcId const& vpc, Method method, PriceTable const& prices,
          std::optional<InstanceId> const& bastion) {
  Bill bill(method, prices);
  switch (method) {
    case Method::bastion: add_bastion(bill, network, bastion); break;
    case Method::session_manager_endpoints: add_endpoints(bill, network, vpc); break;
    case Method::session_manager_nat: add_nat_gateways(bill, network, vpc); break;
    case Method::connect_endpoint: break;  // AWS asks nothing for it
  }
  return bill.take();
}

std::vector<IdlePart> idle_parts(Network const& network, PriceTable const& prices) {
  std::vector<IdlePart> idle;
  for (auto& gateway : network.nat_gateways) {
    auto reason = costs(gateway) ? idleness_of(network, gateway.id) : "";
    if (reason.empty()) continue;
    auto* subnet = network.subnets.find(gateway.subnet);
    idle.push_back({gateway.id.text(),
                    subnet ? subnet->vpc : VpcId(),
                    std::move(reason),
                    monthly_price(prices, kNatGatewayPrice),
                    {{aws_command({"ec2", "delete-nat-gateway", "--nat-gateway-id", gateway.id.text()})}}});
  }
  for (auto& endpoint : network.endpoints) {
    if (endpoint.state != EndpointState::available || is_reached(network, endpoint)) continue;
    idle.push_back(
        {endpoint.id.text(),
         endpoint.vpc,
         "no running instance reaches it for " + endpoint.service,
         monthly_price(prices, kInterfaceEndpointPrice, zones_of(network, endpoint)),
         {{aws_command({"ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint.id.text()})}}});
  }
  for (auto& address : network.elastic_addresses) {
    if (address.interface) continue;
    idle.push_back({address.id.text(),
                    {},
                    address.address.text() + " belongs to no interface",
                    monthly_price(prices, kPublicAddressPrice),
                    {{aws_command({"ec2", "release-address", "--allocation-id", address.id.text()})}}});
  }
  return idle;
}

}  // namespace fumidai::network
