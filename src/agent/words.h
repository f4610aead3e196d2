#pragma once

// Text of session documents: parameters put in, and command lines taken apart.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace fumidai::agent {

// Replaces each {{ name }} by its parameter, or by the default that the document declares. Error: invalid,
// for a parameter that has neither.
Result<std::string> substitute(std::string const& text, boost::json::object const& parameters,
                               boost::json::object const& declared);

// Splits as a shell would split plain words: blanks, quotes, backslashes; no expansion of anything.
// Error: malformed, for a quote that does not end.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace fumidai::agent
