#include "identity/roles.h"

#include "base/bytes.h"
#include "identity/entity.h"
#include "identity/principal_policies.h"

namespace fumidai::identity {

namespace {

Role read_role(store::Row const& row) {
  return {row.text(0), row.text(1),      row.text(2),
          row.text(3), row.text(4),      std::chrono::seconds(row.integer(5)),
          row.time(6), row.maybe_time(7)};
}

// With its role a host would lose what it is here, and could not even say so.
Result<void> check_no_hosts(store::Transaction& transaction, std::string const& name, Time now) {
  TRY(auto host, transaction.first("select id from instances where iam_role = $1", name));
  if (host)
    return delete_conflict("deregister the hosts that registered with this role, such as " + host->text(0) +
                           ",");
  TRY(auto activation, transaction.first("select id from activations where iam_role = $1 and expires_at > $2"
                                         " and registrations_count < registration_limit",
                                         name, now));
  if (activation)
    return delete_conflict("delete the activations with this role, such as " + activation->text(0) + ",");
  return success();
}

}  // namespace

Result<Role> create_role(store::Transaction& transaction, Role role, Time now) {
  CHECK(check_name(role.name, "roleName"));
  CHECK(check_path(role.path));
  role.id = unique_id("AROA");
  role.created_at = now;
  auto inserted = transaction.run(
      "insert into roles (name, id, path, trust_policy, description, longest_session_seconds, created_at)"
      " values ($1, $2, $3, $4, $5, $6, $7)",
      role.name, role.id, role.path, role.trust_policy, role.description,
      std::int64_t{role.longest_session.count()}, role.created_at);
  if (!inserted) return unless_exists(inserted.error(), "Role with name " + role.name + " already exists.");
  return role;
}

Result<Role> find_role(store::Transaction& transaction, std::string const& name) {
  TRY(auto row, transaction.first("select name, id, path, trust_policy, description, longest_session_seconds,"
                                  " created_at, last_used_at from roles where name = $1",
                                  name));
  if (!row) return no_such_entity("The role with name " + escaped(name, 128) + " cannot be found.");
  return read_role(*row);
}

Result<std::vector<Role>> list_roles(store::Transaction& transaction, std::string const& path_prefix) {
  TRY(auto rows, transaction.query("select name, id, path, trust_policy, description,"
                                   " longest_session_seconds, created_at, last_used_at from roles"));
  std::vector<Role> roles;
  for (auto const& row : rows) {
    if (row.text(2).starts_with(path_prefix)) roles.push_back(read_role(row));
  }
  return roles;
}

Result<void> note_use(store::Transaction& transaction, std::string const& id, Time now) {
  CHECK(transaction.run("update roles set last_used_at = $2 where id = $1", id, now));
  return success();
}

Result<void> set_trust_policy(store::Transaction& transaction, std::string const& name,
                              std::string const& document) {
  TRY(auto role, find_role(transaction, name));
  CHECK(transaction.run("update roles set trust_policy = $2 where name = $1", role.name, document));
  return success();
}

Result<void> check_not_trusted(store::Transaction& transaction, std::string const& arn,
                               std::string const& but_by_role) {
  // An underscore stands for any character, which at worst keeps a name too many.
  TRY(auto role, transaction.first("select name from roles where trust_policy like $1 and name <> $2",
                                   "%" + arn + "\"%", but_by_role));
  if (role) return delete_conflict("remove it from the trust policy of role " + role->text(0));
  return success();
}

Result<void> delete_role(store::Transaction& transaction, std::string const& name, Time now) {
  TRY(auto role, find_role(transaction, name));
  TRY(auto profile, transaction.first("select name from instance_profiles where role_name = $1", role.name));
  if (profile) return delete_conflict("remove roles from instance profile");
  CHECK(check_bare(transaction, role_key(role.name)));
  CHECK(check_no_hosts(transaction, role.name, now));
  CHECK(transaction.run("delete from roles where name = $1", role.name));
  return success();
}

}  // namespace fumidai::identity
