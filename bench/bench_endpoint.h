#pragma once

// A connect endpoint to measure, outside a lab: a plane, a VPC, and agents that carry the endpoint's tunnels.
// Lives in a world of its own (own_world.h), whose loopback device gets an address of that VPC.

#include <memory>

#include "bench_caller.h"
#include "bench_plane.h"
#include "client/tunnel.h"

namespace fumidai::bench {

class BenchEndpoint {
 public:
  inline static constexpr char const* kAddress = "10.0.1.4";

  BenchEndpoint();
  ~BenchEndpoint();

  BenchPlane& plane() { return plane_; }
  // Makes the endpoint, and starts so many agents for it.
  awaitable<void> open(std::size_t agents = 1);

  pid_t agent(std::size_t number) const { return agents_[number].process; }
  void kill_agent(std::size_t number);
  awaitable<void> start_agent(std::size_t number);

  std::string const& id() const { return id_; }
  std::string const& dns_name() const { return dns_name_; }
  wire::OpenTunnel tunnel_to(std::uint16_t port) const;

 private:
  struct EndpointAgent {
    agent::Identity identity;
    pid_t process = -1;
  };

  awaitable<void> make_role();
  awaitable<void> make_endpoint();

  BenchPlane plane_;
  Caller caller_;
  std::string id_, dns_name_;
  std::vector<EndpointAgent> agents_;
};

}  // namespace fumidai::bench
