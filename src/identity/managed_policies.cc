#include "identity/managed_policies.h"

#include "base/bytes.h"
#include "identity/entity.h"

namespace fumidai::identity {

namespace {

ManagedPolicy read_policy(store::Row const& row) {
  return {row.text(0), row.text(1), row.text(2),          row.text(3), row.text(4),
          row.text(5), row.text(6), row.text(7) == "AWS", row.time(8), row.integer(9)};
}

}  // namespace

Result<ManagedPolicy> create_policy(store::Transaction& transaction, model::Region const& region,
                                    ManagedPolicy policy, Time now) {
  CHECK(check_name(policy.name, "policyName", 128));
  CHECK(check_path(policy.path));
  policy.arn = model::policy_arn(region, policy.path, policy.name);
  policy.id = unique_id("ANPA");
  policy.version = "v1";
  policy.created_at = now;
  auto inserted = transaction.run(
      "insert into policies (arn, id, scope, name, path, description, version, document, created_at)"
      " values ($1, $2, 'Local', $3, $4, $5, $6, $7, $8)",
      policy.arn, policy.id, policy.name, policy.path, policy.description, policy.version, policy.document,
      policy.created_at);
  if (!inserted) {
    return unless_exists(inserted.error(), "A policy called " + policy.name +
                                               " already exists. Duplicate names are not allowed.");
  }
  return policy;
}

Result<void> put_aws_policy(store::Transaction& transaction, ManagedPolicy const& policy, Time now) {
  // A store of the first schema knows its ARN only, in the place of its id.
  CHECK(transaction.run(
      "insert into policies (arn, id, scope, name, path, description, version, document, created_at)"
      " values ($1, $2, 'AWS', $3, '/', $4, $5, $6, $7) on conflict (arn) do update set"
      " id = case when policies.id = policies.arn then excluded.id else policies.id end,"
      " description = excluded.description, version = excluded.version, document = excluded.document",
      policy.arn, unique_id("ANPA"), policy.name, policy.description, policy.version, policy.document, now));
  return success();
}

Result<ManagedPolicy> find_policy(store::Transaction& transaction, std::string const& arn) {
  TRY(auto row,
      transaction.first(
          "select arn, id, name, path, description, version, document, scope, created_at,"
          " (select count(*) from policy_attachments where policy_arn = arn) from policies where arn = $1",
          arn));
  if (!row) return no_such_entity("Policy " + escaped(arn, 256) + " was not found.");
  return read_policy(*row);
}

Result<std::vector<ManagedPolicy>> list_policies(store::Transaction& transaction,
                                                 std::string const& path_prefix) {
  TRY(auto rows,
      transaction.query("select arn, id, name, path, description, version, document, scope, created_at,"
                        " (select count(*) from policy_attachments where policy_arn = arn) from policies"));
  std::vector<ManagedPolicy> policies;
  for (auto const& row : rows) {
    if (row.text(3).starts_with(path_prefix)) policies.push_back(read_policy(row));
  }
  return policies;
}

Result<void> delete_policy(store::Transaction& transaction, std::string const& arn) {
  TRY(auto policy, find_policy(transaction, arn));
  if (policy.is_of_aws)
    return Error{Errc::denied, "The policy " + arn + " is AWS's own and cannot be deleted.", "AccessDenied"};
  if (policy.attachments > 0)
    return Error{Errc::conflict, "Cannot delete a policy attached to entities.", "DeleteConflict"};
  CHECK(transaction.run("delete from policies where arn = $1", policy.arn));
  return success();
}

}  // namespace fumidai::identity
