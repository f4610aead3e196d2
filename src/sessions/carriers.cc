#include "sessions/carriers.h"

#include <algorithm>

namespace fumidai::sessions {

using Steady = std::chrono::steady_clock;

namespace {

// One whose tunnels fail has few of them, and must not be taken for the best.
constexpr std::chrono::seconds kSuspicion{30};

bool is_just_now(Steady::time_point failed_at) {
  return failed_at != Steady::time_point() && Steady::now() - failed_at < kSuspicion;
}

template <class Key>
std::size_t count_of(std::map<Key, std::size_t> const& counts, Key const& key) {
  auto at = counts.find(key);
  return at == counts.end() ? 0 : at->second;
}

template <class Key>
void drop_one(std::map<Key, std::size_t>& counts, Key const& key) {
  auto at = counts.find(key);
  if (--at->second == 0) counts.erase(at);
}

}  // namespace

Carriers::Place::Place(Carriers& carriers, SessionRow const& tunnel)
    : carriers_(&carriers), endpoint_(tunnel.endpoint), agent_(tunnel.carrier) {
  std::lock_guard lock(carriers.mutex_);
  carriers.by_endpoint_[endpoint_]++;
  carriers.by_agent_[agent_]++;
}

Carriers::Place::~Place() {
  if (carriers_ == nullptr) return;
  std::lock_guard lock(carriers_->mutex_);
  drop_one(carriers_->by_endpoint_, endpoint_);
  drop_one(carriers_->by_agent_, agent_);
}

void Carriers::arrived(InstanceId const& agent, std::string const& endpoint, model::Caller caller) {
  std::lock_guard lock(mutex_);
  agents_[agent] = {endpoint, std::move(caller)};
}

void Carriers::left(InstanceId const& agent) {
  std::lock_guard lock(mutex_);
  agents_.erase(agent);
}

void Carriers::drains(InstanceId const& agent) {
  std::lock_guard lock(mutex_);
  if (auto at = agents_.find(agent); at != agents_.end()) at->second.is_draining = true;
}

void Carriers::failed(InstanceId const& agent) {
  std::lock_guard lock(mutex_);
  if (auto at = agents_.find(agent); at != agents_.end()) at->second.failed_at = Steady::now();
}

void Carriers::failed_to_reach(InstanceId const& agent, InstanceId const& target) {
  std::lock_guard lock(mutex_);
  auto at = agents_.find(agent);
  if (at == agents_.end()) return;
  auto& unreached = at->second.unreached;
  std::erase_if(unreached, [&](auto const& each) { return each.target == target; });
  unreached.push_back({target, Steady::now()});
  if (unreached.size() > kMostTargets) unreached.pop_front();
}

bool Carriers::Carrier::has_failed(InstanceId const& target) const {
  return is_just_now(failed_at) || std::ranges::any_of(unreached, [&](auto const& each) {
           return each.target == target && is_just_now(each.at);
         });
}

std::vector<Carriers::Candidate> Carriers::candidates_for(std::string const& endpoint,
                                                          InstanceId const& target) const {
  std::lock_guard lock(mutex_);
  struct Ranked {
    std::size_t load;
    Candidate candidate;
  };
  std::vector<Ranked> ranked;
  for (auto const& [agent, carrier] : agents_) {
    if (carrier.endpoint != endpoint || carrier.is_draining) continue;
    ranked.push_back({count_of(by_agent_, agent), {agent, carrier.caller, carrier.has_failed(target)}});
  }
  std::ranges::stable_sort(ranked, {},
                           [](auto const& each) { return std::pair(each.candidate.has_failed, each.load); });
  std::vector<Candidate> candidates;
  for (auto& each : ranked) candidates.push_back(std::move(each.candidate));
  return candidates;
}

Carriers::Standing Carriers::standing_of(std::string const& endpoint, InstanceId const& target) const {
  auto candidates = candidates_for(endpoint, target);
  if (candidates.empty()) return Standing::absent;
  return candidates.front().has_failed ? Standing::failing : Standing::carried;
}

std::size_t Carriers::carried_by(std::string const& endpoint) const {
  std::lock_guard lock(mutex_);
  return count_of(by_endpoint_, endpoint);
}

std::vector<std::string> Carriers::endpoints_in_use() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> endpoints;
  for (auto const& [endpoint, count] : by_endpoint_) endpoints.push_back(endpoint);
  return endpoints;
}

}  // namespace fumidai::sessions
