#include "api/diagnosis_trials.h"

#include <algorithm>

namespace fumidai::api {

namespace {

// Of a network with more ways, those of the first instances are tried; of any one, by naming it.
constexpr std::size_t kMostProbes = 128;

// The way or the name that the model knows of. Not one that is blocked by the state of what stands at its
// end: what is being started or stopped may answer already, or still.
std::optional<Trial> trial_of(network::Requirement const& requirement) {
  auto is_unready = [](network::Hop const& hop) { return hop.block == network::Block::not_ready; };
  auto const& way = requirement.path;
  if (requirement.lookup) return *requirement.lookup;
  if (way.hops.empty() || std::ranges::any_of(way.hops, is_unready)) return {};
  return way;
}

// What the model says of it.
bool is_to_arrive(network::Requirement const& requirement) {
  return requirement.lookup ? requirement.standing != network::Standing::unmet : requirement.path.arrives();
}

// All that can be tried, in the order in which it was judged.
template <class Visitor>
void for_each_trial(std::vector<Judged>& judged, Visitor&& visit) {
  for (auto& [diagnosis, assessments, way_of_agent] : judged) {
    for (std::size_t m = 0; m < assessments.size(); m++) {
      auto const& requirements = assessments[m].requirements;
      for (std::size_t r = 0; r < requirements.size(); r++) {
        auto trial = trial_of(requirements[r]);
        if (trial) visit(diagnosis, *std::move(trial), requirements[r], diagnosis.methods[m].requirements[r]);
      }
    }
  }
}

// The model knows who lets a packet in, and not who listens.
void expect_listener(network::Requirement const& wanted, RequirementDescription& requirement) {
  bool is_way_in =
      wanted.need == network::Need::way_to_instance || wanted.need == network::Need::way_to_bastion;
  if (!is_way_in || !wanted.path.arrives()) return;
  requirement.standing = word_of(network::Standing::unmet);
  requirement.reason = "is open, but nobody listens there on " + to_string(wanted.path.flow);
}

void tell_port(TargetDiagnosis& target, Observation const& observation, network::Flow const& flow) {
  for (auto& method : target.methods) {
    for (auto& requirement : method.requirements) {
      if (requirement.need != kPortNeed) continue;
      requirement.observed = {observation.arrives, observation.how, false};
      if (!observation.arrives) continue;
      bool listens = !observation.is_refused;
      requirement.standing = word_of(listens ? network::Standing::met : network::Standing::unmet);
      requirement.reason = (listens ? "listens on " : "has nobody who listens on ") + to_string(flow) +
                           ", where its agent dials";
    }
  }
}

bool works(MethodDescription const& method) {
  auto unmet = word_of(network::Standing::unmet);
  return std::ranges::none_of(method.requirements, [&](auto const& each) { return each.standing == unmet; });
}

}  // namespace

awaitable<Result<void>> try_in_lab(Lab& lab, std::vector<Judged>& judged) {
  std::vector<Trial> trials;
  auto choose = [&](TargetDiagnosis& target, Trial trial) {
    if (trials.size() == kMostProbes) {
      target.untried++;
    } else {
      trials.push_back(std::move(trial));
    }
  };
  for_each_trial(
      judged, [&](auto& target, Trial trial, auto const&, auto const&) { choose(target, std::move(trial)); });
  for (auto& each : judged)
    if (each.way_of_agent) choose(each.diagnosis, *each.way_of_agent);
  CO_TRY(auto seen, co_await lab.observe(std::move(trials)));
  auto next = seen.begin();
  auto tell = [&](auto const&, auto const&, network::Requirement const& wanted,
                  RequirementDescription& requirement) {
    if (next == seen.end()) return;
    auto observation = std::move(*next++);
    if (!observation) return;
    bool disagrees = observation->arrives != is_to_arrive(wanted);
    if (observation->is_refused) expect_listener(wanted, requirement);
    requirement.observed = {observation->arrives, std::move(observation->how), disagrees};
  };
  for_each_trial(judged, tell);
  for (auto& each : judged) {
    if (!each.way_of_agent || next == seen.end()) continue;
    auto observation = *next++;
    if (observation) tell_port(each.diagnosis, *observation, each.way_of_agent->flow);
  }
  for (auto& each : judged)
    for (auto& method : each.diagnosis.methods) method.works = works(method);
  co_return success();
}

}  // namespace fumidai::api
