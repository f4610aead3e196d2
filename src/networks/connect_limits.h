#pragma once

// How much there may be of connect endpoints and their tunnels: AWS's quotas (ec2-instance-connect.md 3.5,
// 3.6, 4.5), or, where the server is not told to keep them, what a plane can carry.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace fumidai::networks {

struct ConnectLimits {
  std::size_t per_region, per_vpc, per_subnet;  // endpoints
  std::size_t connections;                      // tunnels of one endpoint at a time
  std::vector<std::uint16_t> ports;             // that a tunnel may lead to; empty: any
  std::chrono::seconds max_duration;            // of a tunnel

  static ConnectLimits aws() { return {5, 1, 1, 20, {22, 3389}, std::chrono::hours(1)}; }
  static ConnectLimits none() { return {1'000, 1'000, 1'000, 10'000, {}, std::chrono::hours(30 * 24)}; }

  bool allows_port(std::uint16_t port) const {
    return ports.empty() || std::find(ports.begin(), ports.end(), port) != ports.end();
  }
};

}  // namespace fumidai::networks
