#pragma once

// How long it took here to connect by each method: the last time that somebody measured.

#include <map>
#include <string>

#include "base/clock.h"
#include "store/transaction.h"

namespace fumidai::sessions {

using Measurements = std::map<std::string, std::int64_t>;  // milliseconds by method

Result<Measurements> measurements(store::Transaction& transaction);
Result<void> record_measurement(store::Transaction& transaction, std::string const& method,
                                std::int64_t milliseconds, Time now);

}  // namespace fumidai::sessions
