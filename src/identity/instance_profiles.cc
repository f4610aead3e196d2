#include "identity/instance_profiles.h"

#include "base/bytes.h"
#include "identity/entity.h"
#include "identity/roles.h"

namespace fumidai::identity {

namespace {

InstanceProfile read_profile(store::Row const& row) {
  return {row.text(0), row.text(1), row.text(2), row.maybe_text(3), row.time(4)};
}

}  // namespace

Result<InstanceProfile> create_instance_profile(store::Transaction& transaction, std::string const& name,
                                                std::string const& path, Time now) {
  CHECK(check_name(name, "instanceProfileName", 128));
  CHECK(check_path(path));
  InstanceProfile profile{name, unique_id("AIPA"), path, {}, now};
  auto inserted =
      transaction.run("insert into instance_profiles (name, id, path, created_at) values ($1, $2, $3, $4)",
                      profile.name, profile.id, profile.path, profile.created_at);
  if (!inserted) return unless_exists(inserted.error(), "Instance Profile " + name + " already exists.");
  return profile;
}

Result<InstanceProfile> find_instance_profile(store::Transaction& transaction, std::string const& name) {
  TRY(auto row,
      transaction.first("select name, id, path, role_name, created_at from instance_profiles where name = $1",
                        name));
  if (!row) return no_such_entity("Instance Profile " + escaped(name, 128) + " cannot be found.");
  return read_profile(*row);
}

Result<std::vector<InstanceProfile>> list_instance_profiles(store::Transaction& transaction,
                                                            std::string const& path_prefix) {
  TRY(auto rows, transaction.query("select name, id, path, role_name, created_at from instance_profiles"));
  std::vector<InstanceProfile> profiles;
  for (auto const& row : rows) {
    if (row.text(2).starts_with(path_prefix)) profiles.push_back(read_profile(row));
  }
  return profiles;
}

Result<void> delete_instance_profile(store::Transaction& transaction, std::string const& name) {
  TRY(auto profile, find_instance_profile(transaction, name));
  if (profile.role) return delete_conflict("remove roles from instance profile");
  CHECK(transaction.run("delete from instance_profiles where name = $1", profile.name));
  return success();
}

Result<void> put_role_into(store::Transaction& transaction, std::string const& profile_name,
                           std::string const& role_name) {
  TRY(auto profile, find_instance_profile(transaction, profile_name));
  TRY(auto role, find_role(transaction, role_name));
  TRY(auto changed,
      transaction.run("update instance_profiles set role_name = $2 where name = $1 and role_name is null",
                      profile.name, role.name));
  if (changed == 1) return success();
  return Error{Errc::limit_exceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
               "LimitExceeded"};
}

Result<void> take_role_from(store::Transaction& transaction, std::string const& profile_name,
                            std::string const& role_name) {
  TRY(auto profile, find_instance_profile(transaction, profile_name));
  if (profile.role != role_name) {
    return no_such_entity("Role " + escaped(role_name, 128) + " in Instance Profile " + profile.name +
                          " cannot be found.");
  }
  CHECK(transaction.run("update instance_profiles set role_name = null where name = $1", profile.name));
  return success();
}

}  // namespace fumidai::identity
