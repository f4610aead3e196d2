#pragma once

// The machines of the instances: each is made to be what the store says, beside the others, by a task of its
// own. What fails is told once and tried again after a pause; it holds up no other.

#include <atomic>
#include <functional>
#include <map>
#include <memory>

#include "app/lab/lab_config.h"
#include "app/lab/machine_deed.h"
#include "io/task_group.h"
#include "io/wait.h"
#include "io/worker.h"
#include "lab/instance_spec.h"
#include "networks/keeper.h"
#include "store/database.h"

namespace fumidai::app {

class Machines {
 public:
  using StatePointer = std::shared_ptr<networks::State const>;

  // What of the server it works with; all of it outlives the machines.
  struct Parts {
    asio::any_io_executor executor;
    store::Database& database;
    networks::Keeper& networks;
    Clock const& clock;
    std::string ca_pem, signer_root;  // that instances trust, for TLS and for pushed keys
    std::function<void(InstanceId const&, std::string const&)> on_end;  // one does not run any more, and why
  };

  Machines(Parts parts, LabConfig const& config);

  // Begins what is to be done now, and returns. Machines begin only where `has_its_place` says that their
  // namespaces are there.
  using HasItsPlace = std::function<bool(network::Instance const&)>;
  void follow(StatePointer state, HasItsPlace const& has_its_place);
  // Until all that was begun is done; cancelled, until what cannot be left in the middle is.
  awaitable<void> join() { return tasks_.join(); }
  void cancel() { tasks_.cancel(); }

 private:
  struct Trouble {
    std::string why;
    io::SteadyTime again;
    std::chrono::seconds pause;
  };
  struct Assignment {
    StatePointer state;
    InstanceId id;
    MachineStart wanted;
    std::shared_ptr<std::atomic<bool>> by_force;  // of a stop; may become so while it goes on
  };
  using Report = std::function<void(networks::State&)>;

  void begin_task(StatePointer state, network::Instance const& instance, bool has_its_place);
  awaitable<void> work_on(Assignment assignment, network::InstanceState found);
  awaitable<Result<void>> act(Assignment assignment, network::InstanceState found);
  awaitable<Result<void>> begin(Assignment assignment, bool again);
  awaitable<Result<void>> stop(InstanceId id, std::shared_ptr<std::atomic<bool>> by_force);
  awaitable<Result<void>> erase(InstanceId id);
  awaitable<Result<void>> did_not_begin(InstanceId id, Error why);
  awaitable<Result<void>> report(Report what);
  awaitable<void> end_unknown();
  awaitable<Result<void>> erase_unknown();
  void note(InstanceId const& id, Result<void> const& done);
  Result<lab::InstanceSpec> specification(networks::State const& state, InstanceId const& id) const;
  std::optional<lab::AgentProgram> agent_of(networks::State const& state, InstanceId const& id) const;

  Parts parts_;
  LabConfig const& config_;
  io::Worker worker_;
  io::TaskGroup tasks_;
  std::map<InstanceId, std::shared_ptr<std::atomic<bool>>> busy_;  // with each task's by_force
  std::map<InstanceId, Trouble> troubles_;
  bool is_ending_unknown_ = false;
};

}  // namespace fumidai::app
