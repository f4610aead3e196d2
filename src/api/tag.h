#pragma once

// A tag as requests and answers write it.

#include "inventory/tags.h"
#include "wire/shape.h"

namespace fumidai::api {

struct Tag {
  std::string key, value;
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required}, {"value", 0, 256}};
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

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
