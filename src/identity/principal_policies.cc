#include "identity/principal_policies.h"

#include <algorithm>

#include "base/bytes.h"
#include "identity/entity.h"

namespace fumidai::identity {

namespace {

constexpr std::int64_t kMostAttached = 10, kMostInline = 10240;

std::string_view kind_of(std::string_view principal) {
  return principal.substr(0, principal.find('/'));
}

// "user alice", from user/alice.
std::string in_words(std::string_view principal) {
  auto kind = kind_of(principal);
  return std::string(kind) + " " + std::string(principal.substr(kind.size() + 1));
}

std::int64_t size_without_blanks(std::string_view document) {
  return std::count_if(document.begin(), document.end(),
                       [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
}

Error no_such_inline_policy(std::string_view principal, std::string const& name) {
  return no_such_entity("The " + std::string(kind_of(principal)) + " policy with name " + escaped(name, 128) +
                        " cannot be found.");
}

Result<void> check_inline_size(store::Transaction& transaction, std::string const& principal) {
  TRY(auto rows, transaction.query("select document from inline_policies where principal = $1", principal));
  std::int64_t size = 0;
  for (auto const& row : rows) size += size_without_blanks(row.text(0));
  if (size <= kMostInline) return success();
  return Error{Errc::limit_exceeded, "Maximum policy size of 10240 bytes exceeded for " + in_words(principal),
               "LimitExceeded"};
}

}  // namespace

std::string user_key(std::string_view name) {
  return "user/" + std::string(name);
}
std::string role_key(std::string_view name) {
  return "role/" + std::string(name);
}

Result<void> put_inline_policy(store::Transaction& transaction, std::string const& principal,
                               std::string const& name, std::string const& document, Time now) {
  CHECK(check_name(name, "policyName", 128));
  CHECK(transaction.run(
      "insert into inline_policies (principal, name, document, updated_at) values ($1, $2, $3, $4)"
      " on conflict (principal, name) do update set document = excluded.document, updated_at = "
      "excluded.updated_at",
      principal, name, document, now));
  return check_inline_size(transaction, principal);
}

Result<std::string> find_inline_policy(store::Transaction& transaction, std::string const& principal,
                                       std::string const& name) {
  TRY(auto row, transaction.first("select document from inline_policies where principal = $1 and name = $2",
                                  principal, name));
  if (!row) return no_such_inline_policy(principal, name);
  return row->text(0);
}

Result<std::vector<std::string>> list_inline_policies(store::Transaction& transaction,
                                                      std::string const& principal) {
  TRY(auto rows, transaction.query("select name from inline_policies where principal = $1", principal));
  std::vector<std::string> names;
  for (auto const& row : rows) names.push_back(row.text(0));
  return names;
}

Result<void> delete_inline_policy(store::Transaction& transaction, std::string const& principal,
                                  std::string const& name) {
  TRY(auto deleted,
      transaction.run("delete from inline_policies where principal = $1 and name = $2", principal, name));
  if (deleted == 0) return no_such_inline_policy(principal, name);
  return success();
}

Result<void> attach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn) {
  TRY(auto known, transaction.first("select arn from policies where arn = $1", policy_arn));
  if (!known)
    return no_such_entity("Policy " + escaped(policy_arn, 200) + " does not exist or is not attachable.");
  CHECK(
      transaction.run("insert into policy_attachments (principal, policy_arn) values ($1, $2)"
                      " on conflict (principal, policy_arn) do nothing",
                      principal, policy_arn));
  TRY(auto count,
      transaction.first("select count(*) from policy_attachments where principal = $1", principal));
  if (count->integer(0) <= kMostAttached) return success();
  auto quota = kind_of(principal) == "user" ? "PoliciesPerUser" : "PoliciesPerRole";
  return Error{Errc::limit_exceeded,
               "Cannot exceed quota for " + std::string(quota) + ": " + std::to_string(kMostAttached),
               "LimitExceeded"};
}

Result<void> detach_policy(store::Transaction& transaction, std::string const& principal,
                           std::string const& policy_arn) {
  TRY(auto detached,
      transaction.run("delete from policy_attachments where principal = $1 and policy_arn = $2", principal,
                      policy_arn));
  if (detached == 0) return no_such_entity("Policy " + escaped(policy_arn, 200) + " was not found.");
  return success();
}

Result<std::vector<AttachedPolicy>> attached_policies(store::Transaction& transaction,
                                                      std::string const& principal) {
  TRY(auto rows, transaction.query("select p.name, p.arn, p.path from policy_attachments a"
                                   " join policies p on p.arn = a.policy_arn where a.principal = $1",
                                   principal));
  std::vector<AttachedPolicy> policies;
  for (auto const& row : rows) policies.push_back({row.text(0), row.text(1), row.text(2)});
  return policies;
}

Result<std::vector<StoredPolicy>> policies_of(store::Transaction& transaction, std::string const& principal) {
  std::vector<StoredPolicy> policies;
  TRY(auto inline_rows,
      transaction.query("select name, document from inline_policies where principal = $1 order by name",
                        principal));
  for (auto const& row : inline_rows)
    policies.push_back({"inline policy '" + row.text(0) + "' of " + in_words(principal), row.text(1)});
  TRY(auto attached_rows, transaction.query("select p.name, p.document from policy_attachments a"
                                            " join policies p on p.arn = a.policy_arn"
                                            " where a.principal = $1 order by p.name, p.arn",
                                            principal));
  for (auto const& row : attached_rows)
    policies.push_back({"managed policy '" + row.text(0) + "' of " + in_words(principal), row.text(1)});
  return policies;
}

Result<void> check_bare(store::Transaction& transaction, std::string const& principal) {
  TRY(auto attached,
      transaction.first("select policy_arn from policy_attachments where principal = $1", principal));
  if (attached) return delete_conflict("detach all policies");
  TRY(auto own, transaction.first("select name from inline_policies where principal = $1", principal));
  if (own) return delete_conflict("delete policies");
  return success();
}

}  // namespace fumidai::identity
