#pragma once

// The unmodified AWS CLI, version 2, which FUMIDAI_TEST_AWS2 names, on a workstation that is set up as its
// user would: the plane's authority is one of the system's, and an endpoint's name leads to the plane. In a
// world of its own only (own_world.h).

#include <optional>
#include <string>

#include "bench_plane.h"

namespace fumidai::bench {

class AwsCli {
 public:
  // Nothing where the variable is not set, which is said.
  static std::optional<AwsCli> find(char const* what);

  // Lets it find the plane, and an endpoint of that name at an address whose port 443 is the plane's.
  void learn(BenchPlane const& plane, std::string const& dns_name, std::string const& address);

  // For a shell: `aws ec2-instance-connect WORDS`.
  std::string command(std::string const& words) const;

 private:
  explicit AwsCli(std::string program) : program_(std::move(program)) {}

  std::string program_;
  io::Path environment_;  // a script that sets it
};

}  // namespace fumidai::bench
