#pragma once

// Calls networks::settle when something is due: looks after each commit that changed the networks, and sleeps
// until then. Belongs to one loop; lives as long as its database calls it.

#include "io/wait.h"
#include "networks/keeper.h"
#include "store/database.h"

namespace fumidai::app {

class Settler {
 public:
  Settler(asio::any_io_executor executor, store::Database& database, networks::Keeper& networks,
          Clock const& clock)
      : executor_(executor), database_(database), networks_(networks), clock_(clock), changed_(executor) {}

  // On the database's thread, after a commit.
  void on_commit(store::Transaction& transaction);

  // Until it is cancelled.
  awaitable<void> run();

 private:
  awaitable<Result<std::optional<Time>>> next();
  awaitable<Result<void>> settle();

  asio::any_io_executor executor_;
  store::Database& database_;
  networks::Keeper& networks_;
  Clock const& clock_;
  std::shared_ptr<networks::State const> seen_;  // the database's thread's
  io::Signal changed_;
  std::uint64_t changes_ = 0;  // the loop's
};

}  // namespace fumidai::app
