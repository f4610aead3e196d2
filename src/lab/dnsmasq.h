#pragma once

// The dnsmasq of a namespace: a process that outlives us, known by its pid file, and by its command line
// before it is signalled.

#include <string>
#include <vector>

#include "lab/plan.h"
#include "lab/space.h"

namespace fumidai::lab {

inline constexpr auto kDnsmasqProgram = "/usr/sbin/dnsmasq";

class Dnsmasq {
 public:
  // Its files are in the directory, named after the namespace.
  Dnsmasq(std::string const& directory, std::string space);
  // Of all that the directory knows.
  static Result<std::vector<std::string>> spaces_in(std::string const& directory);

  enum class Need { nothing, reload, start };
  Result<Need> need(NameServer const& wanted, SpaceHandle const& space) const;
  // Questions that arrive meanwhile wait; when this returns, all are answered anew.
  Result<void> reload(NameServer const& wanted) const;
  // In the place of one that runs.
  Result<void> start(NameServer const& wanted, SpaceHandle const& space) const;
  // Also removes its files.
  Result<void> stop() const;

 private:
  std::string file(char const* kind) const { return stem_ + kind; }
  std::string configuration(NameServer const& wanted) const;
  std::vector<std::string> command() const;
  int running() const;  // its pid; 0 for none
  Result<void> end() const;
  Result<void> write_hosts(NameServer const& wanted) const;
  Result<bool> knows(NameServer const& wanted) const;
  Result<void> wait_until_it_knows(NameServer const& wanted) const;

  std::string stem_;
};

}  // namespace fumidai::lab
