#pragma once

// What the actions of IAM share: parts of lists, policy documents, tags, and what they are about for the
// policies.

#include "api/action.h"
#include "api/page_token.h"
#include "api/tag.h"
#include "policy/policy.h"

namespace fumidai::api {

// ARNs as the store knows them, with their path; of what is not there, as if it had none.
Result<std::string> arn_of_user(store::Transaction& transaction, Call const& call, std::string const& name);
Result<std::string> arn_of_role(store::Transaction& transaction, Call const& call, std::string const& name);
Result<std::string> arn_of_instance_profile(store::Transaction& transaction, Call const& call,
                                            std::string const& name);

// Whom a request means that may leave out the user's name: a user means himself. Error: invalid with
// ValidationError, of a caller who is none.
Result<std::string> meant_user(Call const& call, std::optional<std::string> const& user_name);

// A policy that is to be stored. Errors: MalformedPolicyDocument; LimitExceeded with the name of the quota,
// for more than `most` characters, blanks not counted.
Result<void> check_document(std::string const& document, policy::PolicyKind kind, std::string_view quota,
                            std::size_t most);
// As answers have it: percent-encoded.
std::string document_in_answer(std::string const& document);

// Boundaries are not here; one that was accepted and not kept would let through what it should stop.
Result<void> refuse_boundary(std::optional<std::string> const& boundary);

// Tags of an entity, when it has any.
Result<std::optional<std::vector<Tag>>> entity_tags(store::Transaction& transaction, std::string const& arn);

// The part of `all` that Marker and MaxItems name. `Response` begins with the entries, whether there are
// more, and the next marker. `query` is what else was asked for; positions order the list.
template <class Response, class Request, class Entry, class PositionOf>
Result<Response> part_of(Call const& call, Request const& request, std::vector<Entry> all,
                         std::string const& query, PositionOf position_of) {
  std::sort(all.begin(), all.end(),
            [&](Entry const& a, Entry const& b) { return position_of(a) < position_of(b); });
  auto page =
      page_of(call, std::move(all), query, request.marker, request.max_items.value_or(100), position_of);
  if (!page) return Error{Errc::invalid, "Invalid Marker.", "ValidationError"};
  bool is_truncated = page->next_token.has_value();
  return Response{std::move(page->entries), is_truncated, std::move(page->next_token)};
}

}  // namespace fumidai::api
