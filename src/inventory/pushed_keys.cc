#include "inventory/pushed_keys.h"

namespace fumidai::inventory {

namespace {

#define FUMIDAI_PUSHED_KEY_COLUMNS "instance, os_user, key, caller, request_id, expires_at"

std::vector<PushedKey> read_keys(std::vector<store::Row> const& rows) {
  std::vector<PushedKey> keys;
  for (auto const& row : rows)
    keys.push_back(
        {InstanceId(row.text(0)), row.text(1), row.text(2), row.text(3), row.text(4), row.time(5)});
  return keys;
}

}  // namespace

Result<void> push_key(store::Transaction& transaction, PushedKey key, Time now) {
  CHECK(transaction.run("delete from pushed_keys where expires_at <= $1", now));
  TRY(auto others, transaction.first("select count(*) from pushed_keys where instance = $1"
                                     " and not (os_user = $2 and key = $3)",
                                     key.instance, key.user, key.key));
  if (others->integer(0) >= kMostPushedKeys) {
    return Error{Errc::limit_exceeded,
                 "Instance " + key.instance.text() + " has " + std::to_string(kMostPushedKeys) +
                     " pushed keys that have not expired yet. Try again in a minute.",
                 "ThrottlingException"};
  }
  CHECK(transaction.run("insert into pushed_keys (" FUMIDAI_PUSHED_KEY_COLUMNS
                        ") values ($1, $2, $3, $4, $5, $6) on conflict (instance, os_user, key) do update"
                        " set caller = excluded.caller, request_id = excluded.request_id,"
                        " expires_at = excluded.expires_at",
                        key.instance, key.user, key.key, key.caller, key.request_id, now + kPushedKeyLife));
  return success();
}

Result<std::vector<PushedKey>> live_keys(store::Transaction& transaction, InstanceId const& instance,
                                         std::string const& user, Time now) {
  TRY(auto rows, transaction.query("select " FUMIDAI_PUSHED_KEY_COLUMNS " from pushed_keys"
                                   " where instance = $1 and os_user = $2 and expires_at > $3"
                                   " order by expires_at, key",
                                   instance, user, now));
  return read_keys(rows);
}

Result<std::vector<PushedKey>> live_keys(store::Transaction& transaction, InstanceId const& instance,
                                         Time now) {
  TRY(auto rows,
      transaction.query("select " FUMIDAI_PUSHED_KEY_COLUMNS " from pushed_keys"
                        " where instance = $1 and expires_at > $2 order by os_user, expires_at, key",
                        instance, now));
  return read_keys(rows);
}

}  // namespace fumidai::inventory
