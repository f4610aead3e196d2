#pragma once

// Endpoints of EC2 Instance Connect: made, changed and deleted as EC2 does it (ec2-instance-connect.md 3). A
// state in progress ends by itself, elsewhere (networks/settle.h).

#include "networks/connect_limits.h"
#include "networks/resource.h"

namespace fumidai::networks {

inline constexpr std::string_view kAwsDomain = "amazonaws.com";

struct NewConnectEndpoint {
  std::string subnet;
  std::vector<std::string> groups = {};  // none: the VPC's default one
  bool preserve_client_ip = false;
  std::string address_type = {};  // empty: the subnet's, "ipv4"
  std::string domain = std::string(kAwsDomain);
};
// In progress, with an interface in the subnet. Errors: InvalidSubnetID.*, InvalidGroup.NotFound,
// InvalidParameter (groups of another VPC, another address type than ipv4), InvalidParameterCombination,
// ResourceLimitExceeded, InsufficientFreeAddressesInSubnet.
Result<network::ConnectEndpointId> create_connect_endpoint(State& state, NewConnectEndpoint const& wanted,
                                                           ConnectLimits const& limits, Time now);

struct ConnectEndpointChange {
  std::vector<std::string> groups = {};  // instead of all that it has; none: as they are
  std::optional<bool> preserve_client_ip = {};
  std::string address_type = {};  // empty: as it is
};
// Errors: as for a new one; MissingParameter for no change; IncorrectState while another change, the making
// or the deletion is in progress.
Result<void> modify_connect_endpoint(State& state, std::string const& endpoint,
                                     ConnectEndpointChange const& change, Time now);

// In progress; its interface goes when that is over. Errors: IncorrectState, in another state in progress;
// InvalidInstanceConnectEndpointId.NotFound, also for a deleted one that is still shown.
Result<void> delete_connect_endpoint(State& state, std::string const& endpoint, Time now);

// "6cf3a1c2.ec2-instance-connect-endpoint.us-east-1.amazonaws.com": what the DNS names of all endpoints of a
// region end with. AWS has eight random digits there; ours are always the same, so that one certificate is
// good for all.
std::string connect_zone(std::string_view region, std::string_view domain = kAwsDomain);

// Gives all endpoints the names that they have with this domain: those that were made when the server had
// another one would keep names that lead nowhere.
void rename_connect_endpoints(State& state, std::string_view domain);

}  // namespace fumidai::networks
