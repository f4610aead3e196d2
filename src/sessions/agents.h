#pragma once

// The agents that have a control channel here and now. Belongs to the loop.

#include <memory>
#include <unordered_map>

#include "base/bytes.h"
#include "base/id.h"
#include "io/wait.h"

namespace fumidai::sessions {

// One agent's control channel, as others use it.
class AgentLink {
 public:
  virtual ~AgentLink() = default;
  // Queues an AgentMessage. A peer that does not take its messages loses the channel.
  virtual void send(Bytes message) = 0;
  // Tells the agent why, and ends the channel. The code is one of wire::close_code.
  virtual void close(std::uint16_t code, std::string why) = 0;
  virtual io::SteadyTime connected_since() const = 0;
  // The id of the agent's process, which another start would not have; empty when it does not say.
  virtual std::string const& process() const = 0;
};

class Agents {
 public:
  // The newest connection of an identity is the one that counts. True when another was replaced, and closed.
  bool attach(InstanceId const& instance, std::shared_ptr<AgentLink> link);
  // False when this link had been replaced already.
  bool detach(InstanceId const& instance, AgentLink const* link);
  std::shared_ptr<AgentLink> find(InstanceId const& instance) const;
  std::size_t size() const { return links_.size(); }

 private:
  std::unordered_map<InstanceId, std::shared_ptr<AgentLink>> links_;
};

}  // namespace fumidai::sessions
