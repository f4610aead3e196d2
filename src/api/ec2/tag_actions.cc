// Tags of anything in a network: CreateTags, DeleteTags, DescribeTags.

#include "api/ec2/actions.h"
#include "api/ec2/ec2.h"
#include "networks/tagging.h"

namespace fumidai::api::ec2 {

namespace {

// How many tags one of them may have is said by TagLimitExceeded.
constexpr std::int64_t kMostResources = 1000, kMostTags = 1000;

struct CreateTagsRequest {
  std::vector<std::string> resource_id;
  std::vector<Tag> tag;
  static constexpr wire::Limit kLimits[] = {{"resource_id", 1, kMostResources, wire::required},
                                            {"tag", 1, kMostTags, wire::required}};
};
BOOST_DESCRIBE_STRUCT(CreateTagsRequest, (), (resource_id, tag))

// Without a value: whatever it has.
struct DeletedTag {
  std::string key;
  std::optional<std::string> value;
  static constexpr wire::Limit kLimits[] = {{"key", 1, 128, wire::required}};
};
BOOST_DESCRIBE_STRUCT(DeletedTag, (), (key, value))

// Without tags: all of them.
struct DeleteTagsRequest {
  std::vector<std::string> resource_id;
  std::vector<DeletedTag> tag;
  static constexpr wire::Limit kLimits[] = {{"resource_id", 1, kMostResources, wire::required},
                                            {"tag", 0, kMostTags}};
};
BOOST_DESCRIBE_STRUCT(DeleteTagsRequest, (), (resource_id, tag))

struct TagDescription {
  std::string resource_id, resource_type, key, value;
  std::vector<Tag> tag_set;  // itself, for filters; not shown
};
BOOST_DESCRIBE_STRUCT(TagDescription, (), (resource_id, resource_type, key, value))

std::vector<FilterKey<TagDescription>> filter_keys(TagDescription const*) {
  return {{"resource-id", [](auto const& tag) { return Texts{tag.resource_id}; }},
          {"resource-type", [](auto const& tag) { return Texts{tag.resource_type}; }},
          {"key", [](auto const& tag) { return Texts{tag.key}; }},
          {"value", [](auto const& tag) { return Texts{tag.value}; }}};
}

struct DescribeTagsRequest {
  std::vector<Filter> filter;
  std::optional<std::int64_t> max_results;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeTagsRequest, (), (filter, max_results, next_token))

struct DescribeTagsResponse {
  std::vector<TagDescription> tag_set;
  std::optional<std::string> next_token;
};
BOOST_DESCRIBE_STRUCT(DescribeTagsResponse, (), (tag_set, next_token))

Result<void> about_tags(store::Transaction& transaction, Call const& call, CreateTagsRequest const& request,
                        sessions::Ask& ask) {
  tell_tags(request.tag, ask);
  return about<&CreateTagsRequest::resource_id>(transaction, call, request, ask);
}

Result<void> about_deleted_tags(store::Transaction& transaction, Call const& call,
                                DeleteTagsRequest const& request, sessions::Ask& ask) {
  for (auto const& tag : request.tag) ask.context["aws:TagKeys"].push_back(tag.key);
  return about<&DeleteTagsRequest::resource_id>(transaction, call, request, ask);
}

Result<Done> create_tags(State& state, Call const&, CreateTagsRequest const& request) {
  for (auto const& id : request.resource_id) {
    CHECK(networks::taggable(state, id));
    CHECK(networks::put_tags(state, id, to_map(request.tag)));
  }
  return Done{};
}

Result<Done> delete_tags(State& state, Call const&, DeleteTagsRequest const& request) {
  for (auto const& id : request.resource_id) {
    CHECK(networks::taggable(state, id));
    if (request.tag.empty()) networks::drop_tags(state, id);
    for (auto const& [key, value] : request.tag) networks::drop_tag(state, id, key, value);
  }
  return Done{};
}

std::vector<TagDescription> describe_all(State const& state) {
  std::vector<TagDescription> all;
  for (auto const& [id, tags] : state.tagged) {
    auto* kind = networks::kind_of(id.text());
    auto type = kind ? std::string(kind->type) : std::string();
    for (auto const& [key, value] : tags) all.push_back({id.text(), type, key, value, {{key, value}}});
  }
  return all;
}

// Resources have their own order, and so have the keys of each: all are in the order of this.
std::string position_of(TagDescription const& tag) {
  return tag.resource_id + " " + tag.key;
}

Result<DescribeTagsResponse> describe_tags(State const& state, Call const& call,
                                           DescribeTagsRequest const& request) {
  TRY(auto kept, filtered(describe_all(state), request.filter));
  TRY(auto size, page_size(request.max_results, false));
  TRY(auto page,
      page_of(call, std::move(kept), text_of(request.filter), request.next_token, size, position_of));
  return DescribeTagsResponse{std::move(page.entries), std::move(page.next_token)};
}

}  // namespace

std::vector<Action> tag_actions() {
  return {
      changes(kEc2, "CreateTags", on_state<create_tags>, about_tags),
      changes(kEc2, "DeleteTags", on_state<delete_tags>, about_deleted_tags),
      looks(kEc2, "DescribeTags", on_state<describe_tags>),
  };
}

}  // namespace fumidai::api::ec2
