#include "identity/access_keys.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/seal.h"
#include "identity/entity.h"
#include "identity/users.h"

namespace fumidai::identity {

namespace {
constexpr std::int64_t kMostKeysOfAUser = 2;

Result<void> unless_unknown(std::int64_t changed, std::string const& id) {
  if (changed == 1) return success();
  return no_such_entity("The Access Key with id " + escaped(id, 128) + " cannot be found.");
}

}  // namespace

std::string random_access_key_id(std::string_view prefix) {
  return std::string(prefix) + random_text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

Secret random_secret_access_key() {
  return Secret(random_text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
}

Result<NewAccessKey> create_access_key(store::Transaction& transaction, Deployment const& deployment,
                                       std::string const& user_name, Time now) {
  TRY(auto user, find_user(transaction, user_name));
  TRY(auto count, transaction.first("select count(*) from access_keys where user_name = $1", user.name));
  if (count->integer(0) >= kMostKeysOfAUser) {
    return Error{Errc::limit_exceeded, "Cannot exceed quota for AccessKeysPerUser: 2", "LimitExceeded"};
  }
  NewAccessKey key{random_access_key_id("AKIA"), user.name, random_secret_access_key(), now};
  auto sealed =
      to_base64(as_bytes(seal(deployment.wrapping_key(), key.secret.reveal(), "access key " + key.id)));
  CHECK(
      transaction.run("insert into access_keys (id, user_name, status, sealed_secret, created_at) values "
                      "($1, $2, 'Active', $3, $4)",
                      key.id, key.user_name, sealed, key.created_at));
  return key;
}

Result<std::optional<AccessKey>> find_access_key(store::Transaction& transaction,
                                                 Deployment const& deployment, std::string const& id) {
  TRY(auto row,
      transaction.first(
          "select user_name, sealed_secret from access_keys where id = $1 and status = 'Active'", id));
  if (!row) return std::optional<AccessKey>();
  TRY(auto sealed, from_base64(row->text(1)));
  TRY(auto secret, open_sealed(deployment.wrapping_key(), as_text(sealed), "access key " + id));
  return std::optional(AccessKey{row->text(0), std::move(secret)});
}

Result<std::vector<AccessKeyInfo>> list_access_keys(store::Transaction& transaction,
                                                    std::string const& user_name) {
  TRY(auto user, find_user(transaction, user_name));
  TRY(auto rows,
      transaction.query("select id, status, created_at from access_keys where user_name = $1", user.name));
  std::vector<AccessKeyInfo> keys;
  for (auto const& row : rows) keys.push_back({row.text(0), row.text(1), row.time(2)});
  return keys;
}

Result<void> set_access_key_status(store::Transaction& transaction, std::string const& user_name,
                                   std::string const& id, std::string const& status) {
  TRY(auto user, find_user(transaction, user_name));
  TRY(auto changed, transaction.run("update access_keys set status = $3 where id = $1 and user_name = $2", id,
                                    user.name, status));
  return unless_unknown(changed, id);
}

Result<void> delete_access_key(store::Transaction& transaction, std::string const& user_name,
                               std::string const& id) {
  TRY(auto user, find_user(transaction, user_name));
  TRY(auto deleted,
      transaction.run("delete from access_keys where id = $1 and user_name = $2", id, user.name));
  return unless_unknown(deleted, id);
}

}  // namespace fumidai::identity
