#pragma once

// Keeps the state of the networks in the store, and a copy of it at hand. A read costs one row as long as
// nothing has changed; a change stores the parts that differ. For any thread; lives as long as its database.

#include <functional>
#include <memory>
#include <mutex>

#include "networks/state.h"
#include "store/transaction.h"

namespace fumidai::networks {

class Keeper {
 public:
  explicit Keeper(std::string region) : region_(std::move(region)) {}

  // As the transaction sees it. Error: corrupt, system.
  Result<std::shared_ptr<State const>> read(store::Transaction& transaction);

  // Lets `edit` change a copy, `edit(State&) -> Result<T>`, and stores what became different. An error of
  // `edit` changes nothing.
  template <class Edit>
  std::invoke_result_t<Edit, State&> change(store::Transaction& transaction, Edit edit) {
    TRY(auto before, read(transaction));
    auto after = std::make_shared<State>(*before);
    auto outcome = edit(*after);
    if (!outcome) return outcome;
    CHECK(write(transaction, *before, std::move(after)));
    return outcome;
  }

 private:
  Result<std::string> stamp(store::Transaction& transaction);
  Result<std::shared_ptr<State const>> load(store::Transaction& transaction);
  Result<void> write(store::Transaction& transaction, State const& before,
                     std::shared_ptr<State const> after);
  void remember(std::string stamp, std::shared_ptr<State const> state);

  std::string region_;
  std::mutex mutex_;
  // Each change has a random stamp: one that was rolled back cannot be taken for the one made in its place.
  std::string stamp_;
  std::shared_ptr<State const> state_;
};

}  // namespace fumidai::networks
