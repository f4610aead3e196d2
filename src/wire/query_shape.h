#pragma once

// The Query protocol of IAM and STS (and, with flat lists, of EC2): a form body becomes a tree, which the
// JSON side turns into a shape. `Tags.member.1.Key=Name` becomes {"Tags": {"member": {"1": {"Key":
// "Name"}}}}.

#include <boost/json/object.hpp>

#include "wire/json_shape.h"
#include "wire/url.h"

namespace fumidai::wire {

// Errors: malformed (a name that is both a value and a structure, text that is not UTF-8), too_large (over
// 4096 fields or 16 levels).
Result<json::value> query_tree(std::vector<QueryPair> const& pairs);

template <Shape T>
Result<T> from_query(std::vector<QueryPair> const& pairs) {
  TRY(auto tree, query_tree(pairs));
  return from_json<T>(tree, Scalars::text);
}

}  // namespace fumidai::wire
