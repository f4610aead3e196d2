#include "wire/query_shape.h"

namespace fumidai::wire {

namespace {

constexpr std::size_t kMostFields = 4096, kMostLevels = 16;

Error malformed(std::string detail) {
  return {Errc::malformed, std::move(detail), "MalformedQueryString"};
}

}  // namespace

Result<json::value> query_tree(std::vector<QueryPair> const& pairs) {
  if (pairs.size() > kMostFields)
    return Error{Errc::too_large, "more than 4096 fields", "MalformedQueryString"};
  json::object root;
  for (auto const& pair : pairs) {
    // What is read here is stored, and told again as JSON and XML, which have no other text.
    if (!is_utf8(pair.name) || !is_utf8(pair.value))
      return malformed("the field '" + escaped(pair.name, 64) + "' is not UTF-8");
    auto names = split(pair.name, '.');
    if (names.size() > kMostLevels)
      return Error{Errc::too_large, "a field nested more than 16 levels", "MalformedQueryString"};
    auto* level = &root;
    for (std::size_t i = 0; i + 1 < names.size(); i++) {
      auto& next = (*level)[json::string_view(names[i].data(), names[i].size())];
      if (next.is_null()) next.emplace_object();
      if (!next.is_object())
        return malformed("the field '" + escaped(pair.name, 64) + "' is both a value and a structure");
      level = &next.get_object();
    }
    auto& leaf = (*level)[json::string_view(names.back().data(), names.back().size())];
    if (!leaf.is_null()) return malformed("the field '" + escaped(pair.name, 64) + "' appears twice");
    leaf = pair.value;
  }
  return json::value(std::move(root));
}

}  // namespace fumidai::wire
