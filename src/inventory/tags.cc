#include "inventory/tags.h"

#include "base/bytes.h"

namespace fumidai::inventory {

namespace {

constexpr std::size_t kMostTags = 50, kMostKey = 128, kMostValue = 256;

Result<void> check_tag(std::string const& key, std::string const& value) {
  auto refused = [](std::string detail) {
    return Error{Errc::invalid, std::move(detail), "ValidationException"};
  };
  if (key.empty() || key.size() > kMostKey) return refused("a tag key must have 1 to 128 characters");
  if (value.size() > kMostValue)
    return refused("the value of the tag '" + escaped(key, 64) + "' has more than 256 characters");
  if (to_lower(key).starts_with("aws:")) return refused("tag keys that begin with aws: are reserved");
  return success();
}

}  // namespace

Result<Tags> tags_of(store::Transaction& transaction, std::string_view resource_type,
                     std::string const& resource_id) {
  TRY(auto rows,
      transaction.query("select key, value from resource_tags where resource_type = $1 and resource_id = $2",
                        resource_type, resource_id));
  Tags tags;
  for (auto const& row : rows) tags[row.text(0)] = row.text(1);
  return tags;
}

Result<void> add_tags(store::Transaction& transaction, std::string_view resource_type,
                      std::string const& resource_id, Tags const& tags) {
  for (auto const& [key, value] : tags) {
    CHECK(check_tag(key, value));
    CHECK(transaction.run(
        "insert into resource_tags (resource_type, resource_id, key, value) values ($1, $2, $3, $4)"
        " on conflict (resource_type, resource_id, key) do update set value = excluded.value",
        resource_type, resource_id, key, value));
  }
  TRY(auto now, tags_of(transaction, resource_type, resource_id));
  if (now.size() > kMostTags)
    return Error{Errc::limit_exceeded, "a resource can have at most 50 tags", "TooManyTagsError"};
  return success();
}

Result<void> remove_tags(store::Transaction& transaction, std::string_view resource_type,
                         std::string const& resource_id, std::vector<std::string> const& keys) {
  for (auto const& key : keys) {
    CHECK(transaction.run(
        "delete from resource_tags where resource_type = $1 and resource_id = $2 and key = $3", resource_type,
        resource_id, key));
  }
  return success();
}

Result<void> remove_all_tags(store::Transaction& transaction, std::string_view resource_type,
                             std::string const& resource_id) {
  CHECK(transaction.run("delete from resource_tags where resource_type = $1 and resource_id = $2",
                        resource_type, resource_id));
  return success();
}

}  // namespace fumidai::inventory
