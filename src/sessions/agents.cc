#include "sessions/agents.h"

#include "wire/websocket.h"

namespace fumidai::sessions {

bool Agents::attach(InstanceId const& instance, std::shared_ptr<AgentLink> link) {
  auto& slot = links_[instance];
  auto replaced = std::exchange(slot, std::move(link));
  if (replaced)
    replaced->close(wire::close_code::replaced, "a newer connection of this instance took its place");
  return replaced != nullptr;
}

bool Agents::detach(InstanceId const& instance, AgentLink const* link) {
  auto at = links_.find(instance);
  if (at == links_.end() || at->second.get() != link) return false;
  links_.erase(at);
  return true;
}

std::shared_ptr<AgentLink> Agents::find(InstanceId const& instance) const {
  auto at = links_.find(instance);
  return at == links_.end() ? nullptr : at->second;
}

}  // namespace fumidai::sessions
