#include "identity/entity.h"

#include <algorithm>

#include "base/random.h"

namespace fumidai::identity {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+=,.@_-").find(c) != std::string_view::npos;
}

}  // namespace

Result<void> check_name(std::string_view name, std::string_view member, std::size_t most) {
  bool fits =
      !name.empty() && name.size() <= most && std::all_of(name.begin(), name.end(), is_name_character);
  if (fits) return success();
  return Error{Errc::invalid,
               "The specified value for " + std::string(member) +
                   " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- "
                   "and have at most " +
                   std::to_string(most) + " characters",
               "ValidationError"};
}

Result<void> check_path(std::string_view path) {
  bool fits = path.size() <= 512 && path.starts_with('/') && path.ends_with('/') &&
              path.find("//") == path.npos &&
              std::all_of(path.begin(), path.end(), [](char c) { return c == '/' || is_name_character(c); });
  if (fits) return success();
  return Error{Errc::invalid,
               "The specified value for path is invalid. It must begin and end with / and contain only "
               "alphanumeric characters and/or /+=,.@_-",
               "ValidationError"};
}

std::string unique_id(std::string_view prefix) {
  return std::string(prefix) + random_text(17, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

Error no_such_entity(std::string sentence) {
  return {Errc::not_found, std::move(sentence), "NoSuchEntity"};
}

Error unless_exists(Error error, std::string sentence) {
  if (error.code != Errc::conflict) return error;
  return {Errc::conflict, std::move(sentence), "EntityAlreadyExists"};
}

Error delete_conflict(std::string_view first) {
  return {Errc::conflict, "Cannot delete entity, must " + std::string(first) + " first.", "DeleteConflict"};
}

}  // namespace fumidai::identity
