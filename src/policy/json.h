#pragma once

// JSON read the way a reviewer reads it: no name twice in one object (Boost.JSON alone would keep the last
// and show nothing), bounded depth, nothing after the value.

#include <boost/json/value.hpp>
#include <string_view>

#include "base/result.h"

namespace fumidai::policy {

// Fails with Errc::malformed for text that is not JSON, with Errc::invalid for a name that appears twice.
Result<boost::json::value> parse_strict_json(std::string_view text, std::size_t max_depth);

}  // namespace fumidai::policy
