#include "api/iam.h"

#include "identity/instance_profiles.h"
#include "identity/roles.h"
#include "identity/users.h"

namespace fumidai::api {

namespace {

template <class Entity>
Result<std::string> path_of(Result<Entity> const& entity) {
  if (entity) return entity->path;
  if (entity.error().code != Errc::not_found) return entity.error();
  return std::string("/");
}

}  // namespace

Result<std::string> arn_of_user(store::Transaction& transaction, Call const& call, std::string const& name) {
  TRY(auto path, path_of(identity::find_user(transaction, name)));
  return model::user_arn(call.plane.deployment.region, path, name);
}

Result<std::string> arn_of_role(store::Transaction& transaction, Call const& call, std::string const& name) {
  TRY(auto path, path_of(identity::find_role(transaction, name)));
  return model::role_arn(call.plane.deployment.region, path, name);
}

Result<std::string> arn_of_instance_profile(store::Transaction& transaction, Call const& call,
                                            std::string const& name) {
  TRY(auto path, path_of(identity::find_instance_profile(transaction, name)));
  return model::instance_profile_arn(call.plane.deployment.region, path, name);
}

Result<std::string> meant_user(Call const& call, std::optional<std::string> const& user_name) {
  if (user_name) return *user_name;
  if (call.caller.principal.kind == model::Principal::Kind::user) return call.caller.principal.name;
  return Error{Errc::invalid, "Must specify userName when calling with non-User credentials",
               "ValidationError"};
}

Result<void> check_document(std::string const& document, policy::PolicyKind kind, std::string_view quota,
                            std::size_t most) {
  CHECK(policy::parse_policy(document, kind));
  auto blanks = std::count_if(document.begin(), document.end(),
                              [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  if (document.size() - static_cast<std::size_t>(blanks) <= most) return success();
  return Error{Errc::limit_exceeded,
               "Cannot exceed quota for " + std::string(quota) + ": " + std::to_string(most),
               "LimitExceeded"};
}

std::string document_in_answer(std::string const& document) {
  return wire::percent_encode(document);
}

Result<void> refuse_boundary(std::optional<std::string> const& boundary) {
  if (!boundary) return success();
  return Error{Errc::invalid,
               "Permissions boundaries are not supported here. Deny in a policy what must not be done.",
               "InvalidInput"};
}

Result<std::optional<std::vector<Tag>>> entity_tags(store::Transaction& transaction, std::string const& arn) {
  TRY(auto tags, inventory::tags_of(transaction, inventory::kIamEntity, arn));
  return tags.empty() ? std::nullopt : std::optional(to_list(tags));
}

}  // namespace fumidai::api
