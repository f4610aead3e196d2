#pragma once

// openTunnel, the one call of EC2 Instance Connect that is a WebSocket: what its URL asks for, how it is
// refused, and how a tunnel ends (ec2-instance-connect.md 4). Whether the URL is signed is told by
// wire/sigv4.h; how a refusal becomes an answer, by error_response() with Protocol::tunnel.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cidr.h"
#include "base/result.h"
#include "wire/url.h"
#include "wire/websocket.h"

namespace fumidai::wire {

inline constexpr std::string_view kOpenTunnelPath = "/openTunnel";
inline constexpr std::chrono::seconds kUsualTunnelDuration{3600};  // of who names none

// What a tunnel may ask for at all.
struct TunnelTerms {
  std::vector<std::uint16_t> ports = {};  // empty: any
  std::chrono::seconds longest = kUsualTunnelDuration;
};

struct OpenTunnel {
  std::string endpoint;  // eice-…
  std::uint16_t port = 22;
  Address address;  // a host's: neither 0.0.0.0 nor a group's; which network it is in is the gate's matter
  std::chrono::seconds duration = kUsualTunnelDuration;

  friend bool operator==(OpenTunnel const&, OpenTunnel const&) = default;
};

// The target of a request: "/openTunnel?instanceConnectEndpointId=…". Parameters come in any order, those of
// the signature among them; one that comes twice is refused, since two readers could read two things.
// Error: invalid with InvalidParameter, in words for the person whose client shows them.
Result<OpenTunnel> parse_open_tunnel(std::string_view target, TunnelTerms const& terms);
// Those parameters as they stand, for a record: at most 64 characters of each, and nothing of the signature.
std::vector<QueryPair> open_tunnel_words(std::string_view target);
// Without a signature; parameters as the AWS CLI orders them.
std::string open_tunnel_target(OpenTunnel const& tunnel);

// Further refusals (4.2), with the names that clients know.
Error no_such_endpoint(std::string_view endpoint);     // ResourceNotFound
Error too_many_connections(std::string_view limited);  // TooManyConnections
Error target_unreachable(std::string_view why);        // TargetUnreachable

// Why a tunnel ends. The AWS CLI is silent about a 1000, and shows the reason of everything else (4.4).
enum class TunnelEnd {
  target_closed,       // 1000: all has been said
  target_lost,         // 1011: its connection broke
  duration_reached,    // 1008
  policy,              // 1008: the groups or the policies do not let it be
  target_unreachable,  // 1011: refused, or no answer
  endpoint_lost,       // 1011: the host that carried it is gone
  revoked,             // 1001: somebody ended it
  endpoint_deleted,    // 1001
  plane_stops,         // 1001
  protocol_error,      // 1002
  too_large,           // 1009
};
std::uint16_t code_of(TunnelEnd end);
// With a sentence, or `detail` in its place; cut at the end of a character to the 123 bytes of a close frame.
CloseReason close_reason(TunnelEnd end, std::string_view detail = {});
CloseReason duration_reached(std::chrono::seconds duration);

// Empty data frames. The AWS CLI sends them without end once its input has ended (4.3 c), so that after
// kMost in a row the client is taken at its word.
class EmptyFrames {
 public:
  static constexpr int kMost = 64;

  enum class Step {
    forward,     // data for the target
    pass_over,   // nothing for it
    half_close,  // tell the target, once, that no more comes
  };
  Step take(std::size_t size);
  // The client has no more to say: read of it only what it takes to notice its end.
  bool is_over() const { return in_a_row_ >= kMost; }

 private:
  int in_a_row_ = 0;
};

}  // namespace fumidai::wire
