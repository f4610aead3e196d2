#pragma once

// Where a list goes on. Opaque to callers, and good only for the same caller, action and filters.

#include <optional>
#include <string>

#include "api/action.h"

namespace fumidai::api {

std::string make_page_token(Call const& call, std::string_view query, std::string_view position);

// The position; error: invalid with InvalidNextToken.
Result<std::string> open_page_token(Call const& call, std::string_view query, std::string const& token);

}  // namespace fumidai::api
