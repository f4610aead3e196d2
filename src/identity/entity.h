#pragma once

// What users, roles, policies and instance profiles have in common: names, paths, ids, and how their errors
// are worded.

#include <string>
#include <string_view>

#include "base/result.h"

namespace fumidai::identity {

// Letters, digits and +=,.@_- . `member` is what the request calls it ("userName"). Error: invalid with
// ValidationError.
Result<void> check_name(std::string_view name, std::string_view member, std::size_t most = 64);
// "/", or segments between slashes ("/ops/eu/"). Error: invalid with ValidationError.
Result<void> check_path(std::string_view path);

// AIDA, AROA, … and 17 characters of A-Z and 0-9.
std::string unique_id(std::string_view prefix);

Error no_such_entity(std::string sentence);
// A conflict with a row that is there becomes EntityAlreadyExists; another error stays what it is.
Error unless_exists(Error error, std::string sentence);
// "Cannot delete entity, must …": what has to be done before.
Error delete_conflict(std::string_view first);

}  // namespace fumidai::identity
