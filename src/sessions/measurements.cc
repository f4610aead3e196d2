#include "sessions/measurements.h"

namespace fumidai::sessions {

Result<Measurements> measurements(store::Transaction& transaction) {
  TRY(auto rows, transaction.query("select method, milliseconds from measurements"));
  Measurements found;
  for (auto const& row : rows) found[row.text(0)] = row.integer(1);
  return found;
}

Result<void> record_measurement(store::Transaction& transaction, std::string const& method,
                                std::int64_t milliseconds, Time now) {
  CHECK(transaction.run(
      "insert into measurements (method, milliseconds, measured_at) values ($1, $2, $3)"
      " on conflict (method) do update set milliseconds = excluded.milliseconds, measured_at = "
      "excluded.measured_at",
      method, milliseconds, now));
  return success();
}

}  // namespace fumidai::sessions
