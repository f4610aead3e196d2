#pragma once

// What a lab is called and which addresses its internet has. Those are from the blocks for documentation
// (RFC 5737), which no real network uses.

#include <string>

#include "base/cidr.h"
#include "base/result.h"

namespace fumidai::lab {

struct Settings {
  std::string label = "lab";           // of everything that is made: fumidai-lab-…
  std::string run_directory = "/run";  // holds what programs of the lab keep while they run

  Address host = Address::parse("198.51.100.1").value();       // the machine, on its link to the internet
  Address host_peer = Address::parse("198.51.100.2").value();  // the internet's end of that link
  Address plane = Address::parse("198.51.100.10").value();     // where AWS's public names lead
  Address dns = Address::parse("198.51.100.53").value();
  Address web = Address::parse("198.51.100.80").value();  // www.example.com, packages.example.com
  Cidr public_pool = Cidr::parse("203.0.113.0/24").value();

  // The files of the lab; nothing else is in there.
  std::string directory() const { return run_directory + "/fumidai-" + label; }
};

// Error: invalid, for a label that would not fit into the names of links, or addresses of the wrong family.
Result<void> check(Settings const& settings);

}  // namespace fumidai::lab
