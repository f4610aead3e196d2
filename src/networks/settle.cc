#include "networks/settle.h"

#include <algorithm>

#include "networks/interfaces.h"
#include "networks/nat_gateways.h"
#include "networks/resource.h"

namespace fumidai::networks {

namespace {

using network::ConnectEndpoint;
using network::ConnectEndpointState;
using network::EndpointState;
using network::InterfaceEndpoint;
using network::NatGateway;
using network::NatState;

// When a part moves on; nothing for what stays as it is.

std::optional<Time> due(State const&, NatGateway const& gateway) {
  switch (gateway.state) {
    case NatState::pending: return gateway.created_at + kInBetween;
    case NatState::deleting: return gateway.deleted_at + kInBetween;
    case NatState::failed:
    case NatState::deleted: return gateway.deleted_at + kShown;
    case NatState::available: break;
  }
  return {};
}

std::optional<Time> due(State const&, InterfaceEndpoint const& endpoint) {
  switch (endpoint.state) {
    case EndpointState::pending: return endpoint.created_at + kInBetween;
    case EndpointState::deleting: return endpoint.deleted_at + kInBetween;
    case EndpointState::deleted: return endpoint.deleted_at + kShown;
    default: return {};
  }
}

std::optional<Time> due(State const&, ConnectEndpoint const& endpoint) {
  switch (endpoint.state) {
    case ConnectEndpointState::create_in_progress:
    case ConnectEndpointState::update_in_progress:
    case ConnectEndpointState::delete_in_progress: return endpoint.state_since + kInBetween;
    case ConnectEndpointState::delete_complete: return endpoint.state_since + kShown;
    default: return {};
  }
}

std::optional<Time> due(State const& state, network::Instance const& instance) {
  if (instance.state != network::InstanceState::terminated) return {};
  auto* launch = state.launches.find(instance.id);
  return launch ? launch->state_since + kShown : Time{};
}

std::optional<Time> due(State const&, ClientToken const& token) {
  return token.at + kTokenLife;
}

// Of a part that is only still shown.

bool has_ended(NatGateway const& gateway) {
  return gateway.state == NatState::failed || gateway.state == NatState::deleted;
}

bool has_ended(InterfaceEndpoint const& endpoint) {
  return endpoint.state == EndpointState::deleted;
}

bool has_ended(ConnectEndpoint const& endpoint) {
  return endpoint.state == ConnectEndpointState::delete_complete;
}

bool has_ended(network::Instance const& instance) {
  return instance.state == network::InstanceState::terminated;
}

bool has_ended(ClientToken const&) {
  return false;
}

// And what becomes of it.

void move_on(State& state, NatGateway gateway, Time now) {
  switch (gateway.state) {
    case NatState::pending:
      gateway.state = gateway.failure.empty() ? NatState::available : NatState::failed;
      break;
    case NatState::deleting: gateway.state = NatState::deleted; break;
    default: state.network.nat_gateways.erase(gateway.id); return drop_tags(state, gateway.id.text());
  }
  if (gateway.state == NatState::failed) gateway.deleted_at = now;
  if (gateway.state != NatState::available) {
    gateway.given_back = address_of(state, gateway);
    drop_interfaces_of(state, gateway.id);
  }
  state.network.nat_gateways.put(std::move(gateway));
}

void move_on(State& state, InterfaceEndpoint endpoint, Time) {
  switch (endpoint.state) {
    case EndpointState::pending: endpoint.state = EndpointState::available; break;
    case EndpointState::deleting:
      endpoint.state = EndpointState::deleted;
      drop_interfaces_of(state, endpoint.id);
      break;
    default: state.network.endpoints.erase(endpoint.id); return drop_tags(state, endpoint.id.text());
  }
  state.network.endpoints.put(std::move(endpoint));
}

void move_on(State& state, ConnectEndpoint endpoint, Time now) {
  using enum ConnectEndpointState;
  switch (endpoint.state) {
    case create_in_progress: endpoint.state = create_complete; break;
    case update_in_progress: endpoint.state = update_complete; break;
    case delete_in_progress:
      endpoint.state = delete_complete;
      drop_interfaces_of(state, endpoint.id);
      break;
    default: state.network.connect_endpoints.erase(endpoint.id); return drop_tags(state, endpoint.id.text());
  }
  endpoint.state_since = now;
  state.network.connect_endpoints.put(std::move(endpoint));
}

void move_on(State& state, network::Instance const& instance, Time) {
  auto id = instance.id;
  drop_interfaces_of(state, id);
  drop_tags(state, id.text());
  state.launches.erase(id);
  state.network.instances.erase(id);
}

void move_on(State& state, ClientToken const& token, Time) {
  state.client_tokens.erase(ClientTokenId(token.id));
}

// Of those that have ended, the oldest beyond kMostShown.
template <class Value>
std::vector<Value> too_many(State const& state, Table<Value> const& table) {
  std::vector<Value> ended;
  for (auto const& value : table) {
    if (has_ended(value)) ended.push_back(value);
  }
  std::ranges::sort(ended, {}, [&](auto const& value) { return due(state, value); });
  ended.erase(ended.end() - static_cast<std::ptrdiff_t>(std::min(ended.size(), kMostShown)), ended.end());
  return ended;
}

template <class Value>
void settle_table(State& state, Table<Value> const& table, Time now, bool& changed) {
  std::vector<Value> all_due;
  for (auto const& value : table) {
    auto when = due(state, value);
    if (when && *when <= now) all_due.push_back(value);
  }
  for (auto const& value : all_due) move_on(state, value, now);
  auto forgotten = too_many(state, table);
  for (auto const& value : forgotten) move_on(state, value, now);
  changed = changed || !all_due.empty() || !forgotten.empty();
}

template <class Value>
void find_next(State const& state, Table<Value> const& table, std::optional<Time>& next) {
  for (auto const& value : table) {
    auto when = due(state, value);
    if (when && (!next || *when < *next)) next = when;
  }
  if (!too_many(state, table).empty()) next = Time{};
}

}  // namespace

std::optional<Time> next_settling(State const& state) {
  std::optional<Time> next;
  find_next(state, state.network.nat_gateways, next);
  find_next(state, state.network.endpoints, next);
  find_next(state, state.network.connect_endpoints, next);
  find_next(state, state.network.instances, next);
  find_next(state, state.client_tokens, next);
  return next;
}

bool settle(State& state, Time now) {
  bool changed = false;
  settle_table(state, state.network.nat_gateways, now, changed);
  settle_table(state, state.network.endpoints, now, changed);
  settle_table(state, state.network.connect_endpoints, now, changed);
  settle_table(state, state.network.instances, now, changed);
  settle_table(state, state.client_tokens, now, changed);
  return changed;
}

}  // namespace fumidai::networks
