#pragma once

// A role as answers describe it: alone, and in its instance profile.

#include "api/iam.h"
#include "identity/roles.h"

namespace fumidai::api {

// Both are missing for one that was never used.
struct RoleLastUsed {
  std::optional<Time> last_used_date;
  std::optional<std::string> region;
};
BOOST_DESCRIBE_STRUCT(RoleLastUsed, (), (last_used_date, region))

struct RoleDescription {
  std::string path, role_name, role_id, arn;
  Time create_date{};
  std::string assume_role_policy_document;
  std::optional<std::string> description;
  std::int64_t max_session_duration = 0;
  std::optional<std::vector<Tag>> tags;
  std::optional<RoleLastUsed> role_last_used;  // only of GetRole
};
BOOST_DESCRIBE_STRUCT(RoleDescription, (),
                      (path, role_name, role_id, arn, create_date, assume_role_policy_document, description,
                       max_session_duration, tags, role_last_used))

inline RoleDescription describe(Call const& call, identity::Role const& role) {
  RoleDescription description;
  description.path = role.path;
  description.role_name = role.name;
  description.role_id = role.id;
  description.arn = model::role_arn(call.plane.deployment.region, role.path, role.name);
  description.create_date = role.created_at;
  description.assume_role_policy_document = document_in_answer(role.trust_policy);
  if (!role.description.empty()) description.description = role.description;
  description.max_session_duration = role.longest_session.count();
  return description;
}

}  // namespace fumidai::api
