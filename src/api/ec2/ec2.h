#pragma once

// What the actions of EC2 share: functions on the state of the networks as rows of the action table, tags in
// requests, what a call is about for the policies, lists with ids, filters and pages.

#include "api/action.h"
#include "api/ec2/filter.h"
#include "api/page_token.h"
#include "api/tag.h"
#include "networks/client_tokens.h"
#include "networks/keeper.h"
#include "networks/resource.h"

namespace fumidai::api::ec2 {

using networks::State;

// changes(kEc2, "CreateVpc", on_state<create_vpc>): the function takes the state of the networks instead of
// a transaction; to change it, or, as const, to look at it.
namespace detail {

template <class Function, Function function>
struct OnState;

template <class Request, class Response, Result<Response> (*edit)(State&, Call const&, Request const&)>
struct OnState<Result<Response> (*)(State&, Call const&, Request const&), edit> {
  static Result<Response> run(store::Transaction& transaction, Call const& call, Request const& request) {
    return call.plane.networks.change(transaction, [&](State& state) { return edit(state, call, request); });
  }
};

template <class Request, class Response, Result<Response> (*look)(State const&, Call const&, Request const&)>
struct OnState<Result<Response> (*)(State const&, Call const&, Request const&), look> {
  static Result<Response> run(store::Transaction& transaction, Call const& call, Request const& request) {
    TRY(auto state, call.plane.networks.read(transaction));
    return look(*state, call, request);
  }
};

}  // namespace detail

template <auto function>
inline constexpr auto on_state = &detail::OnState<decltype(function), function>::run;

// The answer of an action that says no more than that it was done.
struct Done {
  bool return_ = true;
  static constexpr wire::Rename kNames[] = {{"return_", "return"}};
};
BOOST_DESCRIBE_STRUCT(Done, (), (return_))

// Of an attribute: EnableDnsSupport.Value=true.
struct AttributeValue {
  std::optional<bool> value;
};
BOOST_DESCRIBE_STRUCT(AttributeValue, (), (value))

struct TagSpecification {
  std::string resource_type;
  std::vector<Tag> tag;
};
BOOST_DESCRIBE_STRUCT(TagSpecification, (), (resource_type, tag))

// The tags for what is made. Error: InvalidParameterValue, for a specification of something else.
Result<networks::Tags> tags_for(std::vector<TagSpecification> const& specifications,
                                networks::Kind const& kind);
std::vector<Tag> tags_of(State const& state, std::string const& id);

// "*" as id: any of the kind, as for one that is to be made.
std::string arn_of(Call const& call, networks::Kind const& kind, std::string_view id);
std::string arn_of(Call const& call, std::string_view id);  // by the beginning of the id

// For the policies: one is to be made, with these tags (which takes ec2:CreateTags as well).
void tell_new(Call const& call, networks::Kind const& kind,
              std::vector<TagSpecification> const& specifications, sessions::Ask& ask);

// For the policies: what is made gets these tags.
void tell_new_tags(Call const& call, networks::Kind const& kind,
                   std::vector<TagSpecification> const& specifications, sessions::Ask& ask);

// For the policies: about what the request names with these members, each one id or several.
//   changes(kEc2, "DeleteVpc", on_state<delete_vpc>, about<&DeleteVpcRequest::vpc_id>)
void tell_named(Call const& call, std::string const& id, sessions::Ask& ask);
inline void tell_named(Call const& call, std::vector<std::string> const& ids, sessions::Ask& ask) {
  for (auto const& id : ids) tell_named(call, id, ask);
}

namespace detail {

template <class Request, class Member>
Request request_of(Member Request::*);

template <class Request, auto... members>
Result<void> tell_members(store::Transaction&, Call const& call, Request const& request, sessions::Ask& ask) {
  ask.resources.clear();
  (tell_named(call, request.*members, ask), ...);
  if (ask.resources.empty()) ask.resources = {"*"};
  return success();
}

}  // namespace detail

template <auto first, auto... more>
inline constexpr auto about = &detail::tell_members<decltype(detail::request_of(first)), first, more...>;

// The request without what differs between tries, for client tokens.
std::string digest_of(Call const& call);

// What MaxResults may be; a request that has another one says so as kPage. Without it: the most.
struct PageRange {
  std::int64_t least = 5, most = 1000;
};
template <class Request>
constexpr PageRange page_range() {
  if constexpr (requires { Request::kPage; }) {
    return Request::kPage;
  } else {
    return {};
  }
}

// What `make() -> Result<std::string>` made, its id; or what the first try of this call made, by its client
// token. Error: also IdempotentParameterMismatch.
template <class Make>
Result<std::string> made_once(State& state, Call const& call, std::optional<std::string> const& token,
                              Make make) {
  auto make_one = [&]() -> Result<std::vector<std::string>> {
    TRY(auto id, make());
    return std::vector{std::move(id)};
  };
  TRY(auto made,
      networks::once(state, call.addressed.operation, token, digest_of(call), call.caller.at, make_one));
  return made.at(0);
}

// How many entries a page has. Errors: InvalidParameterValue; InvalidParameterCombination, with ids.
Result<std::int64_t> page_size(std::optional<std::int64_t> const& max_results, bool has_ids,
                               PageRange range = {});

// The entries with the ids; without ids, all. An entry has `kId`, a pointer to its id. Errors: the kind's for
// ids.
template <class Entry>
Result<std::vector<Entry>> with_ids(networks::Kind const& kind, std::vector<std::string> const& ids,
                                    std::vector<Entry> all) {
  std::vector<std::string> unknown;
  for (auto const& id : ids) {
    CHECK(networks::check_id(kind, id));
    auto is_it = [&](Entry const& entry) { return entry.*Entry::kId == id; };
    if (std::none_of(all.begin(), all.end(), is_it)) unknown.push_back(id);
  }
  if (!unknown.empty()) return networks::not_found(kind, unknown);
  auto is_unwanted = [&](Entry const& entry) {
    return !ids.empty() && std::find(ids.begin(), ids.end(), entry.*Entry::kId) == ids.end();
  };
  std::erase_if(all, is_unwanted);
  return all;
}

// Of the entries those that the request's filters let through; of these, a page. `Response` begins with the
// entries and the next token; an entry knows its filters by `filter_keys(Entry const*)`. Errors: those of
// filters and pages.
template <class Response, class Request, class Entry>
Result<Response> filtered_page(Call const& call, Request const& request, bool has_ids,
                               std::vector<Entry> all) {
  TRY(auto kept, filtered(std::move(all), request.filter));
  TRY(auto size, page_size(request.max_results, has_ids, page_range<Request>()));
  std::sort(kept.begin(), kept.end(),
            [](Entry const& a, Entry const& b) { return a.*Entry::kId < b.*Entry::kId; });
  TRY(auto page, page_of(call, std::move(kept), text_of(request.filter), request.next_token, size,
                         [](Entry const& entry) { return entry.*Entry::kId; }));
  return Response{std::move(page.entries), std::move(page.next_token)};
}

// What a Describe action is to answer: of the entries with the ids, a page of those that its filters want.
template <class Response, class Request, class Entry>
Result<Response> list_of(Call const& call, Request const& request, networks::Kind const& kind,
                         std::vector<std::string> const& ids, std::vector<Entry> all) {
  TRY(auto wanted, with_ids(kind, ids, std::move(all)));
  return filtered_page<Response>(call, request, !ids.empty(), std::move(wanted));
}

}  // namespace fumidai::api::ec2
