#pragma once

// For tests: the control channel of an agent that hears nothing.

#include "io/wait.h"
#include "sessions/agents.h"

namespace fumidai::sessions {

class TestLink : public AgentLink {
 public:
  explicit TestLink(std::string process = "first") : process_(std::move(process)) {}
  void send(Bytes) override {}
  void close(std::uint16_t, std::string) override {}
  io::SteadyTime connected_since() const override { return since_; }
  std::string const& process() const override { return process_; }

 private:
  std::string process_;
  io::SteadyTime since_ = io::SteadyClock::now();
};

}  // namespace fumidai::sessions
