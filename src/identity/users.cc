#include "identity/users.h"

#include "base/bytes.h"
#include "identity/entity.h"
#include "identity/principal_policies.h"

namespace fumidai::identity {

namespace {

User read_user(store::Row const& row) {
  return {row.text(0), row.text(1), row.text(2), row.time(3)};
}

}  // namespace

Result<User> create_user(store::Transaction& transaction, std::string const& name, std::string const& path,
                         Time now) {
  CHECK(check_name(name, "userName"));
  CHECK(check_path(path));
  User user{name, unique_id("AIDA"), path, now};
  auto inserted = transaction.run("insert into users (name, id, path, created_at) values ($1, $2, $3, $4)",
                                  user.name, user.id, user.path, user.created_at);
  if (!inserted) return unless_exists(inserted.error(), "User with name " + name + " already exists.");
  return user;
}

Result<User> find_user(store::Transaction& transaction, std::string const& name) {
  TRY(auto row, transaction.first("select name, id, path, created_at from users where name = $1", name));
  if (!row) return no_such_entity("The user with name " + escaped(name, 128) + " cannot be found.");
  return read_user(*row);
}

Result<std::vector<User>> list_users(store::Transaction& transaction, std::string const& path_prefix) {
  TRY(auto rows, transaction.query("select name, id, path, created_at from users"));
  std::vector<User> users;
  for (auto const& row : rows) {
    if (row.text(2).starts_with(path_prefix)) users.push_back(read_user(row));
  }
  return users;
}

Result<void> delete_user(store::Transaction& transaction, std::string const& name) {
  TRY(auto user, find_user(transaction, name));
  TRY(auto key, transaction.first("select id from access_keys where user_name = $1", user.name));
  if (key) return delete_conflict("delete access keys");
  CHECK(check_bare(transaction, user_key(user.name)));
  CHECK(transaction.run("delete from users where name = $1", user.name));
  return success();
}

}  // namespace fumidai::identity
