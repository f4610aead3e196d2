#pragma once

// A person's end of a tunnel to a port of an instance: through a connect endpoint, which is AWS's openTunnel
// where the plane itself dials, and a data channel that can be resumed where an agent does; or by the
// instance's own agent. Of several ways the next is tried when one fails.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/plane.h"
#include "wire/open_tunnel.h"

namespace fumidai::client {

struct TunnelTarget {
  struct Endpoint {
    std::string id, dns_name;
    bool is_resumable = false;
  };
  std::string instance;             // empty, where an address was asked for
  std::string address;              // empty: of no network that endpoints lead to
  std::vector<Endpoint> endpoints;  // best first
  bool has_agent = false;           // which is connected

  std::string const& name() const;
  std::size_t ways() const { return endpoints.size() + (has_agent ? 1 : 0); }
  // "connect endpoint eice-…", in the order in which they are tried; the last one is "its own agent".
  std::string way(std::size_t number) const;
};

// Where the plane says that an instance can be reached. Errors: the plane's; not_found, when there is no way.
awaitable<Result<TunnelTarget>> find_tunnel(Plane& plane, std::string target, io::SteadyTime deadline);

// Tells, for the person, what takes long or failed, and what is tried then.
using Tell = std::function<void(std::string const& sentence)>;

// The near end of the bytes. `read` gives none at the end; `write` is false when nobody takes them any more.
// `finish`, where there is one, says that no more comes, and that what is read goes on to the other end;
// without it a tunnel ends with the first end of either side.
struct NearEnd {
  std::function<awaitable<Bytes>()> read;
  std::function<awaitable<bool>(Bytes)> write;
  std::function<void()> finish = {};
};

class Tunnel {
 public:
  virtual ~Tunnel() = default;

  // Carries until one side ends. Error: the reason that the plane gave, for any end but an ordinary one.
  virtual awaitable<Result<void>> carry(NearEnd near) = 0;
  // Ends what carry() does, as if the near end had closed.
  virtual void hang_up() = 0;
};

// All ways have until `deadline`, but the next one has four seconds at least, and whichever has a next one no
// more. Which way was taken is told after a trouble that was told, and always where that `is_verbose`.
// Error: that of the last endpoint; deadline_exceeded when the plane is silent, by which all of them lead.
awaitable<Result<std::unique_ptr<Tunnel>>> open_tunnel(Plane& plane, TunnelTarget target, std::uint16_t port,
                                                       std::chrono::seconds duration, Tell tell,
                                                       io::SteadyTime deadline, bool is_verbose = false);

}  // namespace fumidai::client
