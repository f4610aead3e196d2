#pragma once

// An interface endpoint: a service of AWS that answers inside a VPC. Its subnets are those of its interfaces
// (Network::interfaces_of).

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "network/ids.h"

namespace fumidai::network {

// What an agent of Session Manager talks to. Since 3.3.40.0 it does without the last.
inline constexpr std::string_view kServiceOfOldAgents = "ec2messages";
inline constexpr std::string_view kSessionManagerServices[] = {"ssm", "ssmmessages", kServiceOfOldAgents};

enum class EndpointState { pending_acceptance, pending, available, rejected, failed, deleting, deleted };

// As EC2 answers, lower camel.
constexpr std::string_view to_string(EndpointState state) {
  using enum EndpointState;
  switch (state) {
    case pending_acceptance: return "pendingAcceptance";
    case pending: return "pending";
    case available: return "available";
    case rejected: return "rejected";
    case failed: return "failed";
    case deleting: return "deleting";
    case deleted: return "deleted";
  }
  return "";
}

struct InterfaceEndpoint {
  InterfaceEndpointId id;
  VpcId vpc;
  std::string service;      // com.amazonaws.us-east-1.ssm
  bool private_dns = true;  // the service's public name leads here, for the whole VPC
  EndpointState state = EndpointState::available;
  std::string policy = {};  // a document, judged elsewhere; empty: lets everything through
  Time created_at{}, deleted_at{};
  std::vector<SecurityGroupId> groups =
      {};  // of its interfaces, those that will be too; none of one that ended
  // A fact, of those instances of the VPC for whose role it could be judged: what their agent may call, and
  // the policy does not let through. Empty: nothing.
  std::map<InstanceId, std::string> refused_actions = {};

  friend bool operator==(InterfaceEndpoint const&, InterfaceEndpoint const&) = default;
};

}  // namespace fumidai::network
