#pragma once

// For tests: a lab that is none.

#include <algorithm>

#include "api/lab.h"

namespace fumidai::api {

// Where whatever is tried arrives, or else nothing can be tried.
class FakeLab : public Lab {
 public:
  awaitable<Result<std::vector<std::optional<Observation>>>> observe(std::vector<Trial> trials) override {
    tried = trials;
    std::vector<std::optional<Observation>> seen(trials.size());
    auto observation = refuses ? Observation{true, "refused", true} : Observation{true, "answered"};
    if (can_try) std::ranges::fill(seen, observation);
    co_return seen;
  }
  std::string complaint() const override { return complains_of; }
  Address person() const override { return network::the_internet(); }
  std::optional<bool> agent_runs(InstanceId const&) override { return runs_agents; }
  awaitable<std::vector<Vitals>> look_at(std::vector<InstanceId> instances) override {
    co_return std::vector<Vitals>(instances.size(), Vitals{true, answers});
  }
  Result<std::string> console_output(InstanceId const&) override { return ""; }
  Result<Image> image() const override { return Image{"image", "of a test", Time()}; }

  std::optional<bool> runs_agents = true;
  bool can_try = true, answers = false, refuses = false;
  std::string complains_of;
  std::vector<Trial> tried;
};

}  // namespace fumidai::api
