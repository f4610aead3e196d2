#pragma once

// Policies of the store, parsed once. Shared by the threads of the database.

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "identity/users.h"
#include "model/caller.h"
#include "policy/evaluate.h"

namespace fumidai::sessions {

class PolicyLibrary {
 public:
  // The policies that apply to a principal, as they are in the store at this moment. A stored document that
  // no longer parses denies everything: it is an error, not an empty policy.
  Result<policy::PolicySet> policies_for(store::Transaction& transaction, model::Principal const& principal);

 private:
  Result<std::shared_ptr<policy::Policy const>> parsed(std::string const& document);

  static constexpr std::size_t kMostKept = 4096;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<policy::Policy const>> by_document_;
};

}  // namespace fumidai::sessions
