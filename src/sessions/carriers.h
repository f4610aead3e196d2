#pragma once

// The agents that carry the tunnels of connect endpoints, and how many tunnels there are. An endpoint may
// have several, each a process on a host of its network. The loop and the database's threads both ask.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "model/caller.h"
#include "sessions/session_rows.h"

namespace fumidai::sessions {

class Carriers {
 public:
  // One tunnel, as long as it is held.
  class Place {
   public:
    Place(Carriers& carriers, SessionRow const& tunnel);
    Place(Place&& other) noexcept
        : carriers_(std::exchange(other.carriers_, nullptr)),
          endpoint_(std::move(other.endpoint_)),
          agent_(std::move(other.agent_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    Carriers* carriers_;
    std::string endpoint_;
    InstanceId agent_;
  };

  // `caller` is what its role makes of it: whether that still lets it carry is asked for each tunnel.
  void arrived(InstanceId const& agent, std::string const& endpoint, model::Caller caller = {});
  void left(InstanceId const& agent);
  // Finishes what it carries, and gets no more.
  void drains(InstanceId const& agent);

  // A tunnel that was given to it did not come about: it did not answer, whatever the target.
  void failed(InstanceId const& agent);
  // It answered, and could not reach that one: no word about others. It is remembered of so many targets.
  static constexpr std::size_t kMostTargets = 64;
  void failed_to_reach(InstanceId const& agent, InstanceId const& target);

  // Who is to carry the next tunnel of an endpoint to a target, best first: those that did not fail just now,
  // then the least loaded. No target: wherever it leads.
  struct Candidate {
    InstanceId agent;
    model::Caller caller;
    bool has_failed = false;  // just now
  };
  std::vector<Candidate> candidates_for(std::string const& endpoint, InstanceId const& target = {}) const;
  // How well an endpoint is carried, best first: by somebody; by nobody whose last tunnel came about; not at
  // all.
  enum class Standing { carried, failing, absent };
  Standing standing_of(std::string const& endpoint, InstanceId const& target = {}) const;
  std::size_t carried_by(std::string const& endpoint) const;
  // Those through which tunnels lead now.
  std::vector<std::string> endpoints_in_use() const;

 private:
  struct Failure {
    InstanceId target;
    std::chrono::steady_clock::time_point at;
  };
  struct Carrier {
    std::string endpoint;
    model::Caller caller;
    bool is_draining = false;
    std::chrono::steady_clock::time_point failed_at{};
    std::deque<Failure> unreached = {};  // the oldest first, each target once

    bool has_failed(InstanceId const& target) const;
  };

  mutable std::mutex mutex_;
  std::map<InstanceId, Carrier> agents_;
  std::map<std::string, std::size_t> by_endpoint_;
  std::map<InstanceId, std::size_t> by_agent_;
};

}  // namespace fumidai::sessions
