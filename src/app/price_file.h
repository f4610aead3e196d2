#pragma once

// The prices that `fumidai compare` counts with: a file of the data directory, made at the first start, that
// whoever runs the plane edits.

#include "io/file.h"
#include "network/price.h"

namespace fumidai::app {

// Writes the file where there is none. Errors: malformed, with the line and what was wrong with it.
Result<network::PriceTable> load_prices(io::Path const& file);

Result<network::PriceTable> parse_prices(std::string const& text);

}  // namespace fumidai::app
