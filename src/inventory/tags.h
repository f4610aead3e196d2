#pragma once

// Tags of instances, activations, and IAM's entities.

#include <map>
#include <string>
#include <vector>

#include "store/transaction.h"

namespace fumidai::inventory {

using Tags = std::map<std::string, std::string>;

// AWS's words for what can be tagged.
inline constexpr std::string_view kManagedInstance = "ManagedInstance";
inline constexpr std::string_view kActivation = "Activation";
// Users, roles, policies, instance profiles; their ids are their ARNs.
inline constexpr std::string_view kIamEntity = "IAM";

Result<Tags> tags_of(store::Transaction& transaction, std::string_view resource_type,
                     std::string const& resource_id);

// Errors: invalid with ValidationException (keys of `aws:`, lengths), limit_exceeded with TooManyTagsError
// (50).
Result<void> add_tags(store::Transaction& transaction, std::string_view resource_type,
                      std::string const& resource_id, Tags const& tags);
Result<void> remove_tags(store::Transaction& transaction, std::string_view resource_type,
                         std::string const& resource_id, std::vector<std::string> const& keys);
Result<void> remove_all_tags(store::Transaction& transaction, std::string_view resource_type,
                             std::string const& resource_id);

}  // namespace fumidai::inventory
