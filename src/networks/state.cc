#include "networks/state.h"

#include <algorithm>

namespace fumidai::networks {

Tags const& State::tags_of(std::string const& id) const {
  static Tags const none;
  auto* found = tagged.find(ResourceId(id));
  return found ? found->tags : none;
}

KeyPair const* State::key_pair_named(std::string const& name) const {
  auto found = std::ranges::find(key_pairs, name, &KeyPair::name);
  return found == key_pairs.end() ? nullptr : &*found;
}

// Launches of before they kept it: the pair that has the name now.
std::string State::public_key_of(network::Instance const& instance) const {
  auto const* launch = launches.find(instance.id);
  if (launch && !launch->public_key.empty()) return launch->public_key;
  auto const* pair = key_pair_named(instance.key_name);
  return pair ? pair->public_key : "";
}

}  // namespace fumidai::networks
