#pragma once

// Tunnels through connect endpoints: who may open which, and how many there are. An admitted one is a session
// of the store.

#include "networks/connect_limits.h"
#include "sessions/carriers.h"
#include "sessions/gate.h"
#include "wire/open_tunnel.h"

namespace fumidai::sessions {

// How an instance can be reached.
struct TunnelWays {
  struct Way {
    network::ConnectEndpoint endpoint;
    bool by_agent = false;  // which carries a tunnel that can be resumed
  };
  Address address;
  InstanceId target;      // which has it; or the address, when no instance has
  std::vector<Way> ways;  // best first
};

// Why an endpoint leads nowhere, and what to do.
std::string no_process_of(std::string const& endpoint);

class Tunnels {
 public:
  Tunnels(Gate& gate, networks::Keeper& networks, Carriers& carriers)
      : gate_(gate), networks_(networks), carriers_(carriers) {}

  void set_limits(networks::ConnectLimits limits) { limits_ = std::move(limits); }
  // Endpoints that no agent carries are those of a lab, and a Dialer reaches them.
  void set_has_dialer(bool has_dialer) { has_dialer_ = has_dialer; }
  wire::TunnelTerms terms() const { return {limits_.ports, limits_.max_duration}; }
  // Of those that tunnels lead through, the ones that are not to carry any more.
  Result<std::vector<std::string>> lost_endpoints(store::Transaction& transaction) const;

  // What a target asks for; what makes no sense is recorded. Error: invalid with InvalidParameter.
  Result<wire::OpenTunnel> read(model::Caller const& caller, std::string_view target) const;
  void record_refusal(model::Caller const& caller, std::string_view target, Error const& why) const;

  // By the policies; then by what there is. `host` is the name by which a client of AWS came. What was
  // admitted has a carrier when an agent is to dial, and none when a Dialer is, or nobody can; it holds its
  // place among the endpoint's tunnels. Errors: denied; those of wire/open_tunnel.h.
  awaitable<Result<Admission>> admit(model::Caller caller, wire::OpenTunnel tunnel,
                                     std::optional<std::string> host);
  // That tunnel again, by the policies of now: is the session this caller's, and leads it there?
  awaitable<Result<void>> admit_again(model::Caller caller, wire::OpenTunnel tunnel, SessionId session);

  // May this agent carry the tunnels of an endpoint? Only one that may is told why it has none to carry, in
  // words for its log; empty, where there is such an endpoint. Error: denied.
  awaitable<Result<std::string>> admit_carrier(model::Caller agent, std::string endpoint);
  // The agent that would carry its next tunnel to a target, or to any, by the policies of now; empty for
  // none.
  Result<InstanceId> carrier_for(store::Transaction& transaction, std::string const& endpoint,
                                 InstanceId const& target = {}) const;

  // How well an endpoint leads into its network now; or to one target there.
  Carriers::Standing standing_of(std::string const& endpoint, InstanceId const& target = {}) const;
  // The endpoints that can carry a tunnel to an instance, best first: one that leads there, one in its own
  // subnet, the least loaded. Errors: not_found.
  Result<TunnelWays> ways_to(store::Transaction& transaction, InstanceId const& target) const;
  // The same for any host of a network. Error: conflict, of an address that several networks have.
  Result<TunnelWays> ways_to(store::Transaction& transaction, Address const& address) const;

 private:
  Result<Admission> make(store::Transaction& transaction, model::Caller const& caller,
                         wire::OpenTunnel const& tunnel, std::optional<std::string> const& host) const;
  TunnelWays ways_into(network::Network const& network, network::VpcId const& vpc,
                       Address const& address) const;
  Result<InstanceId> choose_carrier(store::Transaction& transaction, SessionRow const& row) const;

  Gate& gate_;
  networks::Keeper& networks_;
  Carriers& carriers_;
  networks::ConnectLimits limits_ = networks::ConnectLimits::none();
  bool has_dialer_ = false;
};

}  // namespace fumidai::sessions
