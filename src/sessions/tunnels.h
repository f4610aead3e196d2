#pragma once

// Tunnels through connect endpoints: who may open which, and how many there are. An admitted one is a session
// of the store.

#include <map>
#include <mutex>
#include <utility>

#include "networks/connect_limits.h"
#include "sessions/gate.h"
#include "wire/open_tunnel.h"

namespace fumidai::sessions {

// How an instance can be reached.
struct TunnelWays {
  Address address;
  std::vector<network::ConnectEndpoint> endpoints;  // best first
};

class Tunnels {
 public:
  // One of the tunnels that an endpoint carries, as long as it is held.
  class Place {
   public:
    Place(Tunnels& tunnels, std::string endpoint);
    Place(Place&& other) noexcept
        : tunnels_(std::exchange(other.tunnels_, nullptr)), endpoint_(std::move(other.endpoint_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    Tunnels* tunnels_;
    std::string endpoint_;
  };

  Tunnels(Gate& gate, networks::Keeper& networks) : gate_(gate), networks_(networks) {}

  void set_limits(networks::ConnectLimits limits) { limits_ = std::move(limits); }
  wire::TunnelTerms terms() const { return {limits_.ports, limits_.max_duration}; }
  // Of those that carry tunnels, the ones that are not to carry any more.
  Result<std::vector<std::string>> lost_endpoints(store::Transaction& transaction) const;
  // How many an endpoint carries now.
  std::size_t carried_by(std::string const& endpoint) const;

  struct Admission {
    SessionRow session;
    Place place;
  };
  // By the policies; then by what there is: `host` is the name by which the caller came. Errors: denied;
  // those of wire/open_tunnel.h.
  awaitable<Result<Admission>> admit(model::Caller caller, wire::OpenTunnel tunnel, std::string host);

  // The endpoints that can carry a tunnel to an instance, best first: one in its own subnet, then the least
  // loaded. Errors: not_found.
  Result<TunnelWays> ways_to(store::Transaction& transaction, InstanceId const& target) const;

 private:
  Result<SessionRow> make(store::Transaction& transaction, model::Caller const& caller,
                          wire::OpenTunnel const& tunnel, std::string const& host) const;

  Gate& gate_;
  networks::Keeper& networks_;
  networks::ConnectLimits limits_ = networks::ConnectLimits::none();
  mutable std::mutex mutex_;  // transactions look at it too
  std::map<std::string, std::size_t> carried_;
};

}  // namespace fumidai::sessions
