#include "app/lab/machine_deed.h"

namespace fumidai::app {

using network::InstanceState;

namespace {

MachineDeed deed_for_living(InstanceState state, MachineStart const& wanted, MachineFacts const& facts) {
  auto const& last = facts.last_start;
  if (!facts.is_running) {
    bool by_itself = facts.shut_itself_down && last && last->launched_at == wanted.launched_at &&
                     last->rebooted_at == wanted.rebooted_at;
    return by_itself ? MachineDeed::tell_shut_down : MachineDeed::begin;
  }
  if (!last || last->rebooted_at != wanted.rebooted_at || last->space != wanted.space)
    return MachineDeed::begin_again;
  return state == InstanceState::pending ? MachineDeed::tell_running : MachineDeed::none;
}

}  // namespace

MachineDeed next_deed(InstanceState state, MachineStart const& wanted, MachineFacts const& facts) {
  switch (state) {
    case InstanceState::pending:
    case InstanceState::running: return deed_for_living(state, wanted, facts);
    case InstanceState::stopping: return MachineDeed::stop;
    case InstanceState::shutting_down: return MachineDeed::erase;
    case InstanceState::stopped:
    case InstanceState::terminated: break;
  }
  return MachineDeed::none;
}

}  // namespace fumidai::app
