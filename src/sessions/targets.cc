#include "sessions/targets.h"

#include <algorithm>

namespace fumidai::sessions {

bool is_of_vpc(InstanceId const& id) {
  return id.text().starts_with("i-");
}

Result<inventory::Tags> tags_of_target(store::Transaction& transaction, networks::Keeper& networks,
                                       InstanceId const& id) {
  if (!is_of_vpc(id)) return inventory::tags_of(transaction, inventory::kManagedInstance, id.text());
  TRY(auto state, networks.read(transaction));
  return state->tags_of(id.text());
}

Result<std::vector<inventory::Instance>> match_targets(store::Transaction& transaction,
                                                       networks::Keeper& networks, std::string const& text) {
  TRY(auto found, inventory::match_instances(transaction, text));
  auto equals = text.find('=');
  auto key = equals == text.npos ? std::string("Name") : text.substr(0, equals);
  auto value = equals == text.npos ? text : text.substr(equals + 1);
  TRY(auto state, networks.read(transaction));
  for (auto const& instance : state->network.instances) {
    auto const& tags = state->tags_of(instance.id.text());
    auto tag = tags.find(key);
    bool is_gone = instance.state == network::InstanceState::terminated;
    if (is_gone || tag == tags.end() || tag->second != value) continue;
    auto registered = inventory::find_instance(transaction, instance.id);
    if (!registered && registered.error().code != Errc::not_found) return registered.error();
    inventory::Instance unknown;
    unknown.id = instance.id;
    found.push_back(registered ? *std::move(registered) : std::move(unknown));
  }
  return found;
}

}  // namespace fumidai::sessions
