#pragma once

// Counts what is too frequent to be recorded one by one: refusals of unproven peers by address and minute,
// routine calls of agents by principal and hour. Safe to use from several threads. What it holds is bounded:
// beyond that, addresses are counted together.

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "audit/event.h"

namespace fumidai::audit {

class Tally {
 public:
  static constexpr std::size_t kMostKeys = 4096;
  static constexpr int kRefusalsAMinute = 30;

  void refused(std::string const& address, std::string_view reason, Time now);
  // Whether this principal was refused this action so often within a minute that it is only counted, by
  // resource.
  bool refused_again(std::string const& principal, std::string const& action, std::string const& resource,
                     Time now);
  void routine(std::string const& principal, std::string const& action, Time now);

  // The counts whose minute or hour is over by `now`, as events; with Time::max() all.
  std::vector<Event> take(Time now);

 private:
  struct Key {
    std::string kind, principal, action, source, reason;
    friend auto operator<=>(Key const&, Key const&) = default;
  };
  struct Count {
    std::int64_t number = 0;
    Time first{}, last{}, due{};
  };
  void count(Key key, Time now, std::chrono::minutes period);

  std::mutex mutex_;
  std::map<Key, Count> counts_;
  // By principal and action: the minute, and how many refusals in it were not counted but recorded.
  std::map<std::pair<std::string, std::string>, std::pair<Time, int>> recorded_refusals_;
};

}  // namespace fumidai::audit
