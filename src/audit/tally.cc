#include "audit/tally.h"

#include <boost/json/serialize.hpp>

namespace fumidai::audit {

void Tally::refused(std::string const& address, std::string_view reason, Time now) {
  count({"peer.refused", "anonymous", "", address, std::string(reason)}, now, std::chrono::minutes(1));
}

bool Tally::refused_again(std::string const& principal, std::string const& action,
                          std::string const& resource, Time now) {
  {
    std::lock_guard lock(mutex_);
    if (recorded_refusals_.size() >= kMostKeys) recorded_refusals_.clear();
    auto& [since, number] = recorded_refusals_[{principal, action}];
    if (now - since >= std::chrono::minutes(1)) {
      since = now;
      number = 0;
    }
    if (++number <= kRefusalsAMinute) return false;
  }
  count({"api.refused", principal, action, "", resource}, now, std::chrono::minutes(1));
  return true;
}

void Tally::routine(std::string const& principal, std::string const& action, Time now) {
  count({"api.calls", principal, action, "", ""}, now, std::chrono::hours(1));
}

void Tally::count(Key key, Time now, std::chrono::minutes period) {
  std::lock_guard lock(mutex_);
  bool is_full = counts_.size() >= kMostKeys && !counts_.contains(key);
  if (is_full) key = {key.kind, key.principal.empty() ? "" : "others", key.action, "others", ""};
  auto& entry = counts_[key];
  if (entry.number++ == 0) {
    entry.first = now;
    entry.due = now + period;
  }
  entry.last = now;
}

std::vector<Event> Tally::take(Time now) {
  std::lock_guard lock(mutex_);
  std::vector<Event> events;
  for (auto at = counts_.begin(); at != counts_.end();) {
    auto const& [key, entry] = *at;
    if (entry.due > now) {
      ++at;
      continue;
    }
    Event event;
    event.at = entry.last;
    event.kind = key.kind;
    event.outcome = key.kind == "api.calls" ? "allowed" : "denied";
    event.principal = key.principal;
    event.action = key.action;
    event.source = key.source;
    json::object detail{
        {"count", entry.number}, {"first", to_iso(entry.first)}, {"last", to_iso(entry.last)}};
    if (key.kind == "api.refused") {
      event.resource = key.reason;
    } else if (!key.reason.empty()) {
      detail["reason"] = key.reason;
    }
    event.detail = json::serialize(detail);
    events.push_back(std::move(event));
    at = counts_.erase(at);
  }
  return events;
}

}  // namespace fumidai::audit
