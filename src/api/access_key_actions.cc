// Access keys: CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey.

#include "api/iam.h"
#include "identity/access_keys.h"

namespace fumidai::api {

namespace {

struct CreateAccessKeyRequest {
  std::optional<std::string> user_name;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 128}};
};
BOOST_DESCRIBE_STRUCT(CreateAccessKeyRequest, (), (user_name))

struct AccessKeyDescription {
  std::string user_name, access_key_id, status;
  Secret secret_access_key;
  Time create_date{};
};
BOOST_DESCRIBE_STRUCT(AccessKeyDescription, (),
                      (user_name, access_key_id, status, secret_access_key, create_date))

struct CreateAccessKeyResponse {
  AccessKeyDescription access_key;
};
BOOST_DESCRIBE_STRUCT(CreateAccessKeyResponse, (), (access_key))

struct ListAccessKeysRequest {
  std::optional<std::string> user_name, marker;
  std::optional<std::int64_t> max_items;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 128}, {"max_items", 1, 1000}};
};
BOOST_DESCRIBE_STRUCT(ListAccessKeysRequest, (), (user_name, marker, max_items))

struct AccessKeyMetadata {
  std::string user_name, access_key_id, status;
  Time create_date{};
};
BOOST_DESCRIBE_STRUCT(AccessKeyMetadata, (), (user_name, access_key_id, status, create_date))

struct ListAccessKeysResponse {
  std::vector<AccessKeyMetadata> access_key_metadata;
  bool is_truncated = false;
  std::optional<std::string> marker;
};
BOOST_DESCRIBE_STRUCT(ListAccessKeysResponse, (), (access_key_metadata, is_truncated, marker))

struct UpdateAccessKeyRequest {
  std::optional<std::string> user_name;
  std::string access_key_id, status;
  static constexpr wire::Limit kLimits[] = {
      {"user_name", 1, 128}, {"access_key_id", 16, 128, wire::required}, {"status", 1, 16, wire::required}};
};
BOOST_DESCRIBE_STRUCT(UpdateAccessKeyRequest, (), (user_name, access_key_id, status))

struct DeleteAccessKeyRequest {
  std::optional<std::string> user_name;
  std::string access_key_id;
  static constexpr wire::Limit kLimits[] = {{"user_name", 1, 128},
                                            {"access_key_id", 16, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeleteAccessKeyRequest, (), (user_name, access_key_id))

template <class Request>
Result<void> owner(store::Transaction& transaction, Call const& call, Request const& request,
                   sessions::Ask& ask) {
  TRY(auto name, meant_user(call, request.user_name));
  TRY(auto arn, arn_of_user(transaction, call, name));
  ask.resources = {std::move(arn)};
  return success();
}

Result<CreateAccessKeyResponse> create_access_key(store::Transaction& transaction, Call const& call,
                                                  CreateAccessKeyRequest const& request) {
  TRY(auto name, meant_user(call, request.user_name));
  TRY(auto key, identity::create_access_key(transaction, call.plane.deployment, name, call.caller.at));
  return CreateAccessKeyResponse{{key.user_name, key.id, "Active", key.secret, key.created_at}};
}

Result<ListAccessKeysResponse> list_access_keys(store::Transaction& transaction, Call const& call,
                                                ListAccessKeysRequest const& request) {
  TRY(auto name, meant_user(call, request.user_name));
  TRY(auto keys, identity::list_access_keys(transaction, name));
  std::vector<AccessKeyMetadata> found;
  for (auto const& key : keys) found.push_back({name, key.id, key.status, key.created_at});
  return part_of<ListAccessKeysResponse>(call, request, std::move(found), name,
                                         [](auto const& each) { return each.access_key_id; });
}

Result<Nothing> update_access_key(store::Transaction& transaction, Call const& call,
                                  UpdateAccessKeyRequest const& request) {
  if (request.status != "Active" && request.status != "Inactive")
    return wire::constraint_error("status", "one of the values [Active, Inactive]", request.status);
  TRY(auto name, meant_user(call, request.user_name));
  CHECK(identity::set_access_key_status(transaction, name, request.access_key_id, request.status));
  return Nothing{};
}

Result<Nothing> delete_access_key(store::Transaction& transaction, Call const& call,
                                  DeleteAccessKeyRequest const& request) {
  TRY(auto name, meant_user(call, request.user_name));
  CHECK(identity::delete_access_key(transaction, name, request.access_key_id));
  return Nothing{};
}

}  // namespace

std::vector<Action> access_key_actions() {
  return {
      changes(kIam, "CreateAccessKey", create_access_key, owner),
      looks(kIam, "ListAccessKeys", list_access_keys, owner),
      changes(kIam, "UpdateAccessKey", update_access_key, owner),
      changes(kIam, "DeleteAccessKey", delete_access_key, owner),
  };
}

}  // namespace fumidai::api
