#pragma once

// Makes the kernel hold what a plan says: reads what is there, and changes the difference. Run again, it does
// nothing; after a crash at any step it finishes; what somebody took away by hand comes back. What it did not
// make it does not touch: it owns the namespaces and programs that carry the lab's prefix, and beyond those
// what is marked as its own.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lab/firewall.h"
#include "lab/plan.h"
#include "lab/settings.h"

namespace fumidai::lab {

// Whether this machine can hold that lab: rights, namespaces, nftables, dnsmasq, addresses that no other lab
// has. Changes nothing. Errors: those of check; unsupported, denied or conflict, with what to do.
Result<void> check_able(Settings const& settings);

// What was done, a line for each step: "+ route 10.0.1.10/32 of fumidai-lab-vpc-…".
using Changes = std::vector<std::string>;

class Kernel {
 public:
  explicit Kernel(Settings settings) : settings_(std::move(settings)) {}

  // Blocking: milliseconds where little changes. Not from two threads at once; while another process is
  // at it for long: Errc::conflict. What fails in one namespace does not keep the others from being made; the
  // first error is returned then.
  Result<Changes> apply(Plan const& plan);
  // Of the last apply(), the namespaces that are not as planned; nothing, when it did not come to them.
  std::optional<std::set<std::string>> const& failed() const { return failed_; }
  // Removes all of the lab.
  Result<Changes> down();

  // For tests: as if we died after that many steps.
  void stop_after(std::optional<std::size_t> steps) { most_steps_ = steps; }

 private:
  Settings settings_;
  Firewall firewall_;
  std::optional<std::set<std::string>> failed_;
  std::optional<std::size_t> most_steps_;
};

}  // namespace fumidai::lab
