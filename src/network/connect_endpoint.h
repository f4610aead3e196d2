#pragma once

// An endpoint of EC2 Instance Connect: the last stop of tunnels into its VPC (ec2-instance-connect.md 3). Its
// groups are those of its interface (Network::interfaces_of), from whose address the tunnels' connections
// come.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "network/ids.h"

namespace fumidai::network {

enum class ConnectEndpointState {
  create_in_progress,
  create_complete,
  create_failed,
  update_in_progress,
  update_complete,
  update_failed,
  delete_in_progress,
  delete_complete,
  delete_failed,
};

// As EC2 answers.
constexpr std::string_view to_string(ConnectEndpointState state) {
  using enum ConnectEndpointState;
  switch (state) {
    case create_in_progress: return "create-in-progress";
    case create_complete: return "create-complete";
    case create_failed: return "create-failed";
    case update_in_progress: return "update-in-progress";
    case update_complete: return "update-complete";
    case update_failed: return "update-failed";
    case delete_in_progress: return "delete-in-progress";
    case delete_complete: return "delete-complete";
    case delete_failed: return "delete-failed";
  }
  return "";
}

// Takes tunnels: exactly the states that the AWS CLI looks for (3.4).
constexpr bool is_usable(ConnectEndpointState state) {
  using enum ConnectEndpointState;
  return state == create_complete || state == update_in_progress || state == update_complete ||
         state == update_failed;
}

struct ConnectEndpoint {
  ConnectEndpointId id;
  VpcId vpc;
  SubnetId subnet;
  // Instances see the client's address as the sender and not the interface's.
  bool preserve_client_ip = false;
  ConnectEndpointState state = ConnectEndpointState::create_complete;
  std::string state_message = {};  // why, of a state that has failed
  std::string dns_name = {};       // where clients find it
  Time created_at{}, state_since{};
  // Whether an agent is connected that dials for it. An input, as the facts of instances are; nothing: it
  // needs none.
  std::optional<bool> has_agent = {};

  friend bool operator==(ConnectEndpoint const&, ConnectEndpoint const&) = default;
};

}  // namespace fumidai::network
