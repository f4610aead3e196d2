#pragma once

// The nft table of a namespace, through libnftables. Rulesets are compared as nft lists them: what a text
// would look like is asked of a namespace without a name, so a rule that was changed by hand shows.

#include <map>
#include <string>

#include "lab/space.h"

namespace fumidai::lab {

class Firewall {
 public:
  // As nft lists the table of the lab; empty when there is none. An empty text lists as empty.
  static Result<std::string> listed(SpaceHandle const& space);
  Result<std::string> would_list(std::string const& ruleset);
  // Listings that nobody asked for since the last time.
  void forget_unused();

  // One transaction, whatever was there; connections that pass now are not cut. Empty: no table.
  static Result<void> replace(SpaceHandle const& space, std::string const& ruleset);

 private:
  struct Known {
    std::string listing;
    bool is_used = true;
  };
  std::map<std::string, Known> known_;  // by the text
};

}  // namespace fumidai::lab
