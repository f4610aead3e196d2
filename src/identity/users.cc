#include "identity/users.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"

namespace fumidai::identity {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+=,.@_-").find(c) != std::string_view::npos;
}

Result<void> check_name(std::string_view name, std::string_view member) {
  bool fits = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_name_character);
  if (fits) return success();
  return Error{Errc::invalid,
               "The specified value for " + std::string(member) +
                   " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- "
                   "and have at most 64 characters",
               "ValidationError"};
}

Result<void> check_path(std::string_view path) {
  bool fits = path.size() <= 512 && path.starts_with('/') && path.ends_with('/') &&
              std::all_of(path.begin(), path.end(), [](char c) { return c == '/' || is_name_character(c); });
  if (fits) return success();
  return Error{Errc::invalid,
               "The specified value for path is invalid. It must begin and end with / and contain only "
               "alphanumeric characters and/or /+=,.@_-",
               "ValidationError"};
}

Error no_such_entity(std::string sentence) {
  return {Errc::not_found, std::move(sentence), "NoSuchEntity"};
}

// "inline policy 'x' of user alice", from user/alice.
std::string in_words(std::string_view principal) {
  auto slash = principal.find('/');
  return std::string(principal.substr(0, slash)) + " " + std::string(principal.substr(slash + 1));
}

}  // namespace

std::string unique_id(std::string_view prefix) {
  return std::string(prefix) + random_text(17, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}
std::string user_key(std::string_view name) {
  return "user/" + std::string(name);
}
std::string role_key(std::string_view name) {
  return "role/" + std::string(name);
}

Result<User> create_user(store::Transaction& transaction, std::string const& name, std::string const& path,
                         Time now) {
  CHECK(check_name(name, "userName"));
  CHECK(check_path(path));
  User user{name, unique_id("AIDA"), path, now};
  auto inserted = transaction.run("insert into users (name, id, path, created_at) values ($1, $2, $3, $4)",
                                  user.name, user.id, user.path, user.created_at);
  if (!inserted && inserted.error().code == Errc::conflict)
    return Error{Errc::conflict, "User with name " + name + " already exists.", "EntityAlreadyExists"};
  if (!inserted) return inserted.error();
  return user;
}

Result<Role> create_role(store::Transaction& transaction, Role role, Time now) {
  CHECK(check_name(role.name, "roleName"));
  CHECK(check_path(role.path));
  role.id = unique_id("AROA");
  role.created_at = now;
  auto inserted = transaction.run(
      "insert into roles (name, id, path, trust_policy, description, created_at) values ($1, $2, $3, $4, $5, "
      "$6)",
      role.name, role.id, role.path, role.trust_policy, role.description, role.created_at);
  if (!inserted && inserted.error().code == Errc::conflict)
    return Error{Errc::conflict, "Role with name " + role.name + " already exists.", "EntityAlreadyExists"};
  if (!inserted) return inserted.error();
  return role;
}

Result<User> find_user(store::Transaction& transaction, std::string const& name) {
  TRY(auto row, transaction.first("select name, id, path, created_at from users where name = $1", name));
  if (!row) return no_such_entity("The user with name " + escaped(name, 128) + " cannot be found.");
  return User{row->text(0), row->text(1), row->text(2), row->time(3)};
}

Result<Role> find_role(store::Transaction& transaction, std::string const& name) {
  TRY(auto row,
      transaction.first(
          "select name, id, path, trust_policy, description, created_at from roles where name = $1", name));
  if (!row) return no_such_entity("The role with name " + escaped(name, 128) + " cannot be found.");
  return Role{row->text(0), row->text(1), row->text(2), row->text(3), row->text(4), row->time(5)};
}

Result<void> put_inline_policy(store::Transaction& transaction, std::string const& principal,
                               std::string const& name, std::string const& document, Time now) {
  CHECK(check_name(name, "policyName"));
  CHECK(transaction.run(
      "insert into inline_policies (principal, name, document, updated_at) values ($1, $2, $3, $4)"
      " on conflict (principal, name) do update set document = excluded.document, updated_at = "
      "excluded.updated_at",
      principal, name, document, now));
  return success();
}

Result<void> put_managed_policy(store::Transaction& transaction, std::string const& arn,
                                std::string const& document, Time now) {
  auto name = arn.substr(arn.rfind('/') + 1);
  CHECK(
      transaction.run("insert into managed_policies (arn, name, document, created_at) values ($1, $2, $3, $4)"
                      " on conflict (arn) do update set document = excluded.document",
                      arn, name, document, now));
  return success();
}

Result<void> attach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn) {
  TRY(auto known, transaction.first("select arn from managed_policies where arn = $1", policy_arn));
  if (!known)
    return no_such_entity("Policy " + escaped(policy_arn, 200) + " does not exist or is not attachable.");
  CHECK(
      transaction.run("insert into attached_policies (principal, policy_arn) values ($1, $2) on conflict "
                      "(principal, policy_arn) do nothing",
                      principal, policy_arn));
  return success();
}

Result<std::vector<StoredPolicy>> policies_of(store::Transaction& transaction, std::string const& principal) {
  std::vector<StoredPolicy> policies;
  TRY(auto inline_rows,
      transaction.query("select name, document from inline_policies where principal = $1 order by name",
                        principal));
  for (auto const& row : inline_rows)
    policies.push_back({"inline policy '" + row.text(0) + "' of " + in_words(principal), row.text(1)});
  TRY(auto attached_rows,
      transaction.query(
          "select m.name, m.document from attached_policies a join managed_policies m on m.arn = a.policy_arn"
          " where a.principal = $1 order by m.name",
          principal));
  for (auto const& row : attached_rows)
    policies.push_back({"managed policy '" + row.text(0) + "' of " + in_words(principal), row.text(1)});
  return policies;
}

}  // namespace fumidai::identity
