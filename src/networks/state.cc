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

}  // namespace fumidai::networks
