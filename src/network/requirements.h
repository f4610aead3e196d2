#pragma once

// How assessments are put together: shared by the methods, of no use to others.

#include <span>

#include "network/method.h"

namespace fumidai::network {

inline constexpr Flow kSsh{Protocol::tcp, 22}, kHttps{Protocol::tcp, 443};
// What the visitor wants of the instance.
inline Flow flow_of(Visit const& visit) {
  return {Protocol::tcp, visit.port};
}
// Without which no agent connects.
inline constexpr auto kRequiredServices = std::span(kSessionManagerServices).first<2>();

class Requirements {
 public:
  explicit Requirements(Network const& network) : network_(network) {}

  // Met, or else unmet for this reason, with this mend.
  void need(Need need, std::string subject, bool met, std::string reason, Mend mend = {});
  void advise(Need need, std::string subject, std::string reason, Mend mend = {});
  Result<void> need_way(Need need, std::string subject, End const& from, End const& to, Flow const& flow);
  void need_way(Need need, std::string subject, Path way);
  // For the last need. An instance that does not run looks up nothing.
  void look_up(Lookup lookup) {
    if (is_running_) list_.back().lookup = std::move(lookup);
  }
  void need_running(Instance const& instance);

  bool all_met() const;
  Requirement const& last() const { return list_.back(); }
  std::vector<Requirement> take() { return std::move(list_); }

 private:
  Network const& network_;
  std::vector<Requirement> list_;
  bool is_running_ = true;
};

Result<std::vector<Requirement>> bastion_requirements(Network const& network, Visit const& visit);
Result<std::vector<Requirement>> endpoint_requirements(Network const& network, InstanceId const& instance);
Result<std::vector<Requirement>> nat_requirements(Network const& network, InstanceId const& instance);
Result<std::vector<Requirement>> tunnel_requirements(Network const& network, Visit const& visit);

}  // namespace fumidai::network
