#include "sessions/policy_library.h"

namespace fumidai::sessions {

Result<std::shared_ptr<policy::Policy const>> PolicyLibrary::parsed(std::string const& document) {
  {
    std::lock_guard lock(mutex_);
    if (auto known = by_document_.find(document); known != by_document_.end()) return known->second;
  }
  TRY(auto fresh, policy::parse_policy(document, policy::PolicyKind::identity));
  auto shared = std::make_shared<policy::Policy const>(std::move(fresh));
  std::lock_guard lock(mutex_);
  if (by_document_.size() >= kMostKept) by_document_.clear();
  by_document_.emplace(document, shared);
  return shared;
}

Result<policy::PolicySet> PolicyLibrary::policies_for(store::Transaction& transaction,
                                                      model::Principal const& principal) {
  bool is_user = principal.kind == model::Principal::Kind::user;
  auto key = is_user ? identity::user_key(principal.name) : identity::role_key(principal.role);
  TRY(auto stored, identity::policies_of(transaction, key));
  policy::PolicySet set;
  for (auto& each : stored) {
    auto document = parsed(each.document);
    if (!document)
      return Error{Errc::corrupt, "the " + each.name + " cannot be read: " + document.error().detail};
    set.identity.push_back({std::move(each.name), *document});
  }
  return set;
}

}  // namespace fumidai::sessions
