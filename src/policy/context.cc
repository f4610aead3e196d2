#include "policy/context.h"

#include <algorithm>
#include <functional>

#include "base/bytes.h"

namespace fumidai::policy {

Key::Key(std::string_view name)
    : name_(name), folded_(to_lower(name)), hash_(std::hash<std::string>()(folded_)) {}

void Context::set(std::string_view name, std::vector<std::string> values) {
  Key key(name);
  std::erase_if(entries_, [&](Entry const& entry) { return entry.key == key; });
  if (!values.empty()) entries_.push_back({std::move(key), std::move(values)});
  hashes_.clear();
  for (auto& entry : entries_) hashes_.push_back(entry.key.hash());
}

void Context::set(std::string_view key, std::string value) {
  std::vector<std::string> values;
  values.push_back(std::move(value));
  set(key, std::move(values));
}

void Context::add(std::string_view name, std::string value) {
  Key key(name);
  auto at =
      std::find_if(entries_.begin(), entries_.end(), [&](Entry const& entry) { return entry.key == key; });
  if (at == entries_.end()) return set(name, std::move(value));
  at->values.push_back(std::move(value));
}

std::vector<std::string> const* Context::find(Key const& key) const {
  for (std::size_t i = 0; i < hashes_.size(); i++) {
    if (hashes_[i] == key.hash() && entries_[i].key == key) return &entries_[i].values;
  }
  return nullptr;
}

}  // namespace fumidai::policy
