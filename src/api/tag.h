#pragma once

// A tag as requests and answers write it.

#include "inventory/tags.h"
#include "sessions/gate.h"
#include "wire/shape.h"

namespace fumidai::api {

struct Tag {
  std::string key, value;
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required}, {"value", 0, 256}};
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

// What policies know of the tags that a request brings: aws:RequestTag/KEY and aws:TagKeys
// (api-surface.md 4.3).
inline void tell_tags(std::vector<Tag> const& tags, sessions::Ask& ask) {
  for (auto const& [key, value] : tags) {
    ask.context["aws:RequestTag/" + key] = {value};
    ask.context["aws:TagKeys"].push_back(key);
  }
}

inline inventory::Tags to_map(std::vector<Tag> const& tags) {
  inventory::Tags map;
  for (auto const& tag : tags) map[tag.key] = tag.value;
  return map;
}

inline std::vector<Tag> to_list(inventory::Tags const& map) {
  std::vector<Tag> tags;
  for (auto const& [key, value] : map) tags.push_back({key, value});
  return tags;
}

}  // namespace fumidai::api
