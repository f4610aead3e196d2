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

// The keys by which policies know the tags of a request (api-surface.md 4.3). An action whose request carries
// tags has a function tag_context(request), which the action's row finds.
using TagContext = std::map<std::string, std::vector<std::string>>;
inline TagContext context_of(std::vector<Tag> const& tags) {
  TagContext context;
  for (auto const& [key, value] : tags) {
    context["aws:RequestTag/" + key] = {value};
    context["aws:TagKeys"].push_back(key);
  }
  return context;
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
