// Tags of hosts and activations.

#include "api/action.h"
#include "api/tag.h"
#include "inventory/activations.h"
#include "inventory/instances.h"

namespace fumidai::api {

namespace {

Result<void> check_tagged(store::Transaction& transaction, std::string const& type, std::string const& id) {
  if (type == inventory::kManagedInstance) {
    auto instance = inventory::find_instance(transaction, InstanceId(id));
    if (!instance && instance.error().code == Errc::not_found)
      return Error{Errc::not_found, instance.error().detail, "InvalidResourceId"};
    return instance ? success() : Result<void>(instance.error());
  }
  if (type == inventory::kActivation) {
    TRY(auto activations, inventory::list_activations(transaction));
    for (auto const& activation : activations) {
      if (activation.id == id) return success();
    }
    return Error{Errc::not_found, "The activation " + escaped(id, 64) + " does not exist.",
                 "InvalidResourceId"};
  }
  return Error{
      Errc::invalid,
      "Resources of type '" + escaped(type, 64) + "' are not here; ManagedInstance and Activation are.",
      "InvalidResourceType"};
}

struct AddTagsRequest {
  std::string resource_type, resource_id;
  std::vector<Tag> tags;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required},
                                            {"tags", 0, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(AddTagsRequest, (), (resource_type, resource_id, tags))

struct RemoveTagsRequest {
  std::string resource_type, resource_id;
  std::vector<std::string> tag_keys;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required},
                                            {"tag_keys", 0, 1000, wire::required}};
};
BOOST_DESCRIBE_STRUCT(RemoveTagsRequest, (), (resource_type, resource_id, tag_keys))

struct ListTagsRequest {
  std::string resource_type, resource_id;
  static constexpr wire::Limit kLimits[] = {{"resource_type", 1, 64, wire::required},
                                            {"resource_id", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(ListTagsRequest, (), (resource_type, resource_id))

struct ListTagsResponse {
  std::vector<Tag> tag_list;
};
BOOST_DESCRIBE_STRUCT(ListTagsResponse, (), (tag_list))

template <class Request>
Result<void> tagged_resource(store::Transaction&, Call const& call, Request const& request,
                             sessions::Ask& ask) {
  if (request.resource_type == inventory::kManagedInstance)
    ask.resources = {model::instance_arn(call.plane.deployment.region, InstanceId(request.resource_id))};
  return success();
}

Result<void> tags_to_add(store::Transaction& transaction, Call const& call, AddTagsRequest const& request,
                         sessions::Ask& ask) {
  tell_tags(request.tags, ask);
  return tagged_resource(transaction, call, request, ask);
}

Result<void> tags_to_remove(store::Transaction& transaction, Call const& call,
                            RemoveTagsRequest const& request, sessions::Ask& ask) {
  ask.context["aws:TagKeys"] = request.tag_keys;
  return tagged_resource(transaction, call, request, ask);
}

Result<Nothing> add_tags(store::Transaction& transaction, Call const&, AddTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  CHECK(inventory::add_tags(transaction, request.resource_type, request.resource_id, to_map(request.tags)));
  return Nothing{};
}

Result<Nothing> remove_tags(store::Transaction& transaction, Call const&, RemoveTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  CHECK(inventory::remove_tags(transaction, request.resource_type, request.resource_id, request.tag_keys));
  return Nothing{};
}

Result<ListTagsResponse> list_tags(store::Transaction& transaction, Call const&,
                                   ListTagsRequest const& request) {
  CHECK(check_tagged(transaction, request.resource_type, request.resource_id));
  TRY(auto tags, inventory::tags_of(transaction, request.resource_type, request.resource_id));
  return ListTagsResponse{to_list(tags)};
}

}  // namespace

std::vector<Action> tag_actions() {
  return {
      changes<AddTagsRequest, Nothing>(kSsm, "AddTagsToResource", add_tags, tags_to_add),
      changes<RemoveTagsRequest, Nothing>(kSsm, "RemoveTagsFromResource", remove_tags, tags_to_remove),
      looks<ListTagsRequest, ListTagsResponse>(kSsm, "ListTagsForResource", list_tags,
                                               tagged_resource<ListTagsRequest>),
  };
}

}  // namespace fumidai::api
